"""What became of a prompt that was rewritten, in lines for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import counted
from pytest_llm_migrate.report.numbers import count, usd
from pytest_llm_migrate.report.text import visible, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WIDTH = 78


def rewrite_lines(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a strategy made of a prompt: scores, tokens, notes, files and the diff, each line escaped."""
    before, after = record["before"], record["after"]
    yield from _lines(f"{record['prompt']} for {record['target']}: {record['strategy']}", "")
    yield f"  dev score {before['mean']:.3f} -> {after['mean']:.3f} over {after['rows']:,} rows"
    tokens = f"{_tokens(before)} -> {_tokens(after)}"
    yield from _lines(f"tokens a row: {tokens}; cost: {usd(before['cost'])} -> {usd(after['cost'])}", "  ")
    for note in record["notes"]:
        yield from _lines(note, "  ")
    yield from _lines(f"filed in {', '.join(record['files'])}", "  ")
    for line in record["diff"]:
        yield f"  {visible(line)}"


def plan_lines(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield what rewriting a prompt would take, and what it would write over."""
    yield from _lines(f"{record['prompt']} for {record['target']}: {record['strategy']}", "")
    texts, answers = record["texts"], record["answers"]
    takes = f"{counted(texts, 'text')} of the optimizer, {counted(answers, 'answer')} of the target, at most"
    yield from _lines(f"{takes}; tried out on {counted(record['rows'], 'row')}; {usd(record['usd'])} for answers", "  ")
    for file in record["files"]:
        yield from _lines(f"{file['path']}: {file['state']}", "  ")


def _tokens(trial: Mapping[str, Any]) -> str:
    return f"{count(trial['input_tokens'])} in, {count(trial['output_tokens'])} out"


def _lines(text: str, indent: str) -> Iterator[str]:
    first, *rest = wrapped(visible(text), _WIDTH - len(indent))
    yield indent + first
    yield from (f"{indent}  {line}" for line in rest)
