"""Where a side's answers come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from pytest_llm_migrate.domain import Answer, CallFailure, Request, Turn
from pytest_llm_migrate.errors import CallFailedError, MarginError
from pytest_llm_migrate.migration.pipelines import PipelineSide
from pytest_llm_migrate.migration.sides import AskedSide, RecordedSide
from tests.answers.asking import FakeModel, Prices, asking
from tests.migration.parts import row

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llm_migrate.answers import Desk
    from pytest_llm_migrate.domain import Row
    from tests.migration.conftest import OpenDesk


@dataclass
class Asking:
    """A prompt that sends a row's question."""

    rendered: list[str] = field(default_factory=list)

    def render(self, row: Row) -> Request:
        """Return what is sent."""
        self.rendered.append(row.sample_id)
        return asking(row["question"])


def asked_side(desk: Desk, model: FakeModel, *, repeats: int = 1, **options: Any) -> AskedSide:
    """Return a side of one call a row."""
    return AskedSide(
        desk=desk,
        model=model.connection,
        prompt=Asking(),
        origin="rows.csv triage",
        repeats=repeats,
        recorded=options.get("recorded", {}),
    )


def pipeline_side(desk: Desk, model: FakeModel, pipeline: Callable[..., Any], *, repeats: int = 1) -> PipelineSide:
    """Return a side of several calls a row."""
    return PipelineSide(
        desk=desk,
        model=model.connection,
        prompt="a prompt",
        pipeline=pipeline,
        origin="rows.csv two_steps",
        repeats=repeats,
        recorded={},
        threads=2,
    )


def outcome(side: AskedSide | PipelineSide, asked: Row) -> Answer | CallFailure:
    """Return what a row got."""
    side.begin([asked])
    return side.outcomes(asked)[0]


def test_recorded_columns_become_an_answer() -> None:
    """Every column of a side is read; the answer counts as kept."""
    values: dict[str, Any] = {
        "answer_source_llm": "yes",
        "latency_source_llm": 1.5,
        "ttft_source_llm": 0.2,
        "input_token_source_llm": 10,
        "output_token_source_llm": 5,
        "cost_source_llm": 0.25,
        "stop_reason_source_llm": "end_turn",
        "model_source_llm": "old",
        "answer_target_llm": "no",
    }
    side = RecordedSide(side="source", prices=Prices(per_token=1.0))
    assert list(side.outcomes(row(**values))) == [
        Answer(
            text="yes",
            latency=1.5,
            ttft=0.2,
            input_tokens=10,
            output_tokens=5,
            cost=0.25,
            stop_reason="end_turn",
            model="old",
            cached=True,
        )
    ]
    assert side.forecast([row()]).calls == len(side.used()) == 0


@pytest.mark.parametrize(
    ("columns", "cost", "no_cost"),
    [
        ({"model": "old", "input_token": 10, "output_token": 5}, 15.0, None),
        ({"model": "old", "input_token": 10, "output_token": 5, "cost": 0}, 0.0, None),
        ({"input_token": 10, "output_token": 5}, None, None),
        ({"model": "fake:unpriced", "input_token": 10}, None, "unpriced: no price for fake:unpriced in a test"),
    ],
)
def test_an_unstated_cost_is_reckoned(columns: dict[str, Any], cost: float | None, no_cost: str | None) -> None:
    """Tokens of a known model have a price; without model or price the cost is unknown, never zero.

    The price list says why it has none; where the dataset names no model, nobody was asked.
    """
    values = {f"{name}_target_llm": value for name, value in columns.items()} | {"answer_target_llm": "x"}
    answer = RecordedSide(side="target", prices=Prices(per_token=1.0)).outcomes(row(**values))[0]
    assert (cast(Answer, answer).cost, cast(Answer, answer).no_cost) == (cost, no_cost)


def test_a_row_without_a_recorded_answer_is_a_failure() -> None:
    """An empty cell is no answer, an empty text is one."""
    side = RecordedSide(side="source", prices=Prices())
    assert side.outcomes(row(answer_source_llm=None)) == [
        CallFailure(kind="not_recorded", message="golden.csv:r1: answer_source_llm is empty")
    ]
    assert cast(Answer, side.outcomes(row(answer_source_llm=""))[0]).text == ""


def test_an_asked_side_asks_once_a_row_and_repeat(open_desk: OpenDesk) -> None:
    """However often a row is begun, it is rendered and called once a repeat, and priced by today's list."""
    model = FakeModel()
    side = asked_side(open_desk(per_token=0.5), model, repeats=2)
    rows = [row("r1", question="a"), row("r2", question="b")]
    side.begin(rows)
    side.begin(rows[:1])
    assert [cast(Answer, item).text for item in side.outcomes(rows[1])] == ["b", "b"]
    assert [cast(Answer, item).cost for item in side.outcomes(rows[0])] == [10.0, 10.0]
    assert sorted(model.asked) == ["a", "a", "b", "b"]
    assert cast(Asking, side.prompt).rendered == ["r1", "r2"]


def test_an_unpriced_answer_says_why(open_desk: OpenDesk) -> None:
    """The reason is today's price list's; a recording keeps neither it nor a cost."""
    side = asked_side(open_desk(), FakeModel())
    side.begin([row("r1", question="a")])
    (found,) = side.outcomes(row("r1"))
    assert cast(Answer, found).no_cost == f"unpriced: no price for {side.model.ref} in a test"
    assert [item.answer.no_cost for item in side.used()] == [None]


def test_a_pipeline_is_unpriced_for_the_reason_of_its_first_step(open_desk: OpenDesk) -> None:
    """Each step says why it has no cost, and the whole as well; a recording keeps none of it."""
    side = pipeline_side(open_desk(), FakeModel(), two_steps)
    found = cast(Answer, outcome(side, row(question="why")))
    reason = f"unpriced: no price for {side.model.ref} in a test"
    assert [found.no_cost, *(step.no_cost for step in found.steps)] == [reason] * 3
    assert [item.answer.no_cost for item in side.used()] == [None, None]


def test_an_asked_side_gives_what_a_recording_keeps(open_desk: OpenDesk) -> None:
    """Answers that arrived, recorded ones too, are listed with their rows and keys; failures are not."""
    recorded = {asking("a").key("fake:model"): ("r1", Answer(text="old", cached=True))}

    def reply(request: Request) -> Answer:
        if request.turns[-1].text == "c":
            raise CallFailedError("throttled", "no")
        return Answer(text="new")

    side = asked_side(open_desk(), FakeModel(reply=reply), recorded=recorded)
    rows = [row("r1", question="a"), row("r2", question="b"), row("r3", question="c")]
    side.begin(rows)
    assert [type(side.outcomes(item)[0]) for item in rows] == [Answer, Answer, CallFailure]
    assert [(used.sample_id, used.answer.text) for used in side.used()] == [("r1", "old"), ("r2", "new")]
    assert {used.of for used in side.used()} == {"rows.csv triage"}
    forecast = side.forecast([*rows, row("r4", question="d")])
    assert (forecast.calls, forecast.kept) == (2, 2)


def two_steps(model: Any, prompt: Any, asked: Row) -> Answer:
    """Rewrite the question, then answer it."""
    assert prompt == "a prompt"
    rewritten = model.generate(asked["question"], step="rewrite")
    answer: Answer = model.generate(f"answer {rewritten.text}", max_tokens=5)
    return answer


def timing(request: Request) -> Answer:
    """Answer with known times and tokens; the second step does not know its output."""
    text = request.turns[-1].text
    return Answer(
        text=text,
        latency=1.5,
        ttft=0.5,
        input_tokens=len(text),
        output_tokens=None if text.startswith("answer") else 3,
    )


def test_a_pipeline_is_the_sum_of_its_steps(open_desk: OpenDesk) -> None:
    """Times and tokens add up, each step stays apart, and a sum with an unknown part is unknown."""
    found = outcome(pipeline_side(open_desk(), FakeModel(reply=timing), two_steps), row(question="why"))
    assert isinstance(found, Answer)
    assert (found.text, found.latency, found.input_tokens, found.output_tokens) == ("answer why", 3.0, 13, None)
    assert (found.ttft, found.cost, found.cached) == (None, None, False)
    assert [(step.name, step.latency, step.output_tokens) for step in found.steps] == [
        ("rewrite", 1.5, 3),
        ("step 2", 1.5, None),
    ]


def test_a_pipelines_calls_are_priced_kept_and_recordable(open_desk: OpenDesk) -> None:
    """The second run finds every step's answer; a recording keeps each under the row."""
    model = FakeModel()
    first = pipeline_side(open_desk(per_token=0.5), model, two_steps)
    found = outcome(first, row(question="why"))
    assert cast(Answer, found).cost == 20.0
    assert [(used.sample_id, used.answer.text) for used in first.used()] == [("r1", "why"), ("r1", "answer why")]
    again = outcome(pipeline_side(open_desk(), model, two_steps), row(question="why"))
    assert cast(Answer, again).cached
    assert len(model.asked) == 2


def test_a_pipeline_may_return_a_text(open_desk: OpenDesk) -> None:
    """A text is the answer; without a call there are no steps and nothing is known of time or cost."""
    found = outcome(pipeline_side(open_desk(), FakeModel(), lambda *_: "half \ud800"), row())
    assert found == Answer(text="half ?")


def test_a_pipeline_of_one_call_has_its_time_to_first_text(open_desk: OpenDesk) -> None:
    """Only a single call's first text is the whole's."""
    side = pipeline_side(
        open_desk(), FakeModel(reply=timing), lambda model, _, asked: model.generate(asked["question"])
    )
    assert cast(Answer, outcome(side, row(question="why"))).ttft == 0.5


def raising(error: BaseException) -> Callable[..., Any]:
    """Return a pipeline that raises."""

    def pipeline(*_: object) -> str:
        raise error

    return pipeline


@pytest.mark.parametrize(
    ("pipeline", "failure"),
    [
        (raising(KeyError("ticket")), CallFailure(kind="pipeline_error", message="KeyError: 'ticket'")),
        (raising(SystemExit(2)), CallFailure(kind="pipeline_error", message="SystemExit: 2")),
        (lambda *_: None, CallFailure(kind="pipeline_error", message="it returned None, not a text or answer")),
        (raising(MarginError("gate", "more")), CallFailure(kind="not_answered", message="gate: takes more")),
        (
            raising(CallFailedError("throttled", "no", fatal=True)),
            CallFailure(kind="throttled", message="no", fatal=True),
        ),
    ],
)
def test_a_pipelines_fault_is_its_rows_failure(
    open_desk: OpenDesk, pipeline: Callable[..., Any], failure: CallFailure
) -> None:
    """Whatever the user's code raises or forgets to return is named, and the next row is answered."""
    side = pipeline_side(open_desk(), FakeModel(), pipeline, repeats=5)
    side.begin([row("r1"), row("r2")])
    assert list(side.outcomes(row("r1"))) == list(side.outcomes(row("r2"))) == [failure] * 5


def test_a_pipelines_failed_call_fails_the_row(open_desk: OpenDesk) -> None:
    """A call that gave no answer ends the row unless the pipeline catches it."""

    def reply(_: Request) -> Answer:
        raise CallFailedError("throttled", "no")

    failed = outcome(pipeline_side(open_desk(), FakeModel(reply=reply), two_steps), row(question="why"))
    assert cast(CallFailure, failed).kind == "throttled"


def test_a_pipelines_calls_cannot_be_foretold(open_desk: OpenDesk) -> None:
    """At least one call a row and repeat is expected, at an unknown cost."""
    forecast = pipeline_side(open_desk(), FakeModel(), two_steps, repeats=3).forecast([row("r1"), row("r2")])
    assert (forecast.calls, forecast.kept, forecast.cost) == (6, 0, None)


def test_requests_reach_the_model_with_their_settings(open_desk: OpenDesk) -> None:
    """A pipeline may send a request of its own, overriding settings."""
    request = Request(turns=(Turn("user", "hi"),), inference={"temperature": 0.5})
    sent: list[Request] = []

    def reply(asked: Request) -> Answer:
        sent.append(asked)
        return Answer(text="x")

    side = pipeline_side(open_desk(), FakeModel(reply=reply), lambda model, *_: model.generate(request, max_tokens=3))
    outcome(side, row())
    assert sent[0].inference == {"temperature": 0.5, "max_tokens": 3}
