"""A command on a terminal, and what people see there."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

ROWS, COLUMNS = 24, 80
_PIECE = re.compile(r"\x1b\[(?P<number>\d*)(?P<move>[A-Za-z])|\x1b\[[\d;]*m|(?P<text>[^\x1b])", re.DOTALL)
_TORN = re.compile(r"\x1b(\[[\d;]*)?\Z|\r\nllm-migrate:[^\x1b]*\Z")
"""What may come in two pieces: an escape sequence, and a status."""


class Screen:
    """What a terminal shows; lines that scroll off its top are kept."""

    def __init__(self) -> None:
        self.lines = [""]
        self._row = self._column = 0

    def feed(self, text: str) -> None:
        """Take what a program writes."""
        for piece in _PIECE.finditer(text):
            if piece["text"]:
                self._put(piece["text"])
            elif piece["move"] and piece["move"] != "m":
                self._move(piece["move"], int(piece["number"] or 1))

    def _put(self, character: str) -> None:
        if character == "\r":
            self._column = 0
        elif character == "\n":
            self._down()
        else:
            if self._column == COLUMNS:
                self._column = 0
                self._down()
            line = self.lines[self._row].ljust(self._column)
            self.lines[self._row] = line[: self._column] + character + line[self._column + 1 :]
            self._column += 1

    def _down(self) -> None:
        self._row += 1
        if self._row == len(self.lines):
            self.lines.append("")

    def _move(self, move: str, number: int) -> None:
        if move == "A":
            self._row = max(self._row - number, len(self.lines) - ROWS, 0)
        elif move == "C":
            self._column = min(self._column + number, COLUMNS - 1)
        elif move == "J":
            self.lines[self._row :] = [self.lines[self._row][: self._column]]


def on_terminal(
    command: Sequence[str], folder: Path, *, rows: int = ROWS, typed: tuple[str, str] = ("", "")
) -> Iterator[str]:
    """Yield what a command writes to a terminal of 80 columns, as it comes.

    ``typed`` is a prompt to wait for, and what somebody types there half a second later.
    """
    main, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", rows, COLUMNS, 0, 0))
    environment = {
        name: value for name, value in os.environ.items() if name not in {"CI", "COLUMNS", "NO_COLOR", "PY_COLORS"}
    }
    with subprocess.Popen(
        command, cwd=folder, stdin=other, stdout=other, stderr=other, env={**environment, "TERM": "xterm"}
    ) as process:
        os.close(other)
        yield from _read(main, *typed)
        process.wait(timeout=60)


def _read(main: int, prompt: str, typed: str) -> Iterator[str]:
    written = held = ""
    while True:
        try:
            piece = os.read(main, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        text = held + piece.decode("utf-8", "replace")
        held = torn[0] if (torn := _TORN.search(text)) else ""
        whole = text[: len(text) - len(held)]
        yield whole
        written += whole
        if prompt and prompt in written:
            time.sleep(0.5)
            os.write(main, f"{typed}\n".encode())
            prompt = ""
    yield held
    os.close(main)
