"""Whether what a run judged is what somebody signed off, and still stands by."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import DecisionError, RunFolderError, SignatureFileError
from pytest_llm_migrate.signoff.keys import read_signers
from pytest_llm_migrate.signoff.signing import SIGNATURES
from pytest_llm_migrate.signoff.standing import EXPIRED, VALID, standing_of
from pytest_llm_migrate.signoff.statement import REJECT, read_signoff
from pytest_llm_migrate.signoff.terms import SEAL_FILE, changed_terms, read_record, terms_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_llm_migrate.signoff.standing import Standing
    from pytest_llm_migrate.signoff.statement import SignOff

SIGNERS_FILE = "allowed_signers"
"""The file in the folder of sign-offs that says whose keys count."""
_AGAIN = "python -m pytest_llm_migrate sign"


def lacking_signoffs(
    folder: Path, migrations: Iterable[Mapping[str, Any]], signoffs: Path, now: dt.datetime
) -> list[str]:
    """Return a sentence for each migration of a run that nobody signed off as it is now.

    ``migrations`` are the run's, as in ``results.json``; ``folder`` is the run's, with the seal in it. Sign-offs of
    earlier runs beside it count, and those in the folder ``signoffs``, whose ``allowed_signers`` has the keys.

    Raises:
        SignersFileError: There is no such file, or it cannot be read.
        MissingExtraError: There are signatures, and the library that checks them is not installed.
    """
    signers = read_signers([signoffs / SIGNERS_FILE])
    paths = [*signoffs.glob("*.json"), *folder.parent.glob(f"*/{SIGNATURES}/*.json")]
    found, damaged = _read(sorted(paths))
    standings = [(each, standing_of(each, signers, now)) for each in found]
    seal: dict[str, Any] = {"migrations": [], "gates": [], "options": {}}
    with suppress(RunFolderError):  # where no gate was selected there is none
        seal = read_record(folder, SEAL_FILE)
    return [said for record in migrations if (said := _lacking(seal, record, standings, damaged))]


def _read(paths: Iterable[Path]) -> tuple[list[SignOff], list[str]]:
    found, damaged = [], []
    for path in paths:
        try:
            found.append(read_signoff(path))
        except SignatureFileError as error:
            damaged.append(str(error))
    return found, damaged


def _lacking(
    seal: Mapping[str, Any],
    record: Mapping[str, Any],
    standings: Sequence[tuple[SignOff, Standing]],
    damaged: Sequence[str],
) -> str:
    subject = f"{record['name']} for {record['target']['ref']}"
    try:
        terms = terms_of(seal, record)
    except DecisionError as error:
        return f"{subject} has no sign-off that can be compared: {error.reason}"
    ours = [(found, standing) for found, standing in standings if _is_of(found, record)]
    same = [found for found, standing in ours if standing.holds and not changed_terms(found.statement.terms, terms)]
    newest = _newest_of_each(same)
    rejected = next((found.statement for found in newest if found.statement.decision == REJECT), None)
    if rejected:
        return f"{rejected.name} rejected {subject} on {rejected.day}: {rejected.reason}"
    if newest:
        return ""
    if not ours:
        return "; ".join([f"nobody signed off {subject}{_elsewhere(record, standings)}", *damaged])
    # What a trusted key signed says more than what anybody wrote.
    found, standing = max(ours, key=lambda pair: (pair[1].state in {VALID, EXPIRED}, pair[0].statement.signed_at))
    return _reason(subject, found, standing, terms)


def _reason(subject: str, found: SignOff, standing: Standing, terms: Mapping[str, Any]) -> str:
    said = found.statement
    if standing.state not in {VALID, EXPIRED}:
        return f"{subject} is not signed off: {standing.sentence} ({found.path.name})"
    changed = changed_terms(said.terms, terms)
    if not changed:
        return f"the sign-off of {subject} by {said.name} expired on {str(said.expires_at)[:10]}: {_AGAIN}"
    parts = " and ".join(filter(None, [", ".join(changed[:-1]), changed[-1]]))
    return f"{parts} of {subject} changed since {said.name} signed on {said.day}: look at this run, then {_AGAIN}"


def _newest_of_each(found: Iterable[SignOff]) -> list[SignOff]:
    """Return the last word of every key."""
    ordered = sorted(found, key=lambda each: each.statement.signed_at)
    return list({each.key: each for each in ordered}.values())


def _is_of(found: SignOff, record: Mapping[str, Any]) -> bool:
    said = found.statement
    is_named_so = (said.subject, said.target) == (record["name"], record["target"]["ref"])
    return is_named_so or said.migration == record["id"]


def _elsewhere(record: Mapping[str, Any], standings: Iterable[tuple[SignOff, Standing]]) -> str:
    others: Iterator[str] = (
        found.statement.target for found, standing in standings if found.statement.subject == record["name"]
    )
    targets = ", ".join(dict.fromkeys(others))
    return f", only for {targets}" if targets else ""
