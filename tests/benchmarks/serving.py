"""An endpoint in a process of its own, for benchmarks: its work is not the client's, and it outlives a killed one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SETTINGS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(frozen=True, slots=True)
class Served:
    """An endpoint that runs.

    Attributes:
        environment: What a client's process needs to reach it.
        log: Where it writes each call, a line of JSON each.
    """

    environment: Mapping[str, str]
    log: Path

    def calls(self) -> list[dict[str, Any]]:
        """Return every call that has ended."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]


@contextmanager
def serving(folder: Path, script: object) -> Iterator[Served]:
    """Serve a script from a folder until the block ends."""
    (folder / "script.json").write_text(json.dumps(script), encoding="utf-8")
    command = [sys.executable, "-m", "pytest_llm_migrate", "serve", "--port", "0"]
    command += ["--script", "script.json", "--log", "calls.jsonl"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = next(word for word in process.stdout.readline().split() if word.startswith("http"))
        environment = os.environ | SETTINGS | {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url}
        try:
            yield Served(environment, folder / "calls.jsonl")
        finally:
            process.terminate()
