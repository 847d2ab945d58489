"""The store: who may call, what is kept, what was spent."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.answers import Store, Terms
from pytest_llm_migrate.answers.store import Closed, Wanted
from pytest_llm_migrate.domain import Answer, CallFailure, Score
from pytest_llm_migrate.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llm_migrate.domain import Outcome
    from tests.answers.conftest import OpenStore

HELLO = Answer(text="hello", input_tokens=3, output_tokens=2)
CLAIM = """
import sys
import threading
from pathlib import Path
from pytest_llm_migrate.answers import Store, Terms
from pytest_llm_migrate.answers.store import Wanted

path, limit, *keys = sys.argv[1:]
store = Store(Path(path), Terms(run="run"))
print(*store.take("m", [Wanted(key=key) for key in keys], int(limit)).call, flush=True)
sys.stdin.read()
"""


def wanted(*keys: str, reserve: float | None = None) -> list[Wanted]:
    """Return calls to be wanted."""
    return [Wanted(key=key, reserve=reserve) for key in keys]


def closed(key: str, outcome: Outcome = HELLO, *, cost: float | None = None, model: str = "m") -> list[Closed]:
    """Return a call that ended."""
    return [Closed(key=key, model=model, outcome=outcome, cost=cost)]


def changed(path: Path, statement: str) -> None:
    """Change the file behind the store's back."""
    with closing(sqlite3.connect(path)) as database:
        database.execute(statement)
        database.commit()


@contextmanager
def another_process(path: Path, *keys: str, limit: int = 99) -> Iterator[subprocess.Popen[str]]:
    """Have another process claim keys and live on until the block ends."""
    command = [sys.executable, "-c", CLAIM, str(path), str(limit), *keys]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        assert process.stdin
        process.stdin.close()


def claimed(process: subprocess.Popen[str]) -> list[str]:
    """Return what another process was granted."""
    assert process.stdout
    return process.stdout.readline().split()


def test_an_answer_is_kept_for_every_later_store(open_store: OpenStore) -> None:
    """An answer comes back whole, marked as cached, in any run; other keys are not there."""
    store = open_store()
    store.take("m", wanted("a"), 1)
    store.take("m", [], 1, closed("a"))
    found = open_store("later").find(["a", "b"])
    assert found == {"a": Answer(text="hello", input_tokens=3, output_tokens=2, cached=True)}


def test_many_keys_are_found_at_once(store: Store) -> None:
    """More keys than a statement takes variables are looked up all the same."""
    keys = [f"key {number}" for number in range(1203)]
    store.take("m", [], 1, [item for key in keys for item in closed(key)])
    assert sorted(store.find(keys)) == sorted(keys)


def test_a_key_is_granted_to_one_store_only(open_store: OpenStore) -> None:
    """While one calls, the other hears that it is called elsewhere, and then gets the answer."""
    first, second = open_store(), open_store()
    assert first.take("m", wanted("a", "b"), 9).call == ("a", "b")
    grant = second.take("m", wanted("b", "c"), 9)
    assert (grant.call, grant.elsewhere) == (("c",), ("b",))
    first.take("m", [], 9, closed("b"))
    assert second.take("m", wanted("b"), 9).answered["b"].text == "hello"


def test_a_key_is_granted_to_one_process_only(store: Store, path: Path) -> None:
    """What a living process calls is not called again by another."""
    with another_process(path, "a", "b") as other:
        assert claimed(other) == ["a", "b"]
        grant = store.take("m", wanted("a", "c"), 9)
    assert (grant.call, grant.elsewhere) == (("c",), ("a",))


def test_the_limit_holds_over_processes(store: Store, path: Path) -> None:
    """Three processes together are granted no more calls than the model's limit."""
    with another_process(path, "a", "b", "c", limit=4) as one, another_process(path, "d", "e", "f", limit=4) as two:
        granted = claimed(one) + claimed(two)
        granted += store.take("m", wanted("g", "h"), 4).call
        assert len(granted) == 4
        assert store.take("other", wanted("i"), 4).call == ("i",)


def test_the_calls_of_a_dead_process_are_free_again(store: Store, path: Path) -> None:
    """What a process left behind is granted anew, and counts as a call whose cost is unknown."""
    with another_process(path, "a") as other:
        assert claimed(other) == ["a"]
    assert store.take("m", wanted("a"), 1).call == ("a",)
    assert store.spending() == (1, 0.0, 1)


def test_an_earlier_process_of_the_same_id_is_dead(open_store: OpenStore) -> None:
    """In a container that is started anew, a killed run's calls under our process id are free at once."""
    open_store("killed").take("m", wanted("a"), 1)
    assert open_store("run").take("m", wanted("a"), 1).call == ("a",)


def test_a_lease_that_ran_out_frees_the_call(open_store: OpenStore, path: Path) -> None:
    """A process on another machine is believed to live until its lease ends."""
    open_store("elsewhere").take("m", wanted("a"), 1)
    changed(path, "UPDATE calls SET host = 'elsewhere'")
    store = open_store()
    assert store.take("m", wanted("a"), 1).call == ()
    changed(path, "UPDATE calls SET lease = lease - 60.1")
    assert store.take("m", wanted("a"), 1).call == ("a",)


def test_a_renewed_lease_holds(open_store: OpenStore, path: Path) -> None:
    """Renewing keeps a slow call from being taken over."""
    slow = open_store()
    slow.take("m", wanted("a"), 1)
    changed(path, "UPDATE calls SET lease = 0")
    slow.renew()
    changed(path, "UPDATE calls SET host = 'elsewhere'")
    assert open_store().take("m", wanted("a"), 9).elsewhere == ("a",)


def test_one_given_up_that_ends_after_all_closes_its_own_call_only(open_store: OpenStore, path: Path) -> None:
    """The late answer is kept and its cost known, while the call made in its place stays in flight."""
    late, other = open_store("late"), open_store("other")
    late.take("m", wanted("a"), 1)
    changed(path, "UPDATE calls SET lease = 0, pid = 1")
    other.take("m", wanted("a"), 1)
    changed(path, "UPDATE calls SET pid = (SELECT pid FROM calls WHERE run = 'other')")
    late.take("m", [], 1, closed("a", cost=0.5))
    assert late.spending() == (1, 0.5, 0)
    assert other.spending() == (0, 0.0, 0)
    other.take("m", [], 1, closed("a", cost=0.25))
    assert other.spending() == (1, 0.25, 0)


def test_failures_are_never_kept(store: Store) -> None:
    """A failed call is written to the ledger, and may be made again."""
    store.take("m", wanted("a"), 1)
    store.take("m", [], 1, closed("a", CallFailure(kind="throttled", message="slow down"), cost=0.0))
    assert store.find(["a"]) == {}
    assert store.spending() == (1, 0.0, 0)
    assert store.take("m", wanted("a"), 1).call == ("a",)


def test_answers_older_than_since_do_not_count(open_store: OpenStore) -> None:
    """A fresh run neither finds nor is handed what was answered before it began."""
    open_store().take("m", [], 1, closed("a"))
    fresh = open_store("fresh", since=time.time() + 60)
    assert fresh.find(["a"]) == {}
    assert fresh.take("m", wanted("a"), 1).call == ("a",)


def test_a_budget_is_reserved_before_a_call_and_settled_after_it(open_store: OpenStore) -> None:
    """A call is granted while its dearest case fits; what it did not cost can be spent again."""
    store = open_store(max_cost=1.0)
    grant = store.take("m", wanted("a", "b", "c", reserve=0.4), 9)
    assert (grant.call, grant.spent) == (("a", "b"), False)
    grant = store.take("m", wanted("c", reserve=0.4), 9, closed("a", cost=0.1))
    assert (grant.call, grant.spent) == (("c",), False)


def test_a_budget_is_spent_when_no_call_in_flight_can_give_money_back(open_store: OpenStore) -> None:
    """With all calls settled, a call that could pass the budget is refused for good."""
    store = open_store(max_cost=1.0)
    store.take("m", wanted("a", reserve=0.9), 9)
    grant = store.take("m", wanted("b", reserve=0.2), 9, closed("a", cost=0.9))
    assert (grant.call, grant.spent) == ((), True)


def test_a_budget_is_one_runs_own(open_store: OpenStore) -> None:
    """What another run spent on the same store counts for nothing."""
    spender = open_store("spender", max_cost=1.0)
    spender.take("m", wanted("a", reserve=1.0), 9)
    spender.take("m", [], 9, closed("a", cost=1.0))
    assert open_store("next", max_cost=1.0).take("m", wanted("b", reserve=1.0), 9).call == ("b",)


def test_spending_tells_unpriced_calls_apart(store: Store) -> None:
    """Calls without a price are counted, and add nothing to the dollars."""
    store.take("m", wanted("a", "b", "c"), 9)
    store.take("m", [], 9, [*closed("a", cost=0.25), *closed("b", cost=None)])
    assert store.spending() == (2, 0.25, 1)


def test_scores_are_kept_with_their_reasons(open_store: OpenStore) -> None:
    """A score comes back with its reason; unknown keys are left out."""
    open_store().keep_scores({"a": Score(0.5, "half of it")})
    found = open_store().find_scores(["a", "b"])
    assert {key: (float(score), score.reason) for key, score in found.items()} == {"a": (0.5, "half of it")}


def test_a_fresh_run_that_was_killed_goes_on(store: Store) -> None:
    """The same command counts from its first start until it got to its end; another command has its own."""
    started = store.begin_fresh("pytest a")
    assert store.begin_fresh("pytest a") == started
    assert store.begin_fresh("pytest b") > started
    store.end_fresh("pytest a")
    assert store.begin_fresh("pytest a") > started


def test_a_file_that_is_no_store_is_refused(path: Path) -> None:
    """A corrupt file is named, with the way out, and is left as it is."""
    path.parent.mkdir()
    path.write_text("no database at all, but long enough to have a header" * 20)
    with pytest.raises(StoreError, match=r"answers.sqlite': file is not a database. Move it away, or name another"):
        Store(path, Terms(run="run"))
    assert path.read_text().startswith("no database")


def test_a_store_of_a_newer_version_is_refused(store: Store, path: Path) -> None:
    """A file that a newer version wrote is not touched."""
    store.close()
    changed(path, "PRAGMA user_version = 7")
    with pytest.raises(StoreError, match=r"written by a newer version \(schema 7, this one knows 1\)"):
        Store(path, Terms(run="run"))


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """A file where the folder should be is named."""
    (tmp_path / "kept").write_text("in the way")
    with pytest.raises(StoreError, match="cannot use"):
        Store(tmp_path / "kept" / "answers.sqlite", Terms(run="run"))


def test_a_file_that_breaks_later_is_named_too(store: Store, path: Path) -> None:
    """A table that went away is said like any other fault of the file."""
    changed(path, "DROP TABLE answers")
    with pytest.raises(StoreError, match="no such table: answers"):
        store.take("m", wanted("a"), 1)
    with pytest.raises(StoreError, match="no such table: answers"):
        store.find(["a"])
    store.keep_scores({"a": Score(1.0)})


def test_a_new_file_may_be_opened_by_many_at_once(path: Path) -> None:
    """Runs that start together on a new folder all get their store."""
    together = threading.Barrier(8)

    def run(number: int) -> int:
        together.wait()
        with closing(Store(path, Terms(run=str(number)))) as store:
            return len(store.take("m", wanted(str(number)), 99).call)

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(run, range(8))) == 8
