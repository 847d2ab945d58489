"""The store: who may call, what is kept, what was spent."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.answers import Store, Terms
from pytest_llm_migrate.answers.ledger import Closed, Wanted
from pytest_llm_migrate.answers.pace import Quota
from pytest_llm_migrate.domain import Answer, CallFailure, Score
from pytest_llm_migrate.errors import DamagedStoreError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llm_migrate.answers.store import Grant
    from pytest_llm_migrate.domain import Outcome
    from tests.answers.conftest import OpenStore

HELLO = Answer(text="hello", input_tokens=3, output_tokens=2)
CLAIM = """
import sys
import threading
from pathlib import Path
from pytest_llm_migrate.answers import Store, Terms
from pytest_llm_migrate.answers.ledger import Wanted
from pytest_llm_migrate.answers.pace import Quota

path, limit, *keys = sys.argv[1:]
store = Store(Path(path), Terms(run="run"))
print(*store.take("m", Quota(name="m", in_flight=int(limit)), [Wanted(key=key) for key in keys]).call, flush=True)
sys.stdin.read()
"""

FILL = """
import resource
import sys
from pathlib import Path
from pytest_llm_migrate.answers import Store, Terms
from pytest_llm_migrate.answers.ledger import Closed
from pytest_llm_migrate.answers.pace import Quota
from pytest_llm_migrate.domain import Answer
from pytest_llm_migrate.errors import StoreError

store = Store(Path(sys.argv[1]), Terms(run="run"))
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
kept = 0
try:
    for number in range(2000):
        ended = Closed(id=0, key=str(number), outcome=Answer(text="x" * 5000), cost=None)
        store.take("m", Quota(name="m", in_flight=1), [], [ended])
        kept += 1
except StoreError as error:
    print(kept, error)
"""


def wanted(*keys: str, reserve: float | None = None) -> list[Wanted]:
    """Return calls to be wanted."""
    return [Wanted(key=key, reserve=reserve) for key in keys]


def quota(in_flight: int = 9, name: str = "m") -> Quota:
    """Return a quota of a model."""
    return Quota(name=name, in_flight=in_flight)


def take(store: Store, *keys: str, in_flight: int = 9, reserve: float | None = None) -> Grant:
    """Ask for calls of one model."""
    return store.take("m", quota(in_flight), wanted(*keys, reserve=reserve))


def close(store: Store, grant: Grant, key: str, outcome: Outcome = HELLO, *, cost: float | None = None) -> None:
    """Write down how a granted call ended."""
    store.take("m", quota(), [], [Closed(id=grant.call[key], key=key, outcome=outcome, cost=cost)])


def answer(store: Store, *keys: str, cost: float | None = None) -> None:
    """Make calls and keep their answers."""
    for key in keys:
        close(store, take(store, key), key, cost=cost)


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
    answer(open_store(), "a")
    found = open_store("later").find(["a", "b"])
    assert found == {"a": Answer(text="hello", input_tokens=3, output_tokens=2, cached=True)}


def test_many_keys_are_found_at_once(store: Store) -> None:
    """More keys than a statement takes variables are looked up all the same."""
    keys = [f"key {number}" for number in range(1203)]
    ended = [Closed(id=0, key=key, outcome=HELLO, cost=None) for key in keys]
    store.take("m", quota(), [], ended)
    assert sorted(store.find(keys)) == sorted(keys)


def test_a_key_is_granted_to_one_store_only(open_store: OpenStore) -> None:
    """While one calls, the other hears that it is called elsewhere, and then gets the answer."""
    first, second = open_store(), open_store()
    granted = take(first, "a", "b")
    assert list(granted.call) == ["a", "b"]
    grant = take(second, "b", "c")
    assert (list(grant.call), grant.elsewhere) == (["c"], ("b",))
    close(first, granted, "b")
    assert take(second, "b").answered["b"].text == "hello"


def test_a_key_is_granted_to_one_process_only(store: Store, path: Path) -> None:
    """What a living process calls is not called again by another."""
    with another_process(path, "a", "b") as other:
        assert claimed(other) == ["a", "b"]
        grant = take(store, "a", "c")
    assert (list(grant.call), grant.elsewhere) == (["c"], ("a",))


def test_the_limit_holds_over_processes(store: Store, path: Path) -> None:
    """Three processes together are granted no more calls than the quota holds; another quota has its own."""
    with another_process(path, "a", "b", "c", limit=4) as one, another_process(path, "d", "e", "f", limit=4) as two:
        granted = claimed(one) + claimed(two)
        granted += take(store, "g", "h", in_flight=4).call
        assert len(granted) == 4
        assert list(store.take("m", quota(4, "m in eu-west-1"), wanted("i")).call) == ["i"]


def test_the_calls_of_a_dead_process_are_free_again(store: Store, path: Path) -> None:
    """What a process left behind is granted anew, and is listed as a call of which nobody knows."""
    with another_process(path, "a") as other:
        assert claimed(other) == ["a"]
    assert list(take(store, "a").call) == ["a"]
    spent = store.spending()
    assert (spent.calls, spent.usd, spent.unpriced_calls, spent.failed_calls) == (1, 0.0, 1, {"unknown": 1})
    [unknown] = Store(path, Terms(run="run", started=0.0)).unknown_attempts()
    assert (unknown["key"], unknown["model"], unknown["purpose"], unknown["run"]) == ("a", "m", "answer", "run")


def test_an_earlier_process_of_the_same_id_is_dead(open_store: OpenStore) -> None:
    """In a container that is started anew, a killed run's calls under our process id are free at once."""
    take(open_store("killed"), "a")
    assert list(take(open_store("run"), "a").call) == ["a"]


def test_a_lease_that_ran_out_frees_the_call(open_store: OpenStore, path: Path) -> None:
    """A process on another machine is believed to live until its lease ends."""
    take(open_store("elsewhere"), "a")
    changed(path, "UPDATE attempts SET host = 'elsewhere'")
    store = open_store()
    assert take(store, "a").elsewhere == ("a",)
    changed(path, "UPDATE attempts SET lease = lease - 60.1")
    assert list(take(store, "a").call) == ["a"]


def test_a_renewed_lease_holds(open_store: OpenStore, path: Path) -> None:
    """Renewing keeps a slow call from being taken over."""
    slow = open_store()
    take(slow, "a")
    changed(path, "UPDATE attempts SET lease = 0")
    slow.renew()
    changed(path, "UPDATE attempts SET host = 'elsewhere'")
    assert take(open_store(), "a").elsewhere == ("a",)


def test_one_given_up_that_ends_after_all_closes_its_own_call_only(open_store: OpenStore, path: Path) -> None:
    """The late answer is kept and its cost known, while the call made in its place stays in flight."""
    late, other = open_store("late"), open_store("other")
    given_up = take(late, "a")
    changed(path, "UPDATE attempts SET lease = 0, pid = 1")
    in_its_place = take(other, "a")
    close(late, given_up, "a", cost=0.5)
    assert (late.spending().usd, late.spending().failed_calls) == (0.5, {})
    assert other.spending().calls == 0
    close(other, in_its_place, "a", cost=0.25)
    assert other.spending().usd == 0.25


def test_failures_are_never_kept(store: Store) -> None:
    """A failed call is written to the ledger under its name, and may be made again."""
    close(store, take(store, "a"), "a", CallFailure(kind="throttled", message="slow down"), cost=0.0)
    assert store.find(["a"]) == {}
    assert store.spending().failed_calls == {"throttled": 1}
    assert list(take(store, "a").call) == ["a"]


def test_every_attempt_has_a_line_of_its_own(store: Store, path: Path) -> None:
    """The ledger says of each attempt which it was, what for, how it ended, what it used and what it cost."""
    close(store, take(store, "a"), "a", CallFailure(kind="server_error", message="oops"), cost=0.0)
    second = store.take("m", quota(), [Wanted(key="a", number=2, purpose="judge")])
    close(store, second, "a", cost=0.5)
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute(
            "SELECT number, purpose, outcome, input_tokens, output_tokens, cost, ended >= sent FROM attempts"
        ).fetchall()
    assert rows == [(1, "answer", "server_error", None, None, 0.0, 1), (2, "judge", "answered", 3, 2, 0.5, 1)]
    assert store.spending().purposes == {"answer": (1, 0.0, 0), "judge": (1, 0.5, 0)}


def test_an_attempt_is_written_before_it_is_granted(store: Store, path: Path) -> None:
    """Another connection sees the attempt as soon as the call may be made."""
    take(store, "a")
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT key, ended, outcome FROM attempts").fetchall() == [("a", None, None)]


def test_crowding_in_one_store_slows_down_the_other(open_store: OpenStore) -> None:
    """A wait that the service asks for holds for every process that calls the model."""
    first, second = open_store(), open_store()
    close(first, take(first, "a"), "a", CallFailure(kind="throttled", message="slow down", retry_after=9.0))
    assert not take(second, "b").call
    assert list(second.take("other", quota(name="other"), wanted("b")).call) == ["b"]


def test_answers_older_than_since_do_not_count(open_store: OpenStore) -> None:
    """A fresh run neither finds nor is handed what was answered before it began."""
    answer(open_store(), "a")
    fresh = open_store("fresh", since=time.time() + 60)
    assert fresh.find(["a"]) == {}
    assert list(take(fresh, "a").call) == ["a"]


def test_a_budget_is_reserved_before_a_call_and_settled_after_it(open_store: OpenStore) -> None:
    """A call is granted while its dearest case fits; what it did not cost can be spent again."""
    store = open_store(max_cost=1.0)
    grant = take(store, "a", "b", "c", reserve=0.4)
    assert (list(grant.call), grant.spent) == (["a", "b"], False)
    close(store, grant, "a", cost=0.1)
    grant = take(store, "c", reserve=0.4)
    assert (list(grant.call), grant.spent) == (["c"], False)


def test_a_budget_is_spent_when_no_call_in_flight_can_give_money_back(open_store: OpenStore) -> None:
    """With all calls settled, a call that could pass the budget is refused for good."""
    store = open_store(max_cost=1.0)
    close(store, take(store, "a", reserve=0.9), "a", cost=0.9)
    grant = take(store, "b", reserve=0.2)
    assert (list(grant.call), grant.spent) == ([], True)


def test_a_call_that_broke_off_counts_at_its_dearest(open_store: OpenStore) -> None:
    """Where nobody knows whether a call was charged, the budget reckons with all it may have cost."""
    store = open_store(max_cost=1.0)
    broken = CallFailure(kind="stream_broken", message="cut")
    close(store, take(store, "a", reserve=0.9), "a", broken, cost=None)
    assert take(store, "b", reserve=0.2).spent
    assert (store.spending().usd, store.spending().unpriced_calls) == (0.0, 1)


def test_a_budget_is_one_runs_own(open_store: OpenStore) -> None:
    """What another run spent on the same store counts for nothing."""
    spender = open_store("spender", max_cost=1.0)
    close(spender, take(spender, "a", reserve=1.0), "a", cost=1.0)
    assert list(take(open_store("next", max_cost=1.0), "b", reserve=1.0).call) == ["b"]


def test_spending_tells_unpriced_calls_apart(store: Store) -> None:
    """Calls without a price are counted, and add nothing to the dollars."""
    answer(store, "a", cost=0.25)
    answer(store, "b")
    take(store, "c")
    spent = store.spending()
    assert (spent.calls, spent.usd, spent.unpriced_calls) == (2, 0.25, 1)


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


def test_a_damaged_file_is_set_aside_and_said(path: Path) -> None:
    """A file that is no database is kept under another name; only the next command begins an empty store."""
    path.parent.mkdir()
    path.write_text("no database at all, but long enough to have a header" * 20)
    with pytest.raises(
        DamagedStoreError, match=r"answers.sqlite': file is not a database. It was set aside as"
    ) as said:
        Store(path, Terms(run="run"))
    aside = said.value.aside
    assert isinstance(aside, Path)
    assert aside.read_text().startswith("no database")
    with closing(Store(path, Terms(run="run"))) as store:
        assert store.find(["a"]) == {}


def test_damage_found_later_is_said_and_set_aside_too(store: Store, path: Path) -> None:
    """A page that was overwritten is found when it is read, and nothing is answered from it."""
    for number in range(40):
        answer(store, f"{number:032}")
    store.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    with pytest.raises(DamagedStoreError, match=r"is malformed\. It was set aside as"):
        Store(path, Terms(run="run")).find([f"{number:032}" for number in range(40)])
    assert not path.exists()


def test_a_full_disk_is_named_with_its_way_out(tmp_path: Path) -> None:
    """What cannot be written is said with what to do; what was kept before is there."""
    path = tmp_path / "answers.sqlite"
    done = subprocess.run([sys.executable, "-c", FILL, str(path)], capture_output=True, text=True, check=False)
    assert "Make room on its disk and give the same command again" in done.stdout, done
    with closing(Store(path, Terms(run="run"))) as store:
        assert len(store.find([str(number) for number in range(2000)])) == int(done.stdout.split()[0])


def test_a_store_of_another_version_is_refused(store: Store, path: Path) -> None:
    """A file that another version wrote is not touched."""
    store.close()
    changed(path, "PRAGMA user_version = 7")
    with pytest.raises(StoreError, match=r"written by another version \(schema 7, this one knows 2\)"):
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
        take(store, "a")
    with pytest.raises(StoreError, match="no such table: answers"):
        store.find(["a"])
    store.keep_scores({"a": Score(1.0)})


def test_a_new_file_may_be_opened_by_many_at_once(path: Path) -> None:
    """Runs that start together on a new folder all get their store."""
    together = threading.Barrier(8)

    def run(number: int) -> int:
        together.wait()
        with closing(Store(path, Terms(run=str(number)))) as store:
            return len(take(store, str(number), in_flight=99).call)

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(run, range(8))) == 8
