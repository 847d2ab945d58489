"""What became of a verification, in lines for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import counted
from pytest_llm_migrate.report.text import one_line, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_WIDTH = 80
_MOST_CHANGES = 40
_ROOT_DIGITS = 16


def verification_lines(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was verified, what changed, and where each sign-off stands, in at most 80 columns."""
    yield f"{'VERIFIED' if record['holds'] else 'NOT VERIFIED'}: run {one_line(record['run'], 50)}"
    covers = f"{counted(record['files'], 'file')} and {record['rows']:,} row{'' if record['rows'] == 1 else 's'}"
    yield f"root {one_line(record['root'][:_ROOT_DIGITS])}... over {covers}"
    yield from _changes(record["changes"])
    for signoff in record["signoffs"]:
        yield from _signoff(signoff)
    yield from _notes(record)


def _changes(changes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not changes:
        yield "nothing changed since the run ended"
        return
    yield f"{counted(len(changes), 'change')} since the run ended:"
    for change in changes[:_MOST_CHANGES]:
        yield from _item(change["sentence"])
    if len(changes) > _MOST_CHANGES:
        yield from _item(f"and {counted(len(changes) - _MOST_CHANGES, 'more change')}; --json has them all")


def _signoff(signoff: Mapping[str, Any]) -> Iterator[str]:
    yield from _wrapped(f"{signoff['file']}: {signoff['state'].upper()}. {signoff['sentence']}", "")
    what = f"{signoff['subject']} for {signoff['target']} ({signoff['verdict'] or 'no verdict'})"
    yield from _wrapped(f"{signoff['name']}, {signoff['role']}: {signoff['decision']} {what}", "  ")
    yield from _wrapped(f"reason: {signoff['reason']}", "  ")
    if signoff["conditions"]:
        yield from _wrapped(f"conditions: {signoff['conditions']}", "  ")
    if signoff["key"]:
        whose = f", {signoff['key_of']}" if signoff["key_of"] else ""
        yield f"  signed at {one_line(signoff['signed_at'])}"
        yield from _wrapped(f"key {signoff['key']}{whose}", "  ")


def _notes(record: Mapping[str, Any]) -> Iterator[str]:
    signed = [signoff for signoff in record["signoffs"] if signoff["key"]]
    if not signed:
        yield from _wrapped("nobody signed this run: whoever changed its files could have written its hashes anew", "")
    elif not record["keys_checked"]:
        yield from _wrapped("whose keys these are was not checked: --trusted FILE names those that count", "")


def _item(text: str) -> Iterator[str]:
    first, *rest = _wrapped(text, "    ")
    yield f"  - {first.strip()}"
    yield from rest


def _wrapped(text: str, indent: str) -> Iterator[str]:
    first, *rest = wrapped(one_line(text), _WIDTH - len(indent) - 2)
    yield indent + first
    yield from (f"{indent}  {line}" for line in rest)
