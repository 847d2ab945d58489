"""What became of a prompt that was rewritten, in lines for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import counted
from pytest_llm_migrate.report.numbers import UNKNOWN, count, usd
from pytest_llm_migrate.report.text import columns, markdown, one_line, padded, visible, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

WIDTH = 78
"""Columns of a line, but for those of a diff."""
_LONGEST_DIFF = 60  # lines on the terminal; Markdown and JSON have all
_LONGEST_WHY = 300
_NONE = "-"
_VARIANT_HEADS = (
    "Strategy",
    "Dev score",
    "Dev rows",
    "Holdout score",
    "Tokens in",
    "Tokens out",
    "Cost a row",
    "Lines changed",
    "State",
)


def rewrite_lines(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a strategy made of a prompt: scores, tokens, notes, files and the diff, each line escaped."""
    before, after = record["before"], record["after"]
    yield from _lines(f"{record['prompt']} for {record['target']}: {record['strategy']}", "")
    yield f"  dev score {before['mean']:.3f} -> {after['mean']:.3f} over {counted(after['rows'], 'row')}"
    yield f"  tokens a row: {_tokens(before)} -> {_tokens(after)}"
    yield f"  cost a row: {usd(_cost_a_row(before))} -> {usd(_cost_a_row(after))}"
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
        yield "| Prompt | Target | Strategy | Dev score | Tokens in | Tokens out | Cost a row | Lines | Filed |"
        yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for found in record["prompts"]:
        yield from (f"| {' | '.join(cells)} |" for cells in _markdown_rows(found))
    yield ""
    for found in record["failed"]:
        what = f"{markdown(found['prompt'])} for {markdown(found['target'])}"
        yield f"- ❌ {what}: {markdown(found['why'], _LONGEST_WHY)}"
    for found in record["prompts"]:
        yield from (f"- {markdown(note)}" for note in found["notes"])
        yield from _markdown_diff(found)
    yield from spending_lines(record["spending"])


def _markdown_rows(record: Mapping[str, Any]) -> Iterator[list[str]]:
    before, after = record["before"], record["after"]
    yield [
        markdown(record["prompt"]),
        markdown(record["target"]),
        markdown(record["strategy"]),
        f"{before['mean']:.3f} → {after['mean']:.3f}",
        *(f"{count(before[name])} → {count(after[name])}" for name in ("input_tokens", "output_tokens")),
        f"{usd(_cost_a_row(before))} → {usd(_cost_a_row(after))}",
        _lines_changed(record["diff"]),
        "yes",
    ]
    for variant in record["variants"]:
        if variant["strategy"] != record["strategy"]:
            strategy, *figures = _figures(variant, "→")
            yield ["", "", markdown(strategy), *figures, variant_state(variant)]


def _markdown_diff(record: Mapping[str, Any]) -> Iterator[str]:
    # Indented text is code, whatever backticks it holds.
    yield from ("", f"{markdown(record['prompt'])} for {markdown(record['target'])}:", "")
    yield from (f"    {visible(line)}" for line in record["diff"])
    yield ""


def variant_state(variant: Mapping[str, Any]) -> str:
    """Return whether a strategy's prompt is the filed one, tuned, stale or edited by hand."""
    words = {"filed": "filed", "tuned": "tuned by dev rows", "stale": "stale", "edited": "edited by hand"}
    return ", ".join(word for key, word in words.items() if variant[key]) or "kept"


def variant_cells(variant: Mapping[str, Any], migration: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return a strategy's prompt as cells with their heads; the migration tells of the one that it judged."""
    strategy, score, *figures = _figures(variant, "→")
    is_judged = variant.get("sha256") == (migration["target"].get("prompt") or {}).get("sha256", "")
    tuning = migration.get("prompt_tuning") if is_judged else None
    holdout = f"{tuning['holdout_score']:.3f}" if tuning else _NONE
    state = f"{variant_state(variant)}{', judged here' if is_judged else ''}"
    cells = (strategy, score, count(variant["dev_rows"]), holdout, *figures, state)
    return list(zip(_VARIANT_HEADS, cells, strict=True))


def _figures(variant: Mapping[str, Any], arrow: str) -> tuple[str, str, str, str, str, str]:
    """Return strategy, dev score before and after, tokens in and out, cost a row, and lines changed."""
    before, after = (_score(variant.get(name)) for name in ("source_score", "dev_score"))
    tokens = [count(variant.get(name)) for name in ("input_tokens", "output_tokens")]
    lines = f"+{variant['lines_added']} -{variant['lines_removed']}" if "lines_added" in variant else UNKNOWN
    return variant["strategy"], f"{before} {arrow} {after}", tokens[0], tokens[1], usd(variant.get("usd")), lines


def _variant_lines(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield a table of what every strategy has written for the target so far, where there are several."""
    if len(record["variants"]) > 1:
        rows = [("strategy", "dev score", "in", "out", "cost a row", "lines", "state")]
        rows += [(*_figures(variant, "->"), variant_state(variant)) for variant in record["variants"]]
        yield from _table([tuple(map(one_line, row)) for row in rows])


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows of a name, figures and words: figures are whole, words wrap, a name too long has a line of its own."""
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    room = WIDTH - 2 - sum(width + 2 for width in widths[1:-1]) - 2
    state = min(widths[-1], max(room - widths[0], room // 2))
    named = min(widths[0], room - state)
    for name, *figures, words in rows:
        if columns(name) > named:
            yield from (f"  {line}" for line in wrapped(name, WIDTH - 2))
        cells = [name if columns(name) <= named else "", *figures]
        start = "  ".join(padded(cell, width) for cell, width in zip(cells, [named, *widths[1:-1]], strict=True))
        for place, line in enumerate(wrapped(words, state)):
            yield f"  {start if place == 0 else ' ' * columns(start)}  {line}".rstrip()


def _score(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.3f}"


def _cost_a_row(trial: Mapping[str, Any]) -> float | None:
    return trial["cost"] / trial["rows"] if trial["cost"] is not None and trial["rows"] else None


def _lines_changed(diff: Sequence[str]) -> str:
    marks = [line[:1] for line in diff[2:]]  # behind the names of both sides
    return f"+{marks.count('+')} -{marks.count('-')}"


def plan_lines(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield what rewriting a prompt would take, and what it would write over."""
    yield from _lines(f"{record['prompt']} for {record['target']}: {record['strategy']}", "")
    parts = list(_plan_parts(record))
    takes = ", ".join(what for what, _ in parts)
    yield from _lines(f"{takes}, at most; tried out on {counted(record['rows'], 'row')}", "  ")
    costs = ", ".join(f"{usd(cost)} for {what}" for what, cost in parts)
    yield from _lines(f"cost, at the source prompt's length: {costs}", "  ")
    for file in record["files"]:
        yield from _lines(f"{file['path']}: {file['state']}", "  ")


def spending_lines(spending: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the calls that a rewriting made came to; nothing where it made none."""
    if spending["calls"]:
        yield f"rewriting took {counted(spending['calls'], 'call')}: {_spent(spending)}"


def _spent(spending: Mapping[str, Any]) -> str:
    unpriced = spending["unpriced_calls"]
    if not unpriced:
        return usd(spending["usd"])
    if unpriced == spending["calls"]:
        return "no price is known"
    return f"{usd(spending['usd'])}, and {counted(unpriced, 'call')} without a known price"


def _plan_parts(record: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    """Yield what is asked for, each with its cost."""
    if record["services"]:
        yield counted(record["services"], "request") + " to a service", None
    if record["texts"]:
        by = record["optimizer"] or "the optimizer (there is no --optimizer-model)"
        yield f"{counted(record['texts'], 'text')} of {by}", record["texts_usd"]
    yield f"{counted(record['answers'], 'answer')} of the target", record["usd"]
    for judge in record["judges"]:
        yield f"{counted(judge['calls'], 'call')} of the judge {judge['ref']}", judge["usd"]


def _tokens(trial: Mapping[str, Any]) -> str:
    return f"{count(trial['input_tokens'])} in, {count(trial['output_tokens'])} out"


def _lines(text: str, indent: str) -> Iterator[str]:
    first, *rest = wrapped(visible(text), WIDTH - len(indent))
    yield indent + first
    yield from (f"{indent}  {line}" for line in rest)
