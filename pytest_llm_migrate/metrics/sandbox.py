"""Runs a program that nobody has read: a process group of its own, bounds, a bare environment, a clock."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_ALONE = ("--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child")
_PROBE_SECONDS = 5.0
_TOLD = 4_000

# The token comes in before the program runs, and goes out after its last line: a program that ends early, even one
# that ends well, has not passed.
_RUNNER = """
import resource, sys
token, sources = sys.stdin.readline().strip(), sys.argv[4:]
seconds, memory, written = map(int, sys.argv[1:4])
for kind, bound in [("CPU", seconds), ("AS", memory), ("FSIZE", written), ("CORE", 0), ("NPROC", 0), ("NOFILE", 64)]:
    resource.setrlimit(getattr(resource, "RLIMIT_" + kind), (bound, bound))
names = {"__name__": "__main__"}
for source in sources:
    with open(source, encoding="utf-8", errors="surrogatepass") as file:
        exec(compile(file.read(), source, "exec"), names)
sys.__stdout__.flush()
with open("passed", "w") as file:
    file.write(token)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a program may use.

    Attributes:
        seconds: By the wall clock; as many of processor time.
        memory: Bytes of address space.
        written: Bytes of one file.
    """

    seconds: float = 10.0
    memory: int = 2**30
    written: int = 2**24


def run(*sources: str, bounds: Bounds) -> str | None:
    """Run Python sources one after the other under one set of names; return why they did not end, ``None`` if they did.

    The program has a folder, a session and a process group of its own, no environment and no input, and where
    `is_cut_off` says so no network and no process that outlives it. It may read what this user may read.
    """
    with tempfile.TemporaryDirectory(prefix="code-passes-") as folder:
        names = [f"part_{number}.py" for number in range(1, len(sources) + 1)]
        for name, source in zip(names, sources, strict=True):
            Path(folder, name).write_text(source, encoding="utf-8", errors="surrogatepass")
        return _ended(Path(folder), names, bounds)


@cache
def is_cut_off() -> bool:
    """Tell whether programs can be kept from the network here: on Linux, where ``unshare`` may make namespaces."""
    tool = shutil.which("unshare")
    if tool is None:
        return False
    with suppress(OSError, subprocess.TimeoutExpired):
        command = [tool, *_ALONE, "true"]
        made = subprocess.run(command, check=False, capture_output=True, timeout=_PROBE_SECONDS)  # noqa: S603 - ours
        return made.returncode == 0
    return False


def _ended(folder: Path, names: list[str], bounds: Bounds) -> str | None:
    token = secrets.token_hex()
    limits = [str(int(bounds.seconds) + 1), str(bounds.memory), str(bounds.written)]
    program = [sys.executable, "-I", "-B", "-X", "utf8", "-c", _RUNNER, *limits, *names]
    command = [str(shutil.which("unshare")), *_ALONE, *program] if is_cut_off() else program
    said = folder / "said"
    with said.open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603 - the runner is ours; what it runs was asked for
            command,
            cwd=folder,
            env={},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
        try:
            process.communicate(f"{token}\n".encode(), timeout=bounds.seconds)
        except subprocess.TimeoutExpired:
            return f"it took longer than {bounds.seconds:g} s"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    passed = folder / "passed"
    if passed.is_file() and passed.read_bytes() == token.encode():
        return None
    return _last_line(said) or f"it ended early, with status {process.returncode}"


def _last_line(said: Path) -> str:
    with said.open("rb") as file:
        file.seek(max(said.stat().st_size - _TOLD, 0))
        lines = file.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
