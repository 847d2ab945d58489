"""An endpoint: an engine served over HTTP in the background of this process."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from pytest_llm_migrate.errors import EndpointAddressError
from pytest_llm_migrate.models.endpoint.calls import CallLog
from pytest_llm_migrate.models.endpoint.connections import Server
from pytest_llm_migrate.models.endpoint.scripted import Script, ScriptedEngine
from pytest_llm_migrate.models.endpoint.services import Services

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llm_migrate.models.endpoint.calls import Call
    from pytest_llm_migrate.models.endpoint.engines import Engine

_POLL_SECONDS = 0.02  # how soon a stop is noticed


class Endpoint:
    """Serves an engine as Amazon Bedrock would, with an S3 beside it: ``with Endpoint(engine) as endpoint: ...``.

    The address is bound at once (port 0 picks a free port) and answers between `start` and `stop`. What no model
    answers (look-ups, OptimizePrompt, how batch jobs go) is up to the script of ``scripted``: the engine itself
    where it is one, else an empty script. With ``log``, calls are lines of JSON at the end of that file instead
    of being kept in memory. Raises `EndpointAddressError` and `CallLogError`.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        scripted: ScriptedEngine | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        log: Path | None = None,
    ) -> None:
        self._log = CallLog(log)
        self._services = Services(engine, scripted or _scripted(engine))
        self._server = _bound(host, port, self._services, self._log)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="endpoint", daemon=True
        )

    @property
    def url(self) -> str:
        """The address, for boto3's ``endpoint_url``."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every request so far, in the order in which their answers ended."""
        return self._log.calls

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering, close every connection and free the port."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._server.disconnect()
        self._services.close()
        self._log.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _scripted(engine: Engine) -> ScriptedEngine:
    return engine if isinstance(engine, ScriptedEngine) else ScriptedEngine(Script())


def _bound(host: str, port: int, services: Services, log: CallLog) -> Server:
    try:
        return Server((host, port), services, log)
    except OSError as error:
        log.close()
        raise EndpointAddressError(host, port, error.strerror or str(error)) from error
