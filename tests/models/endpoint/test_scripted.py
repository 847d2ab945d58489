"""Scripts: which rule answers, with what, and when it fails."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.errors import UnknownNameError
from pytest_llm_migrate.models.endpoint import (
    Break,
    Breakage,
    Converse,
    Fault,
    Finish,
    Inquiry,
    Message,
    Reasoning,
    Reply,
    Rule,
    Script,
    ScriptedCall,
    ScriptedEngine,
    ScriptedFault,
    Served,
    ToolCall,
)


def request(text: str = "hello", model: str = "m") -> Converse:
    """Return a request of one question."""
    return Converse(model=model, messages=(Message("user", text),))


def engine(*rules: Rule, default: Reply | None = None) -> ScriptedEngine:
    """Return an engine that does not wait."""
    return ScriptedEngine(Script(rules=rules, default=default or Reply()), sleep=lambda _: None)


def answer(scripted: ScriptedEngine, asked: Converse) -> str:
    """Return the text of an answer."""
    return "".join(piece for piece in scripted.converse(asked) if isinstance(piece, str))


@pytest.mark.parametrize(
    ("rule", "text", "is_met"),
    [
        (Rule(), "hello", True),
        (Rule(model="m"), "hello", True),
        (Rule(model="other"), "hello", False),
        (Rule(contains="ell"), "hello", True),
        (Rule(contains="Ell"), "hello", False),
        (Rule(matches=r"^h.*o$"), "hello", True),
        (Rule(matches=r"^e"), "hello", False),
        (Rule(model="m", contains="x"), "hello", False),
    ],
)
def test_rule_speaks_where_all_its_conditions_hold(rule: Rule, text: str, is_met: bool) -> None:  # noqa: FBT001 - a table
    """A rule accepts a request that meets each condition it has."""
    assert rule.accepts(request(text)) is is_met


def test_first_rule_that_accepts_answers() -> None:
    """Order decides between two rules; the default answers what no rule accepts."""
    scripted = engine(
        Rule(contains="card", reply=Reply(text="billing")),
        Rule(contains="c", reply=Reply(text="other")),
        default=Reply(text="none"),
    )
    assert [answer(scripted, request(text)) for text in ("my card", "crash", "ahem")] == ["billing", "other", "none"]


def test_unmatched_request_of_a_bare_script_is_ok() -> None:
    """Without any rule every question is answered with the word ok."""
    assert answer(engine(), request()) == "ok"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(text="fixed"), "fixed"),
        (Reply(echo=True), "the app crashed"),
        (Reply(choose={"card": "billing", "crash": "bug", "app": "late"}), "bug"),
        (Reply(text="other", choose={"card": "billing"}), "other"),
        (Reply(echo=True, choose={"card": "billing"}), "the app crashed"),
    ],
)
def test_answer_is_chosen_or_echoed_or_fixed(reply: Reply, expected: str) -> None:
    """The first key found in the question decides; else its echo, else the text."""
    assert reply.answer("the app crashed") == expected


@given(text=st.text(max_size=50), deltas=st.integers(1, 60))
def test_pieces_make_up_the_text(text: str, deltas: int) -> None:
    """A text is cut into as many pieces as asked, or as it has characters, and none is lost."""
    pieces = list(Reply(deltas=deltas).pieces(text))
    assert "".join(map(str, pieces)) == text
    assert len(pieces) == max(1, min(deltas, len(text)))


def test_waits_come_before_the_first_and_between_pieces() -> None:
    """The latency comes once and the gap between any two pieces."""
    waits: list[float] = []
    reply = Reply(text="abc", deltas=3, latency=0.5, gap=0.1)
    answer(ScriptedEngine(Script(default=reply), sleep=waits.append), request())
    assert waits == [0.5, 0.1, 0.1]


def test_usage_counts_words_unless_it_is_given() -> None:
    """Tokens are words of request and answer, or what the script says."""
    asked = Converse(model="m", messages=(Message("user", "how are you"),), system="Be brief.")
    assert Reply().finish(asked, "very well") == Finish(stop_reason="end_turn", input_tokens=5, output_tokens=2)
    given_usage = Reply(input_tokens=0, output_tokens=9, cache_read_tokens=7, stop_reason="max_tokens")
    assert given_usage.finish(asked, "very well") == Finish(
        stop_reason="max_tokens", input_tokens=0, output_tokens=9, cache_read_tokens=7
    )
    assert engine(default=Reply(input_tokens=12)).count_tokens(asked) == 12
    assert engine().count_tokens(asked) == 5


def test_fault_comes_before_the_first_piece() -> None:
    """An error takes the answer's place at once."""
    with pytest.raises(Fault) as caught:
        answer(engine(Rule(fault=ScriptedFault(name="ThrottlingException", message="slow down"))), request())
    assert (caught.value.error, caught.value.message) == ("ThrottlingException", "slow down")


@pytest.mark.parametrize(
    ("fault", "pieces", "how"),
    [
        (ScriptedFault(name="reset"), 0, Break.RESET),
        (ScriptedFault(name="reset_mid_stream"), 1, Break.RESET),
        (ScriptedFault(name="cut"), 1, Break.CUT),
        (ScriptedFault(name="cut", after=0), 0, Break.CUT),
        (ScriptedFault(name="cut", after=2), 2, Break.CUT),
        (ScriptedFault(name="cut", after=9), 3, Break.CUT),
        (ScriptedFault(name="cut_in_frame"), 1, Break.CUT_IN_FRAME),
        (ScriptedFault(name="bad_crc"), 1, Break.BAD_CRC),
        (ScriptedFault(name="truncated_body"), 1, Break.CUT),
    ],
)
def test_breakage_comes_after_its_pieces(fault: ScriptedFault, pieces: int, how: Break) -> None:
    """An answer breaks in the named way after the pieces it was given, or after all of them."""
    broken = engine(Rule(reply=Reply(text="abc", deltas=3), fault=fault)).converse(request())
    assert [next(broken) for _ in range(pieces)] == list("abc")[:pieces]
    with pytest.raises(Breakage) as caught:
        next(broken)
    assert caught.value.how is how


def test_fault_ends_after_its_times() -> None:
    """A fault of two times is followed by the proper answer."""
    scripted = engine(Rule(fault=ScriptedFault(name="ServiceUnavailableException", times=2)))
    for _ in range(2):
        with pytest.raises(Fault):
            answer(scripted, request())
    assert answer(scripted, request("anything")) == "ok"


def test_fault_can_happen_to_each_conversation() -> None:
    """Counted for each, every conversation fails as often before it is answered."""
    scripted = engine(Rule(fault=ScriptedFault(name="ThrottlingException", times=1, each=True)))
    for text in ("one", "two"):
        with pytest.raises(Fault):
            answer(scripted, request(text))
    assert [answer(scripted, request(text)) for text in ("one", "two")] == ["ok", "ok"]


def outcomes(scripted: ScriptedEngine, count: int) -> list[str]:
    """Ask as often as said and return each answer's text or error."""
    found = []
    for _ in range(count):
        try:
            found.append(answer(scripted, request()))
        except Fault as fault:
            found.append(fault.error)
        except Breakage as breakage:
            found.append(breakage.how.value)
    return found


FLAKY = Rule(
    faults=(
        ScriptedFault(name="ThrottlingException", chance=0.2),
        ScriptedFault(name="reset", chance=0.1),
    )
)


def test_chance_strikes_as_often_as_it_says() -> None:
    """Of a thousand requests about a fifth is throttled and a tenth of the rest reset."""
    found = outcomes(engine(FLAKY), 1000)
    assert 150 < found.count("ThrottlingException") < 250
    assert 50 < found.count("reset") < 110
    assert set(found) == {"ok", "ThrottlingException", "reset"}


def test_seed_decides_what_is_left_to_chance() -> None:
    """The same seed gives the same faults in the same order; another gives others."""
    first, again, other = (outcomes(ScriptedEngine(Script(rules=(FLAKY,), seed=seed)), 50) for seed in (1, 1, 2))
    assert first == again != other


def test_first_fault_that_is_due_happens() -> None:
    """Several faults come one after the other as each has happened its times."""
    rule = Rule(
        fault=ScriptedFault(name="ThrottlingException", times=2),
        faults=(ScriptedFault(name="reset", times=1), ScriptedFault(name="ModelTimeoutException", times=1)),
    )
    assert outcomes(engine(rule), 5) == [
        "ThrottlingException",
        "ThrottlingException",
        "reset",
        "ModelTimeoutException",
        "ok",
    ]


def test_fault_says_when_to_try_again() -> None:
    """The wait that a script asks for is in the fault."""
    with pytest.raises(Fault) as caught:
        answer(engine(Rule(fault=ScriptedFault(name="ServiceUnavailableException", retry_after=1.5))), request())
    assert caught.value.retry_after == 1.5


@pytest.mark.parametrize("after", [0, 2])
def test_hang_of_some_seconds_delays_the_answer(after: int) -> None:
    """A hang with a length is a wait at its place, and the answer is whole."""
    waits: list[float] = []
    rule = Rule(reply=Reply(text="abc", deltas=3), fault=ScriptedFault(name="hang", seconds=7, after=after))
    scripted = ScriptedEngine(Script(rules=(rule,)), sleep=waits.append)
    assert answer(scripted, request()) == "abc"
    assert waits.index(7) == after


def test_hang_without_an_end_breaks_the_answer() -> None:
    """A hang that says nothing lasts until the client leaves."""
    with pytest.raises(Breakage) as caught:
        answer(engine(Rule(fault=ScriptedFault(name="hang"))), request())
    assert caught.value.how is Break.HANG


def test_rule_of_an_operation_speaks_of_no_other() -> None:
    """A rule that names an operation leaves the others alone; one that names none is about answers."""
    rule = Rule(operation="ConverseStream")
    assert rule.accepts(replace(request(), operation="ConverseStream"))
    assert not rule.accepts(request())
    assert not Rule().accepts(Inquiry("ListFoundationModels"))
    assert not Rule().accepts(Inquiry("OptimizePrompt", "m", "prompt"))
    assert Rule(reply=Reply(optimized="better")).accepts(Inquiry("OptimizePrompt", "m", "prompt"))


def test_counting_fails_only_where_the_rule_says_so() -> None:
    """A fault of answers leaves CountTokens alone."""
    assert engine(Rule(fault=ScriptedFault(name="reset"))).count_tokens(request()) == 1
    with pytest.raises(Fault):
        engine(Rule(operation="CountTokens", fault=ScriptedFault(name="AccessDeniedException"))).count_tokens(request())


def test_reasoning_comes_before_the_text_and_calls_after_it() -> None:
    """Pieces are in the order in which a model writes them; the reasoning ends with a signature."""
    reply = Reply(text="so", reasoning="hm, ah", deltas=2, tool_calls=(ScriptedCall(name="look", arguments={"at": 1}),))
    pieces = list(engine(default=reply).converse(request()))
    signature = pieces.pop(2)
    assert isinstance(signature, Reasoning)
    assert signature.signature
    assert pieces == [
        Reasoning("hm,"),
        Reasoning(" ah"),
        "s",
        "o",
        ToolCall("tooluse_1", "look", {"at": 1}),
        Finish(stop_reason="tool_use", input_tokens=1, output_tokens=3),
    ]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(), Served(service_tier="flex", latency_mode="optimized")),
        (
            Reply(service_tier="default", invoked_model="x"),
            Served(service_tier="default", latency_mode="optimized", invoked_model="x"),
        ),
    ],
)
def test_answer_is_served_as_asked_unless_the_reply_says_otherwise(reply: Reply, expected: Served) -> None:
    """What was asked for is echoed, and a reply can serve something else."""
    asked = replace(request(), service_tier="flex", latency_mode="optimized")
    assert next(engine(default=reply).converse(asked)) == expected


def test_unknown_fault_is_refused_with_the_nearest() -> None:
    """A fault that does not exist is found when the script is written."""
    with pytest.raises(UnknownNameError, match="Did you mean 'ThrottlingException'"):
        ScriptedFault(name="ThrotlingException")
