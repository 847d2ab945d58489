"""Local models: what is known before a call, what the first call does, and what it says when it cannot."""

from __future__ import annotations

import gc
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.domain import Request, Turn
from pytest_llm_migrate.errors import CallFailedError, UnknownNameError, WeightsFetchError
from pytest_llm_migrate.models import LocalProvider, local_service
from pytest_llm_migrate.models.endpoint import Reply, Rule, Script, ScriptedEngine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REQUEST = Request(turns=(Turn("user", "hello"),))


class StandIn(ScriptedEngine):
    """An engine that names the model asked, and notes which models were loaded."""

    def __init__(self, _cache: Path) -> None:
        names = ("smollm2-135m", "gemma3-270m")
        super().__init__(Script(rules=tuple(Rule(model=name, reply=Reply(text=name, deltas=3)) for name in names)))
        self.loaded: list[str] = []

    def load(self, name: str) -> None:
        """Note the name."""
        self.loaded.append(name)

    def close(self) -> None:
        """Hold nothing, and so let go of nothing."""


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note what is fetched instead of fetching it, and answer by a script."""
    names: list[str] = []

    def fetch(name: str, _cache: Path, progress: Callable[[str, int, int], object]) -> None:
        names.append(name)
        progress(name, 1, 1)

    monkeypatch.setattr(local_service, "fetch", fetch)
    monkeypatch.setattr(local_service, "LocalEngine", StandIn)
    return names


def endpoints() -> int:
    """Return how many endpoints are answering."""
    return sum(thread.name == "endpoint" for thread in threading.enumerate())


def test_unknown_name_is_found_when_connecting(tmp_path: Path, fetched: list[str]) -> None:
    """A name that the catalog lacks is refused at once, with the nearest one."""
    with pytest.raises(UnknownNameError, match=r"unknown local model 'smollm2'\. Did you mean 'smollm2-135m'\?"):
        LocalProvider(cache=tmp_path).connect("smollm2")
    assert fetched == []


def test_connecting_fetches_and_starts_nothing(tmp_path: Path, fetched: list[str]) -> None:
    """Until its first call a local model is a name."""
    before = endpoints()
    provider = LocalProvider(cache=tmp_path)
    model = provider.connect("smollm2-135m")
    assert (provider.scheme, model.ref, model.concurrency) == ("local", "local:smollm2-135m", 1)
    assert (fetched, endpoints()) == ([], before)


def test_first_call_fetches_once_and_starts_one_endpoint(tmp_path: Path, fetched: list[str]) -> None:
    """However many threads call, each model is fetched once, and both answer from one endpoint."""
    before, told = endpoints(), []
    provider = LocalProvider(cache=tmp_path, progress=lambda *args: told.append(args))
    models = [provider.connect(name) for name in ("smollm2-135m", "gemma3-270m") * 4]
    with ThreadPoolExecutor(8) as threads:
        texts = [answer.text for answer in threads.map(lambda model: model.answer(REQUEST), models)]
    assert texts == ["smollm2-135m", "gemma3-270m"] * 4
    assert sorted(fetched) == ["gemma3-270m", "smollm2-135m"]
    assert sorted(told) == [("gemma3-270m", 1, 1), ("smollm2-135m", 1, 1)]
    assert endpoints() == before + 1


def test_endpoint_ends_with_its_provider(tmp_path: Path, fetched: list[str]) -> None:
    """An endpoint that nobody can call any more is stopped."""
    before = endpoints()
    provider = LocalProvider(cache=tmp_path)
    assert provider.connect("smollm2-135m").answer(REQUEST).ttft is not None
    assert endpoints() == before + 1
    del provider
    gc.collect()
    assert endpoints() == before
    assert fetched == ["smollm2-135m"]


def test_no_aws_setting_reaches_a_local_model(
    tmp_path: Path, fetched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Local models answer whatever is wrong with the AWS settings and the proxies."""
    wrong = {
        "AWS_PROFILE": "nobody",
        "AWS_BEARER_TOKEN_BEDROCK": "token",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "AWS_DEFAULT_REGION": "us east",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert LocalProvider(cache=tmp_path).connect("gemma3-270m").answer(REQUEST).text == "gemma3-270m"
    assert fetched == ["gemma3-270m"]


def test_missing_runner_is_named_before_anything_is_fetched(
    tmp_path: Path, fetched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without xllamacpp the first call names the extra to install, and the run stops there."""
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(CallFailedError, match=r"pip install 'pytest-llm-migrate\[local\]'") as raised:
        LocalProvider(cache=tmp_path).connect("smollm2-135m").answer(REQUEST)
    assert (raised.value.kind, raised.value.fatal, fetched) == ("not_available", True, [])


def test_failed_fetch_stops_the_run(tmp_path: Path, fetched: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights that cannot be fetched fail for every row alike."""

    def fail(name: str, *_: object) -> None:
        raise WeightsFetchError(name, "no index")

    monkeypatch.setattr(local_service, "fetch", fail)
    with pytest.raises(CallFailedError, match="cannot fetch the weights of 'smollm2-135m': no index") as raised:
        LocalProvider(cache=tmp_path).connect("smollm2-135m").answer(REQUEST)
    assert (raised.value.fatal, fetched) == (True, [])
