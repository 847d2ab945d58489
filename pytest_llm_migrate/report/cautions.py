"""What a reader must know before believing a verdict, as far as the figures tell it and no warning says it yet."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_llm_migrate.domain import is_monitor
from pytest_llm_migrate.report.names import names_of
from pytest_llm_migrate.report.numbers import count, counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llm_migrate.report.figures import Record

_UNDECIDED = "NOT ENOUGH EVIDENCE"
_TOLD = ("not from a latency pass", "the conditions differ")
"""What the run's own warning says of times that were kept, replayed or recorded."""


def cautions_of(migration: Record) -> list[str]:
    """Return the warnings of a migration, and after them what else weakens its verdict."""
    return list(dict.fromkeys([*migration["warnings"], *_seen(migration)]))


def shared_cautions(migrations: Sequence[Record]) -> list[tuple[list[str], str]]:
    """Return what several migrations warn of, each warning once with the names whose it is, the most shared first."""
    whose: dict[str, list[str]] = defaultdict(list)
    names = names_of(migrations)
    for migration in migrations:
        for warning in cautions_of(migration):
            whose[warning].append(names[migration["id"]])
    return [(whose[warning], warning) for warning in sorted(whose, key=lambda warning: -len(whose[warning]))]


def _seen(migration: Record) -> Iterator[str]:
    yield from _judges(migration)
    yield from _size(migration)
    yield from _kept(migration)
    refused = migration["refusals"]["target"] - migration["refusals"]["source"]
    if refused > 0:
        yield f"the target refused {counted(refused, 'answer')} more than the source"
    stale = [variant["strategy"] for variant in migration.get("variants", ()) if variant["filed"] and variant["stale"]]
    if stale:
        yield f"the target's prompt ({', '.join(stale)}) was made from a source prompt that has changed since"


def _judges(migration: Record) -> Iterator[str]:
    """Yield the judges that no human scores speak for."""
    certificates = migration.get("certificates", {})
    asked = {said["figures"].get("metric") for gate in migration["gates"] for said in gate["statements"]}
    for name, held in certificates.items():
        for found in held:
            if found["caution"]:
                yield f"{name}: {found['caution']}"
    # People's own scores are given, as a judge's are, and need nobody behind them.
    spoken_for = {*migration.get("people", {}), *(name for name, held in certificates.items() if held)}
    compared = migration.get("pairwise", {}).items()
    scored = [*migration.get("judged", ()), *(name for name, found in compared if found.get("by") == "judge")]
    spoken_for |= {name for name, found in compared if found["agreement"]}
    bare = [name for name in dict.fromkeys(scored) if name not in spoken_for and not is_monitor(name)]
    if named := [name for name in bare if name in asked]:
        what = "is" if len(named) == 1 else "are"
        yield f"{', '.join(named)} {what} scored by a judge that was not held against people's scores"


def _size(migration: Record) -> Iterator[str]:
    undecided = [said for gate in migration["gates"] for said in gate["statements"] if said["verdict"] == _UNDECIDED]
    if undecided:
        needed = max((said["figures"].get("more_rows") or 0 for said in undecided), default=0)
        more = f"; about {count(needed)} more would be needed" if needed else ""
        yield f"{counted(migration['dataset']['rows'], 'row')} are too few for {counted(len(undecided), 'gate')}{more}"


def _kept(migration: Record) -> Iterator[str]:
    """Yield that times are those of earlier calls, where a gate asks about them."""
    timed = any(
        said["figures"].get("quantity") in {"latency", "ttft"}
        for gate in migration["gates"]
        for said in gate["statements"]
    )
    kept = [f"{count(number)} {side}" for side, number in migration["cached"].items() if number]
    is_said = any(words in warning for words in _TOLD for warning in migration["warnings"])
    if timed and kept and not is_said and not migration.get("latency_pass"):
        yield f"latencies of {' and '.join(kept)} answers are those of earlier calls, not measured side by side"
