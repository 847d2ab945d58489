"""The sockets of an endpoint: a thread for each connection, closed together when the endpoint stops."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.models.endpoint.arrivals import Arrival
from pytest_llm_migrate.models.endpoint.exchange import Exchange, Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llm_migrate.models.endpoint.calls import CallLog
    from pytest_llm_migrate.models.endpoint.services import Services

_WITHOUT_BODY = frozenset({"DELETE", "GET", "HEAD"})


class Server(ThreadingTCPServer):
    """Accepts connections on a bound address and keeps track of the open ones."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, address: tuple[str, int], services: Services, log: CallLog) -> None:
        self.services, self.log = services, log
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, Connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a new connection in a thread of its own."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection that has ended."""
        with self._lock:
            self._open.discard(request)
        # Not super(): its orderly shutdown would turn a reset into a plain end.
        self.close_request(request)

    def disconnect(self) -> None:
        """Wake every thread that waits for a client, so that its connection ends."""
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class Connection(BaseHTTPRequestHandler):
    """Answers the requests of one connection, one after the other."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Answer until either end closes the connection."""
        with suppress(ConnectionError):
            super().handle()

    def do_POST(self) -> None:
        """Answer one request."""
        exchange = Exchange(self.server.services, self.server.log, Wire(self.wfile.write, self._reset, self._hang))
        headers = {name.lower(): value for name, value in self.headers.items()}
        exchange.run(Arrival(method=self.command, target=self.path, headers=headers, body=self._body()))

    do_GET = do_HEAD = do_PUT = do_DELETE = do_POST  # noqa: N815 - the names are http.server's

    def log_message(self, *_: object) -> None:
        """Say nothing: the call log has it."""

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if length.isdecimal():
            return self.rfile.read(int(length))
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(self._chunks())
        if self.command not in _WITHOUT_BODY:
            self.close_connection = True  # what follows could be a body of unknown length
        return b""

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def _reset(self) -> None:
        # With no time to linger, the close that follows resets the connection.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _hang(self) -> None:
        self.close_connection = True
        with suppress(ConnectionError):
            while self.connection.recv(4096):
                pass
