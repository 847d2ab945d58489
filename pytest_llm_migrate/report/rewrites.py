"""What became of a prompt that was rewritten, in lines for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import counted
from pytest_llm_migrate.report.numbers import UNKNOWN, count, usd
from pytest_llm_migrate.report.text import markdown, one_line, padded, visible, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WIDTH = 78
_LONGEST_DIFF = 60  # lines on the terminal; Markdown and JSON have all
_LONGEST_WHY = 300


def rewrite_lines(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a strategy made of a prompt: scores, tokens, notes, files and the diff, each line escaped."""
    before, after = record["before"], record["after"]
    yield from _lines(f"{record['prompt']} for {record['target']}: {record['strategy']}", "")
    yield f"  dev score {before['mean']:.3f} -> {after['mean']:.3f} over {counted(after['rows'], 'row')}"
    tokens = f"{_tokens(before)} -> {_tokens(after)}"
    yield from _lines(f"tokens a row: {tokens}; cost: {usd(before['cost'])} -> {usd(after['cost'])}", "  ")
    for note in record["notes"]:
        yield from _lines(note, "  ")
    yield from _lines(f"filed in {', '.join(record['files'])}", "  ")
    yield from _variant_lines(record)
    for line in record["diff"][:_LONGEST_DIFF]:
        yield f"  {visible(line)}"
    if (left := len(record["diff"]) - _LONGEST_DIFF) > 0:
        shown = f"python -m pytest_llm_migrate prompts diff {record['prompt']} --for {record['target']}"
        yield from _lines(f"... {counted(left, 'more line')}: {shown}", "  ")


def rewrites_markdown(record: Mapping[str, Any]) -> str:
    """Return what became of all prompts of a run as Markdown: a table, notes, and the diffs."""
    return "\n".join(_markdown(record)) + "\n"


def _markdown(record: Mapping[str, Any]) -> Iterator[str]:
    yield f"## Prompts rewritten by {markdown(record['strategy'])}"
    yield ""
    if record["prompts"]:
        yield "| Prompt | Target | Strategy | Dev score | Tokens in | Tokens out | Cost | Filed |"
        yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for found in record["prompts"]:
        yield from (f"| {' | '.join(cells)} |" for cells in _markdown_rows(found))
    yield ""
    for found in record["failed"]:
        what = f"{markdown(found['prompt'])} for {markdown(found['target'])}"
        yield f"- ❌ {what}: {markdown(found['why'], _LONGEST_WHY)}"
    for found in record["prompts"]:
        yield from (f"- {markdown(note)}" for note in found["notes"])
        yield from _markdown_diff(found)


def _markdown_rows(record: Mapping[str, Any]) -> Iterator[list[str]]:
    before, after = record["before"], record["after"]
    yield [
        markdown(record["prompt"]),
        markdown(record["target"]),
        markdown(record["strategy"]),
        f"{before['mean']:.3f} → {after['mean']:.3f}",
        *(f"{count(before[name])} → {count(after[name])}" for name in ("input_tokens", "output_tokens")),
        f"{usd(before['cost'])} → {usd(after['cost'])}",
        "yes",
    ]
    for variant in record["variants"]:
        if variant["strategy"] != record["strategy"]:
            known = [markdown(variant["strategy"]), markdown(_score(variant)), "-", "-", "-", variant_state(variant)]
            yield ["", "", *known]


def _markdown_diff(record: Mapping[str, Any]) -> Iterator[str]:
    # Indented text is code, whatever backticks it holds.
    yield from ("", f"{markdown(record['prompt'])} for {markdown(record['target'])}:", "")
    yield from (f"    {visible(line)}" for line in record["diff"])
    yield ""


def variant_state(variant: Mapping[str, Any]) -> str:
    """Return whether a strategy's prompt is the filed one, tuned, stale or edited by hand."""
    words = {"filed": "filed", "tuned": "tuned by dev rows", "stale": "stale", "edited": "edited by hand"}
    return ", ".join(word for key, word in words.items() if variant[key]) or "kept"


def variant_cells(variant: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Return a strategy's prompt as cells: strategy, dev score, dev rows, state."""
    score = UNKNOWN if variant["dev_score"] is None else f"{variant['dev_score']:.3f}"
    return variant["strategy"], score, count(variant["dev_rows"]), variant_state(variant)


def _variant_lines(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield what every strategy has written for the target so far, where there are several."""
    if len(record["variants"]) > 1:
        yield "  strategy                    dev score      state"
        for variant in record["variants"]:
            name = padded(one_line(variant["strategy"]), 26)
            yield f"  {name}  {padded(_score(variant), 13)}  {variant_state(variant)}"


def _score(variant: Mapping[str, Any]) -> str:
    if variant["dev_score"] is None:
        return UNKNOWN
    rows = f" of {variant['dev_rows']:,}" if variant["dev_rows"] else ""
    return f"{variant['dev_score']:.3f}{rows}"


def plan_lines(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield what rewriting a prompt would take, and what it would write over."""
    yield from _lines(f"{record['prompt']} for {record['target']}: {record['strategy']}", "")
    texts, answers = record["texts"], record["answers"]
    takes = f"{counted(texts, 'text')} of the optimizer, {counted(answers, 'answer')} of the target, at most"
    yield from _lines(
        f"{takes}; tried out on {counted(record['rows'], 'row')}; answers cost: {usd(record['usd'])}", "  "
    )
    for file in record["files"]:
        yield from _lines(f"{file['path']}: {file['state']}", "  ")


def _tokens(trial: Mapping[str, Any]) -> str:
    return f"{count(trial['input_tokens'])} in, {count(trial['output_tokens'])} out"


def _lines(text: str, indent: str) -> Iterator[str]:
    first, *rest = wrapped(visible(text), _WIDTH - len(indent))
    yield indent + first
    yield from (f"{indent}  {line}" for line in rest)
