"""For the project's own tests: inner pytest runs, and hypothesis that tries the same examples everywhere."""

from __future__ import annotations

from hypothesis import settings

pytest_plugins = ["pytester"]

settings.register_profile("ci", derandomize=True, deadline=None)
settings.load_profile("ci")
