"""What every error shares."""

from __future__ import annotations

import difflib
from collections import Counter
from typing import TYPE_CHECKING

from pytest_llm_migrate.errors.masking import masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


_MOST_NAMES = 12
"""Names that one sentence lists."""


class MigrateError(Exception):
    """Something a user did or can mend: one clear sentence, shown without a traceback, or an account id of an ARN."""

    def __str__(self) -> str:
        return masked(super().__str__())


class UnknownNameError(MigrateError):
    """Raised when a name (of a metric, a strategy, a column, ...) is not one of those that exist."""

    def __init__(self, kind: str, name: str, known: Iterable[str], *, where: str = "", hint: str = "") -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        listed = _listed(name, self.known) or "none"
        prefix = f"{where}: " if where else ""
        super().__init__(
            f"{prefix}unknown {kind} {name!r}.{nearest(name, self.known)} Known: {listed}.{hint and ' '}{hint}"
        )


def _listed(name: str, known: Sequence[str]) -> str:
    """Return known names: all of a few, else the nearest ones, and how many more there are, in families by prefix."""
    if len(known) <= _MOST_NAMES:
        return ", ".join(known)
    near = difflib.get_close_matches(name, known, n=_MOST_NAMES, cutoff=0)
    others = [other for other in known if other not in near]
    families = Counter(f"{other.partition(':')[0]}:*" for other in others if ":" in other)
    told = [f"{number} {family}" for family, number in families.items()]
    among = f", of which {', '.join(told)}" if told else ""
    return f"{', '.join(near)} and {len(others)} more{among}"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `` Did you mean '...'?`` for the closest known name, or nothing."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""


class MissingExtraError(MigrateError):
    """Raised when something needs a package that only an extra of this distribution brings."""

    def __init__(self, need: str, package: str, extra: str) -> None:
        self.need, self.package, self.extra = need, package, extra
        super().__init__(f"{need} needs {package}: pip install 'pytest-llm-migrate[{extra}]'")


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: ``1 cell``, ``2 cells``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
