"""From a marker's spec to a migration, and what is refused on the way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from pytest_llm_migrate.answers import RecordedAnswer, write_recording
from pytest_llm_migrate.datasets import dataset_of
from pytest_llm_migrate.domain import Answer, Provenance, Score
from pytest_llm_migrate.errors import (
    ColumnRoleError,
    NoRecordedAnswersError,
    NoTargetPromptError,
    UnknownNameError,
    UnknownVariableError,
)
from pytest_llm_migrate.metrics import ExactMatch
from pytest_llm_migrate.migration.build import Workshop
from pytest_llm_migrate.migration.pipelines import PipelineSide
from pytest_llm_migrate.migration.sides import AskedSide, RecordedSide
from pytest_llm_migrate.migration.spec import MigrationSpec
from pytest_llm_migrate.prompts import Prompt, load_prompt, save_prompt
from tests.answers.asking import FakeModel, asking
from tests.migration.parts import CountingMetric, settings

if TYPE_CHECKING:
    from pytest_llm_migrate.domain import Case, Metric, Row, Verdict
    from pytest_llm_migrate.migration.migration import Migration
    from tests.migration.conftest import OpenDesk

GOLDEN = """sample_id,question,channel,answer_source_llm,answer_ground_truth,split
r1,why,web,why,why,holdout
r2,how,mail,hm,how,holdout
r3,who,web,who,who,dev
"""
TARGET = "fake:model"
SOURCE_PROMPT = Prompt(name="triage", user="{{ question }}", inference={"max_tokens": 5})


class Build(Protocol):
    """Builds a migration in a folder with a golden dataset."""

    def __call__(self, target: str = TARGET, *, options: dict[str, Any] | None = None, **spec: Any) -> Migration:
        """Return the migration."""


@pytest.fixture
def model() -> FakeModel:
    """Answer with what was asked."""
    return FakeModel()


@pytest.fixture
def seen() -> list[tuple[str, str, int]]:
    """Hold what was seen: migration, row and place."""
    return []


@pytest.fixture
def build(tmp_path: Path, open_desk: OpenDesk, model: FakeModel, seen: list[tuple[str, str, int]]) -> Build:
    """Build migrations of a small golden dataset."""
    (tmp_path / "golden.csv").write_text(GOLDEN)

    def note(migration: str, case: Case, place: int) -> None:
        seen.append((migration, case.id, place))

    def built(target: str = TARGET, *, options: dict[str, Any] | None = None, **spec: Any) -> Migration:
        metrics: dict[str, Metric] = {"exact_match": ExactMatch(), "length": CountingMetric()}
        workshop = Workshop(
            settings=settings(**{"prompt_strategy": "identity", **(options or {})}),
            desk=open_desk(),
            metrics=metrics,
            connect=lambda _: model,
            seen=note,
        )
        given = {"dataset": "golden.csv", "prompt": SOURCE_PROMPT, "metrics": ("exact_match",), **spec}
        return workshop.build(
            MigrationSpec(folder=tmp_path, nodeid="test_triage.py", suite="test_triage", number=0, **given), target
        )

    return built


def filed(folder: Path, name: str = "source", **changes: Any) -> Prompt:
    """File a prompt in the catalog beside the test file."""
    path = folder / "prompts" / "triage" / f"{name}.prompt.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = {"name": "triage", "user": "{{ question }}", "model": None, "provenance": None} | changes
    save_prompt(path, Prompt(**parts))
    return load_prompt(path)


def test_a_migration_runs_from_rows_to_verdicts(build: Build, model: FakeModel, seen: list[Any]) -> None:
    """Recorded source answers meet the target's; every row is asked for, scored, noted and compared once."""
    migration = build(slices=("channel",))
    said: list[Verdict] = []
    comparison = migration.comparison(said.append)
    assert [item.id for item in comparison.cases] == ["r1", "r2", "r3"]
    assert (comparison["exact_match"].source.mean, comparison["exact_match"].target.mean) == (2 / 3, 1.0)
    assert not comparison.slice("channel", "mail")["exact_match"].non_inferior(0.05)
    assert len(said) == 1
    assert migration.case(migration.rows[1]) is comparison.cases[1]
    assert sorted(model.asked) == ["how", "who", "why"]
    assert seen == [(migration.terms.id, f"r{number}", number - 1) for number in (1, 2, 3)]


def test_a_row_waits_for_itself_only(build: Build, model: FakeModel) -> None:
    """A case asks for its own row and no other."""
    migration = build()
    assert migration.case(migration.rows[2]).target.text == "who"
    assert model.asked == ["who"]


def test_the_terms_name_everything(build: Build, tmp_path: Path) -> None:
    """A migration's record says what was compared, and names no folder of this machine."""
    filed(tmp_path)
    record = build(prompt="triage", slices=("channel",), split="holdout").terms.to_record()
    assert (record["id"], record["name"], record["nodeid"]) == (
        "test_triage.py::0::fake:model",
        "triage",
        "test_triage.py",
    )
    assert (record["dataset"]["path"], record["dataset"]["rows"], record["dataset"]["rows_in_file"]) == (
        "golden.csv",
        2,
        3,
    )
    assert record["source"]["ref"] == "recorded"
    assert record["target"]["prompt"]["path"] == str(Path("prompts", "triage", "source.prompt.yaml"))
    assert record["target"]["prompt"]["strategy"] == "identity"
    assert str(tmp_path) not in str(record)


def test_a_sample_is_the_same_in_every_process(build: Build) -> None:
    """A seeded sample of rows judges; the rest is counted."""
    one, two = build(options={"sample": 2}), build(options={"sample": 2})
    assert [row.sample_id for row in one.rows] == [row.sample_id for row in two.rows]
    assert (len(one.rows), one.terms.dataset_rows) == (2, 3)


def test_recordings_are_read_beside_the_test_file(build: Build, tmp_path: Path, model: FakeModel) -> None:
    """A committed answer is used in place of a call."""
    key = asking("why", max_tokens=5).key(TARGET)
    path = tmp_path / "recordings" / "test_triage" / "fake-model.jsonl"
    write_recording(path, [RecordedAnswer(sample_id="r1", key=key, answer=Answer(text="recorded"))])
    migration = build()
    assert migration.case(migration.rows[0]).target.text == "recorded"
    assert model.asked == []


def test_sides_are_of_three_kinds(build: Build) -> None:
    """Recorded columns, one call a row, or a pipeline."""
    migration = build()
    assert isinstance(migration.source, RecordedSide)
    assert isinstance(migration.target, AskedSide)

    def pipeline(model: Any, prompt: Prompt, row: Row) -> str:
        return f"{model.generate(prompt.render(row)).text}!"

    migration = build(pipeline=pipeline)
    assert isinstance(migration.target, PipelineSide)
    assert migration.case(migration.rows[0]).target.text == "why!"


def test_two_live_models_are_both_asked(build: Build, model: FakeModel) -> None:
    """A source that is a model needs no recorded column, and equal calls are made once."""
    migration = build(options={"source_model": TARGET})
    migration.comparison(lambda _: None)
    assert sorted(model.asked) == ["how", "who", "why"]


def test_rows_in_memory_need_no_file(build: Build) -> None:
    """A dataset made in Python is used as it is; without a prompt each row's own is sent."""
    records = [{"sample_id": "a", "prompt_source_llm": "hello", "answer_source_llm": "hello"}]
    migration = build(dataset=dataset_of(records), prompt=None)
    assert migration.case(migration.rows[0]).target.text == "hello"
    assert migration.terms.to_record()["target"] == {"ref": TARGET, "prompt": None}


def test_metrics_with_bounds_have_them_on_record(build: Build) -> None:
    """Only metrics that state their bounds are listed with them."""
    metric = CountingMetric(name="stars", scoring=lambda _: Score(4.0))
    metric.bounds = (1.0, 5.0)  # type: ignore[attr-defined]
    terms = build(metrics=(metric, "length")).terms
    assert (terms.metrics, dict(terms.bounds)) == (("stars", "length"), {"stars": (1.0, 5.0)})


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        (
            {"slices": ("chanel",)},
            ColumnRoleError,
            "test_triage.py: slices names the column 'chanel', which golden.csv does not have. Did you mean 'channel'?",
        ),
        ({"weight": "traffic"}, ColumnRoleError, "weight names the column 'traffic'"),
        ({"metrics": ("exact",)}, UnknownNameError, "unknown metric 'exact'"),
        ({"prompt": "triage"}, UnknownNameError, "unknown prompt 'triage'"),
        (
            {"prompt": Prompt(name="triage", user="{{ questoin }}")},
            UnknownVariableError,
            "the variable 'questoin' is no column of test_triage.py: golden.csv. Did you mean 'question'?",
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    build: Build, model: FakeModel, spec: dict[str, Any], error: type[Exception], message: str
) -> None:
    """A slip in the marker is one clear sentence, before any call."""
    with pytest.raises(error) as caught:
        build(**spec)
    assert message in str(caught.value)
    assert model.asked == []


def test_a_recorded_side_needs_its_column(build: Build) -> None:
    """Without the answers' column there is no recorded side, and the ways out are named."""
    with pytest.raises(NoRecordedAnswersError) as caught:
        build("recorded")
    assert str(caught.value) == (
        "golden.csv: no column answer_target_llm, so there is no recorded target. Add the column, map it with "
        "columns={'answer_target_llm': ...}, or name a model with --target-model."
    )
    assert isinstance(build("recorded", columns={"answer_target_llm": "channel"}).target, RecordedSide)


CATALOG = {"prompt_strategy": "catalog"}


def test_the_catalogs_prompt_is_sent_to_its_target(build: Build, tmp_path: Path, model: FakeModel) -> None:
    """The prompt filed for the target is used for it, under the strategy that wrote it."""
    source = filed(tmp_path)
    provenance = Provenance(strategy="few_shot", source_sha256=source.sha256)
    filed(tmp_path, "target", user="Please: {{ question }}", model=TARGET, provenance=provenance)
    migration = build(prompt="triage", options=CATALOG)
    assert migration.case(migration.rows[0]).target.text == "Please: why"
    assert (migration.source_prompt.user, migration.target_prompt.user) == ("{{ question }}", "Please: {{ question }}")
    assert migration.terms.target["prompt"]["strategy"] == "few_shot"
    assert model.asked == ["Please: why"]


def test_identity_sends_the_source_prompt(build: Build, tmp_path: Path) -> None:
    """By the strategy identity the target is sent what the source was."""
    filed(tmp_path)
    migration = build(prompt="triage")
    assert migration.target_prompt == migration.source_prompt


@pytest.mark.parametrize("prompt", ["triage", SOURCE_PROMPT, "prompts/triage/source.prompt.yaml"])
def test_a_target_without_a_prompt_of_its_own_is_refused(build: Build, tmp_path: Path, prompt: object) -> None:
    """In the catalog, in Python or in one file: nothing was written for this target."""
    filed(tmp_path)
    with pytest.raises(NoTargetPromptError, match="no prompt 'triage' for 'fake:model'"):
        build(prompt=prompt, options=CATALOG)


def test_a_prompt_may_be_a_file(build: Build, tmp_path: Path) -> None:
    """A path to a prompt file is read, relative to the test file."""
    filed(tmp_path)
    assert build(prompt="prompts/triage/source.prompt.yaml").target_prompt.user == "{{ question }}"


def test_another_folder_may_be_the_catalog(build: Build, tmp_path: Path) -> None:
    """The user's catalog takes the place of the one beside the test file."""
    filed(tmp_path / "elsewhere")
    options = {"prompt_strategy": "identity", "prompt_catalog": tmp_path / "elsewhere" / "prompts"}
    assert build(prompt="triage", options=options).target_prompt.name == "triage"
