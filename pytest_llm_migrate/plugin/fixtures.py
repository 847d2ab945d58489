"""The fixtures: a case, a comparison, the models and the prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from pytest_llm_migrate.plugin.keys import LOOKS, RUN, SEEN, SETTINGS

if TYPE_CHECKING:
    from pytest_llm_migrate.comparison import Comparison
    from pytest_llm_migrate.domain import CallFailure, Case, Check, Verdict
    from pytest_llm_migrate.migration.judging import DeskJudge
    from pytest_llm_migrate.models import ModelHandle
    from pytest_llm_migrate.plugin.run import Run


@pytest.fixture(scope="session")
def migration_target(request: pytest.FixtureRequest) -> str:
    """The reference of the target model under test."""
    return str(request.param)


@pytest.fixture
def case(request: pytest.FixtureRequest, migration_target: str) -> Case:  # noqa: ARG001 - parametrizes the test
    """One golden row with both sides' answers and scores; parametrized by the marker ``migration``."""
    from pytest_llm_migrate.plugin.collection import migration_of

    run, item = _run(request), request.node
    migration = migration_of(item, run)
    if migration is None or not hasattr(request, "param"):
        pytest.fail("the fixture 'case' needs the marker migration(...) on its test", pytrace=False)
    if run.settings.stop_early:
        from pytest_llm_migrate.plugin.stopping import LEFT_OUT, is_left_out

        if is_left_out(request.config, migration, request.param):
            pytest.skip(LEFT_OUT)
    found = migration.case(request.param)
    for side in (found.source, found.target):
        if side.failure:
            _end_without_answer(request, side.name, side.failure)
    if judge := migration.failed_judge((found.source, found.target)):
        _end_without_verdict(request, judge)
    return _watched(found, item.stash[SEEN]["checks"].append)


@pytest.fixture
def comparison(request: pytest.FixtureRequest, migration_target: str) -> Comparison:  # noqa: ARG001 - likewise
    """All rows of a migration side by side: metrics, latency, tokens, cost, and the gates on them."""
    from pytest_llm_migrate.plugin.collection import migration_of

    migration = migration_of(request.node, _run(request))
    if migration is None:
        pytest.fail("the fixture 'comparison' needs the marker migration(...) on its test", pytrace=False)
    if request.config.stash[SETTINGS].self_test:
        from pytest_llm_migrate.plugin.self_testing import redraws_of

        return redraws_of(request.config, migration).comparison(0, lambda _: None)
    looks = request.config.stash.get(LOOKS, {}).get(migration.terms.id)
    if looks:
        from pytest_llm_migrate.plugin.gate_calls import is_plain

        if is_plain(request.node):
            return migration.comparison_at(looks[0], lambda _: None)  # of which the gate is given its own
    statements: list[dict[str, Any]] = request.node.stash[SEEN]["statements"]

    def watch(verdict: Verdict) -> None:
        statements.append(verdict.to_record())

    compared = migration.comparison(watch)
    if judge := migration.failed_judge(side for case in compared.cases for side in (case.source, case.target)):
        _end_the_run(request, judge)  # the gate itself says what it lacks
    return compared


@pytest.fixture(scope="session")
def source_model(request: pytest.FixtureRequest) -> ModelHandle:
    """The source model: ``.ref`` and ``.generate(prompt, **inference)``; its answers are kept like all others."""
    return _handle(request, "--source-model", request.config.stash[SETTINGS].source_model)


@pytest.fixture(scope="session")
def target_model(request: pytest.FixtureRequest, migration_target: str) -> ModelHandle:
    """The target model under test: ``.ref`` and ``.generate(prompt, **inference)``."""
    return _handle(request, "--target-model", migration_target)


@pytest.fixture(scope="session")
def judge_model(request: pytest.FixtureRequest) -> ModelHandle:
    """The judge model: ``.ref`` and ``.generate(prompt, **inference)``."""
    return _handle(request, "--judge-model", request.config.stash[SETTINGS].judge_model)


@pytest.fixture
def source_prompt(request: pytest.FixtureRequest, migration_target: str) -> Any:  # noqa: ARG001 - likewise
    """The source side's prompt: ``.render(row)``, ``.system``, ``.examples``, ``.provenance``."""
    return _migration(request).source_prompt


@pytest.fixture
def migrated_prompt(request: pytest.FixtureRequest, migration_target: str) -> Any:  # noqa: ARG001 - likewise
    """The target side's prompt: ``.render(row)``, ``.system``, ``.examples``, ``.provenance``."""
    return _migration(request).target_prompt


def _run(request: pytest.FixtureRequest) -> Run:
    from pytest_llm_migrate.plugin.collection import NO_TARGET

    if RUN not in request.config.stash:
        pytest.skip(NO_TARGET)
    run: Run = request.config.stash[RUN]
    if run.stopped:
        # What a worker found wrong before any call is as wrong for every other test: it is said once a worker.
        request.session.shouldfail = f"llm-migrate: {run.stopped}"
        pytest.fail(run.stopped, pytrace=False)
    return run


def _migration(request: pytest.FixtureRequest) -> Any:
    from pytest_llm_migrate.plugin.collection import migration_of

    migration = migration_of(request.node, _run(request))
    if migration is None:
        pytest.fail(f"the fixture {request.fixturename!r} needs the marker migration(...) on its test", pytrace=False)
    return migration


def _handle(request: pytest.FixtureRequest, option: str, ref: str | None) -> ModelHandle:
    from pytest_llm_migrate.answers import Connection
    from pytest_llm_migrate.models import ModelHandle
    from pytest_llm_migrate.plugin.asking import ask

    run = _run(request)
    if ref in {None, "recorded"}:
        pytest.fail(f"there is no model to call: {option} is {ref or 'not given'}", pytrace=False)
    purpose = "judge" if option == "--judge-model" else "answer"
    connection = Connection(ref=str(ref), connect=lambda: run.models.connect(str(ref)))
    return ModelHandle(str(ref), lambda asked, _: ask(request.config, connection, asked, purpose))


def _end_without_answer(request: pytest.FixtureRequest, side: str, failure: CallFailure) -> NoReturn:
    from pytest_llm_migrate.answers import NOT_RUN
    from pytest_llm_migrate.report import visible

    why = visible(f"{failure.kind}: {failure.message}")
    if failure.kind == NOT_RUN:
        request.node.stash[SEEN]["not_run"] = True
        pytest.skip(f"not run: {failure.message}")
    if failure.fatal:
        request.session.shouldfail = f"llm-migrate: {why}"
    pytest.fail(f"no {side} answer: {why}", pytrace=False)


def _end_without_verdict(request: pytest.FixtureRequest, judge: DeskJudge) -> NoReturn:
    if not _end_the_run(request, judge):
        request.node.stash[SEEN]["not_run"] = True
        pytest.skip(f"not run: {_fault_of(judge)}")
    pytest.fail(f"no verdict: {_fault_of(judge)}", pytrace=False)


def _end_the_run(request: pytest.FixtureRequest, judge: DeskJudge) -> bool:
    """Let no further test run, and say why; not where money alone is lacking, since rows may have their verdicts."""
    from pytest_llm_migrate.answers import NOT_RUN

    if getattr(judge.fault, "kind", "") == NOT_RUN:
        return False
    request.session.shouldfail = f"llm-migrate: {_fault_of(judge)}"
    return True


def _fault_of(judge: DeskJudge) -> str:
    from pytest_llm_migrate.report import visible

    return visible(f"the judge {judge.shown} cannot be asked: {judge.fault}")


def _watched(case: Case, watch: Any) -> Case:
    """Return the case with scores that note every comparison made with them."""
    from pytest_llm_migrate.domain import Case, Score, Side, WatchedScore

    def note(check: Check) -> None:
        watch(check.to_record())

    def watched(side: Side) -> Side:
        kept = side.scores.items()
        scores = {name: WatchedScore.of(item, note) if isinstance(item, Score) else item for name, item in kept}
        return Side(name=side.name, sample_id=side.sample_id, outcome=side.outcome, scores=scores)

    return Case(row=case.row, source=watched(case.source), target=watched(case.target))
