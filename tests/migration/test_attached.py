"""Files and options of a prompt, from a prompt file and a dataset to the requests of a side."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from pytest_llm_migrate.datasets import dataset_of
from pytest_llm_migrate.domain import Answer, Attachment
from pytest_llm_migrate.errors import AttachmentError
from pytest_llm_migrate.metrics import ExactMatch
from pytest_llm_migrate.migration.build import Workshop
from pytest_llm_migrate.migration.spec import MigrationSpec
from pytest_llm_migrate.prompts import Prompt
from tests.answers.asking import FakeModel
from tests.migration.parts import settings

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llm_migrate.domain import Request
    from pytest_llm_migrate.migration.migration import Migration
    from tests.migration.conftest import OpenDesk

PHOTO = Attachment(kind="image", path="photo")
SCAN = Attachment(kind="document", path="{{ photo }}", format="pdf")


@dataclass
class SeeingModel(FakeModel):
    """Answers with what it sees in the files of a request."""

    requests: list[Request] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        """Return the content of all files."""
        self.requests.append(request)
        return Answer(text="".join(file.read().decode() for file in request.attachments))


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Lay out a suite whose dataset names images in a folder beside it."""
    images = tmp_path / "data" / "img"
    images.mkdir(parents=True)
    for name in ("cat", "dog"):
        (images / f"{name}.png").write_text(name)
    (tmp_path / "data" / "golden.csv").write_text(
        "sample_id,photo,answer_ground_truth,answer_source_llm\nr1,img/cat.png,cat,cat\nr2,img/dog.png,dog,cat\n"
    )
    return tmp_path


def build(suite: Path, desk: Any, model: SeeingModel, **spec: Any) -> Migration:
    """Return a migration whose prompt attaches a row's photo."""
    workshop = Workshop(
        settings=settings(prompt_strategy="identity"),
        desk=desk,
        metrics={"exact_match": ExactMatch()},
        connect=lambda _: model,
        seen=lambda *_: None,
    )
    prompt = Prompt(name="p", user="What is it?", attachments=(PHOTO,), options={"service_tier": "flex"})
    parts = {"dataset": "data/golden.csv", "prompt": prompt, "metrics": ("exact_match",), **spec}
    return workshop.build(
        MigrationSpec(folder=suite, nodeid="test_p.py", suite="test_p", number=0, **parts), "fake:model"
    )


def test_files_lie_where_the_dataset_lies(suite: Path, open_desk: OpenDesk) -> None:
    """Each row's image is found beside the dataset's file, and reaches the model with the prompt's options."""
    model = SeeingModel()
    comparison = build(suite, open_desk(), model).comparison(lambda _: None)
    assert [case.target.text for case in comparison.cases] == ["cat", "dog"]
    assert [request.options for request in model.requests] == [{"service_tier": "flex"}] * 2


def test_files_of_rows_in_memory_lie_beside_the_test_file(suite: Path, open_desk: OpenDesk) -> None:
    """Rows that no file holds name files from the test file's folder on."""
    rows = [{"sample_id": "r1", "photo": "data/img/cat.png", "answer_source_llm": "cat", "answer_ground_truth": "cat"}]
    migration = build(suite, open_desk(), SeeingModel(), dataset=dataset_of(rows))
    assert migration.case(migration.rows[0]).target.text == "cat"


def test_a_missing_file_is_said_before_any_call(suite: Path, open_desk: OpenDesk) -> None:
    """One bad row of many is named before the first of them is asked for."""
    (suite / "data" / "img" / "dog.png").unlink()
    model = SeeingModel()
    migration = build(suite, open_desk(), model)
    with pytest.raises(
        AttachmentError, match=r"row 'r2' \(data/golden.csv:3\), column 'photo': cannot attach 'img/dog"
    ):
        migration.target.prepare(migration.rows)
    assert model.requests == []


def test_a_renamed_file_is_not_asked_about_again(suite: Path, open_desk: OpenDesk) -> None:
    """Kept answers go with a file's content, not with its name."""
    build(suite, open_desk(), SeeingModel()).comparison(lambda _: None)
    golden = suite / "data" / "golden.csv"
    golden.write_text(golden.read_text().replace("cat.png", "puss.png"))
    (suite / "data" / "img" / "cat.png").rename(suite / "data" / "img" / "puss.png")
    (suite / "data" / "img" / "dog.png").write_text("wolf")
    model = SeeingModel()
    comparison = build(suite, open_desk(), model).comparison(lambda _: None)
    assert [case.target.text for case in comparison.cases] == ["cat", "wolf"]
    assert len(model.requests) == 1


def test_the_record_says_what_was_asked_for(suite: Path, open_desk: OpenDesk) -> None:
    """Options and attachments stand in results as the prompt has them, and fit the schema."""
    prompt = Prompt(name="p", user="u", attachments=(PHOTO, SCAN), options={"cache": "1h", "effort": "low"})
    shown = build(suite, open_desk(), SeeingModel(), prompt=prompt).terms.to_record()["source"]["prompt"]
    assert shown["options"] == {"cache": "1h", "effort": "low"}
    assert shown["attachments"] == [{"image": "photo"}, {"document": "{{ photo }}", "format": "pdf"}]
    path = resources.files("pytest_llm_migrate.report") / "schemas" / "results.schema.json"
    definitions = json.loads(path.read_text(encoding="utf-8"))["$defs"]
    Draft202012Validator({"$ref": "#/$defs/prompt", "$defs": definitions}).validate(shown)
