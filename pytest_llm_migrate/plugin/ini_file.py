"""A trap on the way to the ini file, said before it costs a run its settings."""

from __future__ import annotations

from itertools import pairwise

import pytest

_PLACES = frozenset(f"--migration-{name}" for name in ("dir", "prices", "report", "json", "summary", "signoffs"))


def refuse_lost_settings(config: pytest.Config) -> None:
    """Raise a usage error where an option's value made pytest overlook this folder's ini file.

    When pytest looks for that file it knows no plugin's options yet, and takes a path behind a blank that exists for
    the place of the tests. Without its settings, and so without a target, every migration test would be skipped.
    """
    option, folder = config.option, config.invocation_params.dir
    if getattr(option, "file_or_dir", ()) or option.inifilename or option.rootdir:
        return
    for name, value in pairwise(map(str, config.invocation_params.args)):
        path = folder / value
        if name in _PLACES and path.exists() and not path.resolve().is_relative_to(folder.resolve()):
            raise pytest.UsageError(
                f"write {name}={value}, with '=': behind a blank pytest takes a path that exists for the place of the "
                f"tests, and misses the ini file of this folder"
            )
