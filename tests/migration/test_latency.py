"""The latency pass: its order, what it leaves out, what it keeps, and when it does not trust itself."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.answers import Connection, Desk, Mode, Store, Terms
from pytest_llm_migrate.comparison import Comparison
from pytest_llm_migrate.domain import Answer, CallFailure, Request, Turn
from pytest_llm_migrate.errors import CallFailedError
from pytest_llm_migrate.migration import watch
from pytest_llm_migrate.migration.conditions import timing_of
from pytest_llm_migrate.migration.latency import LatencyPass
from pytest_llm_migrate.migration.measuring import turns
from pytest_llm_migrate.migration.samples import Circumstances, Sample, pass_record
from pytest_llm_migrate.migration.sides import AskedSide
from pytest_llm_migrate.migration.watch import Watch, fault_of
from tests.answers.asking import Prices
from tests.migration.parts import row

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llm_migrate.domain import Outcome, Row, SideName


@dataclass(kw_only=True)
class TimedModel:
    """Says a latency that it need not take; remembers what it was asked and how many calls were in flight."""

    ref: str
    reply: Callable[[str], Answer] = lambda _: Answer(text="ok")
    seconds: float = 0.002
    concurrency: int = 16
    asked: list[str] = field(default_factory=list)
    most: int = 0
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: Request) -> Answer:
        """Answer as told."""
        with self._lock:
            self.asked.append(request.turns[-1].text)
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(self.seconds)
        try:
            return self.reply(request.turns[-1].text)
        finally:
            with self._lock:
                self._now -= 1


class Questions:
    """A prompt that asks for a row's id, with a cache point."""

    def render(self, row: Row) -> Request:
        """Return the request."""
        return Request(turns=(Turn("user", row.sample_id),), options={"cache": True})


def said(latency: float, **more: Any) -> Callable[[str], Answer]:
    """Return a reply of a known latency."""
    return lambda _: Answer(text="ok", latency=latency, ttft=latency / 2, input_tokens=5, output_tokens=5, **more)


ROWS = [row(f"r{number:02}") for number in range(40)]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    # What else runs on the machine is not under test.
    monkeypatch.setattr(watch, "MOST_CPU", 100.0)
    monkeypatch.setattr(watch, "LEAST_LAG", 100.0)


def latency_pass(store: Store, source: TimedModel, target: TimedModel, wanted: int = 40, **more: Any) -> LatencyPass:
    """Return a pass over the rows."""
    desk = Desk(store=store, mode=Mode.AUTO, prices=Prices(per_token=1.0), **more)

    def side(model: TimedModel) -> AskedSide:
        connection = Connection(ref=model.ref, connect=lambda: model)
        return AskedSide(desk=desk, model=connection, prompt=Questions(), origin="", repeats=1, recorded={})

    return LatencyPass(wanted=wanted, rows=ROWS, sides={"source": side(source), "target": side(target)})


def models(source: Callable[[str], Answer], target: Callable[[str], Answer]) -> tuple[TimedModel, TimedModel]:
    """Return both sides' models."""
    return TimedModel(ref="fake:source", reply=source), TimedModel(ref="fake:target", reply=target)


def gate(record: dict[str, Any], bar: float = 1.2) -> Any:
    """Return what a gate on the median says of a pass."""
    compared = Comparison([], metrics=(), timing=lambda: timing_of({"times_from": {}, "latency_pass": record}))
    return compared.latency.p50.ratio_at_most(bar)


def test_order_is_abba_and_repeatable() -> None:
    """Every two pairs go out as ABBA or BAAB, rows shuffled; a seed gives one order, another a different one."""
    order = turns(ROWS, 0)
    blocks = ["".join(turn.side[0] for turn in order[start : start + 4]) for start in range(0, len(order), 4)]
    assert set(blocks) == {"stts", "tsst"}
    assert Counter((turn.pair, turn.side) for turn in order) == {
        (pair, side): 1 for pair in range(40) for side in ("source", "target")
    }
    assert all(len({turn.row.sample_id for turn in order if turn.pair == pair}) == 1 for pair in range(40))
    assert [turn.row.sample_id for turn in order if turn.side == "source"] != [item.sample_id for item in ROWS]
    assert turns(ROWS, 0) == order != turns(ROWS, 1)


def test_an_odd_row_out_is_asked_on_both_sides() -> None:
    """With an odd number of rows the last pair stands alone."""
    assert sorted((turn.pair, turn.side) for turn in turns(ROWS[:3], 0)) == [
        (pair, side) for pair in range(3) for side in ("source", "target")
    ]


def test_each_row_is_timed_once_a_side(store: Store) -> None:
    """All rows are asked on both sides with at most 4 calls in flight, and gates judge the known ratio."""
    source, target = models(said(1.0), said(1.1))
    record = latency_pass(store, source, target).result()
    assert (record["pairs"], record["concurrency"], record["warm_up"]) == (40, 4, 4)
    assert (len(source.asked), len(target.asked)) == (42, 42)
    assert source.most + target.most <= 5  # their maxima need not be of one moment
    assert record["cache_off"] is True
    assert store.spending().purposes["latency"][0] == 84
    assert gate(record)
    assert not gate(record, 1.05)
    assert gate(record).figures["estimate"] == pytest.approx(1.1)


def test_a_models_own_limit_holds(store: Store) -> None:
    """A model that takes one call at a time is asked one at a time, both sides together."""
    source, target = models(said(1.0), said(1.0))
    source.concurrency = 1
    record = latency_pass(store, source, target, wanted=6).result()
    assert (record["concurrency"], record["warm_up"]) == (1, 2)
    assert (source.most, target.most) == (1, 1)


def test_the_services_clock_is_preferred(store: Store) -> None:
    """Where every answer has the service's own seconds, they are compared, and the client's share is told."""
    source, target = models(said(1.0, server_latency=0.9), said(1.0, server_latency=0.6))
    record = latency_pass(store, source, target).result()
    assert record["latency_of"] == "service"
    assert record["client_share"] == pytest.approx({"source": 0.1, "target": 0.4})
    assert gate(record, 0.7)


def failing(kind: str, *, at: str) -> Callable[[str], Answer]:
    """Return a reply that fails for one row."""

    def reply(text: str) -> Answer:
        if text == at:
            raise CallFailedError(kind, "no")
        return said(1.0)(text)

    return reply


def last_row() -> str:
    """Return the row that is asked last, and so in no warm-up."""
    return turns(ROWS, 0)[-1].row.sample_id


@pytest.mark.parametrize("kind", ["throttled", "stream_ended_early", "timed_out"])
def test_a_failed_call_is_counted_and_its_pair_left_out(store: Store, kind: str) -> None:
    """One attempt a sample: what failed is no time, nor is its pair's other side."""
    source, target = models(said(1.0), failing(kind, at=last_row()))
    record = latency_pass(store, source, target).result()
    assert record["pairs"] == 39
    assert record["excluded"] == {"source": {"other_side": 1}, "target": {kind: 1}}
    assert target.asked.count(last_row()) == 1
    assert f"source other_side 1; target {kind} 1" in gate(record).statement


def test_a_cache_hit_is_no_time(store: Store) -> None:
    """An answer that was read from a prompt cache is left out with its pair."""
    hit = last_row()
    source, target = models(lambda text: replace(said(1.0)(text), cache_read_tokens=5 if text == hit else 0), said(1.0))
    record = latency_pass(store, source, target).result()
    assert record["excluded"] == {"source": {"cache_hit": 1}, "target": {"other_side": 1}}


def test_caches_stay_on_when_asked(store: Store) -> None:
    """A pass that times prompt caches leaves them on, counts what comes out of them, and is a pass of its own."""
    source, target = models(lambda text: replace(said(1.0)(text), cache_read_tokens=5), said(1.0))
    apart = latency_pass(store, source, target)
    asked = replace(apart, with_cache=True)
    assert asked.key() != apart.key()
    record = asked.result()
    assert (record["pairs"], record["cache_off"]) == (40, False)
    assert record["excluded"] == {"source": {}, "target": {}}


def test_too_few_pairs_give_no_verdict(store: Store) -> None:
    """Under 30 pairs a gate says that it has not enough evidence, however clear the figures."""
    record = latency_pass(store, *models(said(1.0), said(0.1)), wanted=29).result()
    assert gate(record).ruling == "NOT ENOUGH EVIDENCE"
    assert gate(record).figures["more_rows"] == 1


def test_an_interrupted_pass_goes_on(tmp_path: Path) -> None:
    """What was paid for before the budget was spent is not asked again, and neither is what failed."""
    path, fails = tmp_path / "answers.sqlite", turns(ROWS, 0)[5].row.sample_id
    source, target = models(said(1.0), failing("throttled", at=fails))
    found = []
    for run, budget in (("one", 4_500.0), ("two", None)):
        store = Store(path, Terms(run=run, max_cost=budget))
        found.append(latency_pass(store, source, target, concurrency=1).result())
        store.close()
    assert 0 < found[0]["pairs"] < 39 == found[1]["pairs"]
    assert "budget_spent" in {**found[0]["excluded"]["source"], **found[0]["excluded"]["target"]}
    assert len(source.asked) + len(target.asked) == 80 + 2 * 2
    assert found[1]["started"] == found[0]["started"]


def test_a_changed_request_is_measured_anew(store: Store) -> None:
    """The rows, the models and the requests tell passes apart."""
    source, target = models(said(1.0), said(1.0))
    one = latency_pass(store, source, target, wanted=4)
    assert one.key() == latency_pass(store, source, target, wanted=4).key()
    assert one.key() != latency_pass(store, source, target, wanted=5).key()
    assert one.key() != latency_pass(store, target, source, wanted=4).key()
    assert (one.calls_left(), one.result()["pairs"], one.calls_left()) == (12, 4, 0)


def test_one_of_two_measures(tmp_path: Path) -> None:
    """Of two that come at once one measures; the other waits for its result."""
    source, target = models(said(1.0), said(1.0))
    stores = [Store(tmp_path / "answers.sqlite", Terms(run="run")) for _ in range(2)]
    stores[1]._pid = 1  # another process, and one that lives
    found: list[dict[str, Any]] = []
    threads = [
        threading.Thread(target=lambda store=store: found.append(latency_pass(store, source, target, 8).result()))
        for store in stores
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(source.asked) + len(target.asked) == 16 + 4
    assert found[0] == found[1]
    for store in stores:
        store.close()


def test_a_dead_process_holds_nothing(tmp_path: Path) -> None:
    """A claim of a process that is gone is taken over at once."""
    gone, here = (Store(tmp_path / "answers.sqlite", Terms(run=run)) for run in ("one", "two"))
    gone._pid = 2**22 + 1
    claimed, taken = gone.claim_pass("key"), here.claim_pass("key")
    assert claimed == taken is not None
    gone.close()
    here.close()


def test_an_invalid_pass_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pass that does not trust itself makes gates say so, and the next run measures again."""
    source, target = models(said(1.0), said(1.0))
    monkeypatch.setattr(watch, "MOST_CPU", 0.0)
    for run in ("one", "two"):
        store = Store(tmp_path / "answers.sqlite", Terms(run=run))
        record = latency_pass(store, source, target, wanted=2).result()
        store.close()
        assert gate(record).ruling == "CANNOT JUDGE"
        assert gate(record).statement.startswith("The latency pass is invalid: the client itself was busy")
    assert len(source.asked) + len(target.asked) == 2 * (4 + 4)


def test_a_model_that_cannot_be_called_is_named(store: Store) -> None:
    """A fault that every call would meet ends the pass, which says why and is not kept."""

    def refuse(_: str) -> Answer:
        raise CallFailedError("access_denied", "not yours", fatal=True)

    source, target = models(said(1.0), refuse)
    one = latency_pass(store, source, target)
    record = one.result()
    assert record["why"] == "the target model cannot be called: access_denied: not yours"
    assert one.calls_left() > 0


def test_a_model_without_a_price_ends_nothing_but_the_pass(tmp_path: Path) -> None:
    """Under a budget an unpriced model is not called for its times, and the record says why."""
    store = Store(tmp_path / "answers.sqlite", Terms(run="run", max_cost=1.0))
    unpriced = TimedModel(ref="fake:unpriced")
    record = latency_pass(store, unpriced, TimedModel(ref="fake:target")).result()
    store.close()
    assert unpriced.asked == []
    assert not record["valid"]
    assert "fake:unpriced" in record["why"]


@pytest.mark.parametrize(
    ("cpu", "lag", "ttft", "word"),
    [(0.51, 0.0, 1.0, "busy"), (0.4, 0.011, None, "late"), (0.4, 0.011, 0.1, "late"), (0.4, 0.06, 1.0, "late")],
)
def test_faults_of_the_client(monkeypatch: pytest.MonkeyPatch, cpu: float, lag: float, ttft: float, word: str) -> None:
    """More than half of a core, or a heartbeat later than 10 ms and 5 % of the median first text, is too much."""
    monkeypatch.setattr(watch, "MOST_CPU", 0.5)
    monkeypatch.setattr(watch, "LEAST_LAG", 0.01)
    assert word in str(fault_of(cpu, lag, ttft))
    assert fault_of(0.5, 0.01, ttft) is None
    assert fault_of(0.5, 0.049, 1.0) is None


def test_a_busy_client_is_seen() -> None:
    """CPU time of this process shows, and what was seen before an interruption counts on."""
    with Watch() as seen:
        until = time.process_time() + 0.1
        while time.process_time() < until:
            pass
    assert seen.cpu > 0.1
    assert seen.to_record()["wall"] > 0.09
    with Watch(seen.to_record(), is_shared=True) as later:
        later.spent(0.0)
    assert sum(later.to_record()["lags"].values()) > sum(seen.to_record()["lags"].values())
    assert later.to_record()["cpu"] == pytest.approx(seen.to_record()["cpu"])


def outcome(place: int, side: SideName, found: Outcome) -> Sample:
    """Return a sample of pair 0."""
    return Sample(place=place, pair=0, side=side, sample_id="r", sent=None, outcome=found)


def test_an_untimed_answer_is_left_out() -> None:
    """An answer without a latency is counted as not timed."""
    about = Circumstances(
        rows=1, concurrency=1, order_seed=0, warm_up=2, cache_off=False, cpu_of="process", started="2026-01-01"
    )
    samples = [outcome(0, "source", Answer(text="a")), outcome(1, "target", CallFailure(kind="throttled", message="m"))]
    record = pass_record(about, samples, None)
    assert record["excluded"] == {"source": {"not_timed": 1}, "target": {"throttled": 1}}
    assert [item["excluded"] for item in record["samples"]] == ["not_timed", "throttled"]
