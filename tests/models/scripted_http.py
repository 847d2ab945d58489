"""A server that answers over real HTTP in parts, with pauses, cuts and resets where a test wants them."""

from __future__ import annotations

import json
import socket
import struct
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What a request is answered with.

    Attributes:
        parts: Bytes, each sent as one chunk, and pauses in seconds.
        ending: ``whole``; ``cut``: the connection closes before the last chunk; ``reset``, or ``lost`` before the head.
    """

    parts: tuple[bytes | float, ...] = ()
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    ending: Literal["whole", "cut", "reset", "lost"] = "whole"


class ScriptedServer(ThreadingHTTPServer):
    """Answers as ``serve`` says; remembers requests and counts connections."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, serve: Callable[[Asked], Served]) -> None:
        self.serve = serve
        self.asked: list[Asked] = []
        self.connections = 0
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """The address."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        self.server.connections += 1
        super().setup()

    def handle(self) -> None:
        with suppress(ConnectionError):
            super().handle()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(path=self.path, headers=headers, body=body)
        self.server.asked.append(asked)
        self._send(self.server.serve(asked))

    def _send(self, served: Served) -> None:
        if served.ending != "lost":
            self._send_parts(served)
        if served.ending == "whole":
            self.wfile.write(b"0\r\n\r\n")
            return
        self.close_connection = True
        if served.ending != "cut":
            # With no time to linger, the close that follows resets the connection.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def _send_parts(self, served: Served) -> None:
        self.send_response(served.status)
        for name, value in {
            "Content-Type": served.content_type,
            "Transfer-Encoding": "chunked",
            **served.headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        for part in served.parts:
            if isinstance(part, float):
                time.sleep(part)
            elif part:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(serve: Callable[[Asked], Served]) -> Iterator[ScriptedServer]:
    """Run a server until the end of the block."""
    server = ScriptedServer(serve)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def served_json(value: object, status: int = 200, **headers: str) -> Served:
    """Return an answer with a whole JSON body; an underscore in a header's name stands for a hyphen."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Served(parts=(json.dumps(value).encode(),), status=status, headers=named)
