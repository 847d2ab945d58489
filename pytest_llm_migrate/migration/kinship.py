"""Judges that are kin to what they judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain import SIDES
from pytest_llm_migrate.domain.families import family_of, same_model
from pytest_llm_migrate.migration.settings import RECORDED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def kinship_warnings(terms: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for every judge that is a side's model itself, or of one side's family alone."""
    for judge in terms.get("judges", ()):
        sides = {side: str(terms[side]["ref"]) for side in SIDES if terms[side]["ref"] != RECORDED}
        selves = [side for side, ref in sides.items() if same_model(judge, ref)]
        kin = [side for side, ref in sides.items() if side not in selves and _is_kin(judge, ref)]
        if selves:
            yield f"the judge is the {' and the '.join(selves)} model itself ({judge}): judges favour their own answers"
        elif len(kin) == 1:
            yield (
                f"the judge {judge} is of the {kin[0]}'s family ({family_of(judge)}): judges favour their own family's "
                "answers; have one of another family judge too"
            )


def _is_kin(judge: str, ref: str) -> bool:
    return family_of(judge) is not None and family_of(judge) == family_of(ref)
