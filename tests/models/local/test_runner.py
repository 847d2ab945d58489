"""The runner over the smaller real model, and what it says when it cannot run."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.errors import RunnerFailedError, RunnerMissingError
from pytest_llm_migrate.models.endpoint import Fault
from pytest_llm_migrate.models.local.renderers import Chat, Completion
from pytest_llm_migrate.models.local.runner import Ending, Runner, Sampling, _checked, _pieces, _prompt_tokens

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from pytest_llm_migrate.models.local import LocalEngine
    from pytest_llm_migrate.models.local.renderers import Prompt

COUNTING = Completion(text="one, two, three, four, five,", stop=())


@pytest.fixture(scope="module")
def runner(engine: LocalEngine) -> Runner:
    """Return the smaller model."""
    return engine.load("smollm2-135m")


def sampling(max_tokens: int = 4, temperature: float = 0, top_p: float | None = None, **more: bool) -> Sampling:
    """Return settings for a short answer."""
    return Sampling(
        max_tokens=max_tokens, temperature=temperature, top_p=top_p, reuse_prompt=more.get("reuse_prompt", False)
    )


def run(runner: Runner, prompt: Prompt, settings: Sampling) -> tuple[list[str], Ending]:
    """Return the pieces of an answer, and its ending."""
    pieces = list(runner.generate(prompt, settings))
    ending = pieces.pop()
    assert isinstance(ending, Ending)
    return [piece for piece in pieces if isinstance(piece, str)], ending


def test_answer_comes_in_pieces_and_ends_at_its_limit(runner: Runner) -> None:
    """Tokens are yielded one by one; the ending counts them."""
    pieces, ending = run(runner, COUNTING, sampling(max_tokens=6))
    assert "six" in "".join(pieces)
    assert len(pieces) > 1
    assert (ending.stop_type, ending.output_tokens, ending.reused_tokens) == ("limit", 6, 0)
    assert ending.prompt_tokens > 9


def test_stop_word_ends_the_answer_and_is_named(runner: Runner) -> None:
    """The text before the stop sequence is the answer."""
    pieces, ending = run(runner, Completion(text=COUNTING.text, stop=("\n", ",")), sampling(max_tokens=20))
    assert "".join(pieces) == " six"
    assert (ending.stop_type, ending.stop_word) == ("word", ",")


def test_chat_goes_through_the_models_template(runner: Runner) -> None:
    """A chat ends by itself, and the template's own tokens count as read."""
    prompt = Chat(messages=(("system", "Be brief."), ("user", "Say hi.")), stop=())
    pieces, ending = run(runner, prompt, sampling(max_tokens=60))
    assert "<|im" not in "".join(pieces)
    assert ending.stop_type == "eos"
    assert ending.prompt_tokens == runner.count(prompt) > 10


def test_same_prompt_gives_the_same_text_at_temperature_zero(runner: Runner) -> None:
    """Nothing is remembered between calls, whether or not the prompt is read anew."""
    first, _ = run(runner, COUNTING, sampling(max_tokens=8))
    run(runner, Completion(text="Something else", stop=()), sampling())
    again, _ = run(runner, COUNTING, sampling(max_tokens=8))
    reused, ending = run(runner, COUNTING, sampling(max_tokens=8, reuse_prompt=True))
    assert first == again == reused
    assert ending.reused_tokens == ending.prompt_tokens - 1


def test_temperature_and_top_p_are_heeded(runner: Runner) -> None:
    """Drawn at random, answers differ; out of the likeliest token alone they do not."""
    story = Completion(text="My favourite", stop=())
    drawn = {"".join(run(runner, story, sampling(max_tokens=6, temperature=1))[0]) for _ in range(4)}
    likeliest = {"".join(run(runner, story, sampling(max_tokens=6, temperature=1, top_p=0))[0]) for _ in range(3)}
    assert len(drawn) > 1
    assert len(likeliest) == 1


def test_abandoned_answer_frees_the_model(runner: Runner) -> None:
    """Closing an answer early ends its generation, and the next call is served."""
    long = runner.generate(COUNTING, sampling(max_tokens=3000))
    next(long)
    long.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "local-model"]
    assert run(runner, COUNTING, sampling())[1].output_tokens == 4


def test_calls_wait_for_each_other(runner: Runner) -> None:
    """A second call begins when the first has ended."""
    first = runner.generate(COUNTING, sampling(max_tokens=3000))
    next(first)
    with ThreadPoolExecutor(1) as threads:
        second = threads.submit(run, runner, COUNTING, sampling())
        with pytest.raises(TimeoutError):
            second.result(timeout=0.3)
        first.close()
        assert second.result(timeout=10)[1].output_tokens == 4


def test_prompt_beyond_the_context_is_refused_and_still_counted(runner: Runner) -> None:
    """Too long an input is the service's own error; its tokens can be counted."""
    endless = Completion(text="hello " * 5000, stop=())
    with pytest.raises(Fault, match=r"ValidationException: Input is too long for requested model\."):
        run(runner, endless, sampling())
    with pytest.raises(Fault, match="Input is too long"):
        run(runner, Chat(messages=(("user", endless.text),), stop=()), sampling())
    assert runner.count(endless) > 5000


def test_conversation_that_the_template_refuses_is_a_validation_error(runner: Runner) -> None:
    """What the runner raises about a conversation reaches the caller as the service would say it."""
    with pytest.raises(Fault, match="ValidationException: Cannot have 2 or more assistant messages"):
        run(runner, Chat(messages=(("assistant", "a"), ("assistant", "b")), stop=()), sampling())


def test_generation_that_the_end_of_the_program_cuts_off_is_a_fault() -> None:
    """Without an ending there is no usage to report, so the answer fails."""

    def cut_off() -> Generator[dict[str, Any], None, None]:
        yield {"choices": [{"text": "once"}]}

    pieces = _pieces(cut_off())
    assert next(pieces) == "once"
    with pytest.raises(Fault, match="ServiceUnavailableException: The service is shutting down"):
        next(pieces)
    with pytest.raises(Fault, match="ServiceUnavailableException: The service is shutting down"):
        _prompt_tokens(cut_off())


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        ({"code": 400, "message": "no"}, "ValidationException: no"),
        ({"code": 500, "message": "broken"}, "ModelErrorException: broken"),
    ],
)
def test_error_that_is_returned_is_a_fault(error: dict[str, Any], fault: str) -> None:
    """What the library returns as an error is the caller's fault or the model's, by its code."""
    with pytest.raises(Fault, match=fault):
        _checked({"error": error})


def test_loading_and_running_write_nothing(runner: Runner, capfd: pytest.CaptureFixture[str]) -> None:
    """The library's own log stays off the terminal."""
    run(runner, COUNTING, sampling())
    assert capfd.readouterr() == ("", "")


def test_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    """A broken file is an error with the way to a good one."""
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"no model")
    with pytest.raises(RunnerFailedError, match=r"broken\.gguf cannot be loaded: .*fetch-models"):
        Runner(path)


def test_missing_library_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without xllamacpp the error says what to install."""
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(RunnerMissingError, match=r"xllamacpp: pip install 'pytest-llm-migrate\[local\]'"):
        Runner(tmp_path / "any.gguf")
