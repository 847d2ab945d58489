"""Serve local models, or a script of answers, over Amazon Bedrock's wire format."""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from pytest_llm_migrate.errors import RunnerMissingError, WeightsMissingError
from pytest_llm_migrate.models.endpoint.scripted import ScriptedEngine
from pytest_llm_migrate.models.endpoint.scripts import load_script
from pytest_llm_migrate.models.endpoint.server import Endpoint
from pytest_llm_migrate.models.local.catalog import CATALOG
from pytest_llm_migrate.models.local.engine import LocalEngine
from pytest_llm_migrate.models.local.weights import default_cache

if TYPE_CHECKING:
    from pytest_llm_migrate.models.endpoint.engines import Engine

_PORT = 8484
_SERVICES = ("BEDROCK_RUNTIME", "BEDROCK", "BEDROCK_AGENT_RUNTIME", "S3")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``serve``."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = f"keys of a script:\n{_keys()}"
    parser.add_argument("--host", default="127.0.0.1", help="Address to listen on (default: %(default)s).")
    parser.add_argument("--port", type=int, default=_PORT, help="0 picks a free one (default: %(default)s).")
    parser.add_argument(
        "--script", type=Path, metavar="FILE", help="Answer by a script in YAML or JSON, without any model."
    )
    parser.add_argument("--log", type=Path, metavar="FILE", help="Append each call to FILE as a line of JSON.")


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Serve until Ctrl-C; raises a `MigrateError` when something that is needed is missing."""
    if options.script:
        _serve(ScriptedEngine(load_script(options.script)), str(options.script), options, out)
    else:
        with closing(LocalEngine()) as engine:
            _serve(engine, " and ".join(_ready(engine)), options, out)
    return 0


def wait_for_interrupt() -> None:
    """Wait until Ctrl-C raises ``KeyboardInterrupt``."""
    threading.Event().wait()


def _keys() -> str:
    """Return what the reader of scripts says of them, from its second paragraph on."""
    return inspect.cleandoc(load_script.__doc__ or "").partition("\n\n")[2]


def _serve(engine: Engine, served: str, options: argparse.Namespace, out: TextIO) -> None:
    endpoint = Endpoint(engine, host=options.host, port=options.port, log=options.log)
    with suppress(KeyboardInterrupt), endpoint:
        out.write(f"serving {served} on {endpoint.url} (Ctrl-C stops); for boto3, with any region and credentials:\n")
        out.writelines(f"export AWS_ENDPOINT_URL_{service}={endpoint.url}\n" for service in _SERVICES)
        out.flush()
        wait_for_interrupt()


def _ready(engine: LocalEngine) -> list[str]:
    if importlib.util.find_spec("xllamacpp") is None:
        raise RunnerMissingError
    ready = engine.ready()
    if not ready:
        smallest = min(CATALOG.values(), key=lambda weights: weights.size)
        raise WeightsMissingError(smallest.name, default_cache(), smallest.megabytes)
    return ready
