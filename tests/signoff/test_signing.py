"""Sign-offs: who signed what, and how each stands a year later."""

from __future__ import annotations

import base64
import datetime as dt
import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from pytest_llm_migrate.errors import (
    ChangedEvidenceError,
    DecisionError,
    KeyFileError,
    SignatureFileError,
    SignersFileError,
    UnknownNameError,
)
from pytest_llm_migrate.signoff import NAMESPACE, read_signers, read_signing_key, read_signoff, verify
from tests.signoff.stored import NOW, approve, leave_evidence, person, records
from tests.signoff.test_evidence import validator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llm_migrate.signoff import Signer

LATER = NOW + dt.timedelta(days=365)
MIGRATIONS = records()[0]["migrations"]
PEM, SSH = serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH
PKCS8, PLAIN = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()


def trusted(folder: Path, *numbers: int) -> list[Signer]:
    """Return the keys of some people, read from a file."""
    path = folder / "allowed_signers"
    path.write_text("# who may\n" + "".join(person(number).line for number in numbers))
    return read_signers([path])


def never() -> str:
    """Ask for a passphrase that nobody should ask for."""
    raise AssertionError


def states(run: Path, signers: list[Signer] | None = None, now: dt.datetime = NOW) -> list[str]:
    """Return where each sign-off of a run stands."""
    return [standing.state for _, standing in verify(run, signers=signers, now=now).signoffs]


def test_a_signed_run_holds_until_it_expires(run: Path, tmp_path: Path) -> None:
    """An approval by a trusted key holds for ninety days, and is expired after that."""
    approve(run, person())
    signers = trusted(tmp_path, 1)
    assert verify(run, signers=signers, now=NOW + dt.timedelta(days=89)).holds
    expired = verify(run, signers=signers, now=NOW + dt.timedelta(days=90))
    ((_, standing),) = expired.signoffs
    assert (expired.holds, standing.state) == (False, "expired")
    assert standing.sentence == "A. Meyer's sign-off expired on 2027-02-19T12:00:00+00:00"


def test_the_file_of_a_signature_fits_its_schema_and_has_no_private_key(run: Path) -> None:
    """The file has the statement, the public key and the signature; no file of the run has the private key."""
    who = person()
    approve(run, who)
    record = json.loads((run / "signatures" / "1.json").read_bytes())
    validator("signature").validate(record)
    assert record["key"] == who.line.split(None, 1)[1].strip()
    assert record["statement"]["expires_at"] == "2027-02-19T12:00:00+00:00"
    secret = who.private.private_bytes_raw()
    everything = b"".join(path.read_bytes() for path in run.rglob("*") if path.is_file())
    assert not any(form in everything for form in (secret, secret.hex().encode(), base64.b64encode(secret)))
    assert repr(who.key) == "SigningKey(...)"


def test_several_people_sign_and_each_stands_alone(run: Path, tmp_path: Path) -> None:
    """Sign-offs are numbered; one that expired does no harm beside one that holds."""
    approve(run, person(1), expires=NOW + dt.timedelta(days=1))
    approve(run, person(2))
    approve(run, person(3), decision="reject", reason="Refunds broke.")
    found = verify(run, signers=trusted(tmp_path, 1, 2, 3), now=NOW + dt.timedelta(days=2))
    assert [path.path.name for path, _ in found.signoffs] == ["1.json", "2.json", "3.json"]
    assert [standing.state for _, standing in found.signoffs] == ["expired", "valid", "valid"]
    assert found.holds
    assert states(run, trusted(tmp_path, 1, 2, 3), LATER) == ["expired", "expired", "valid"]


def test_a_key_that_is_not_trusted_is_named(run: Path, tmp_path: Path) -> None:
    """Whoever makes a key may write any name; without a list of keys that is not seen, and said so."""
    approve(run, person(2))
    found = verify(run, signers=trusted(tmp_path, 1), now=NOW)
    ((_, standing),) = found.signoffs
    assert (found.holds, standing.state) == (False, "unknown key")
    assert standing.sentence == "A. Meyer's signature is by a key that is not trusted"
    unchecked = verify(run, signers=None, now=NOW)
    assert (unchecked.holds, unchecked.is_trusted) == (True, False)


def rewritten(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a sign-off, and write it as the project would."""
    record = json.loads(path.read_bytes())
    change(record)
    path.write_text(json.dumps(record, indent=1) + "\n")


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record["statement"].update(decision="reject"),
        lambda record: record["statement"].update(root="0" * 64),
        lambda record: record["statement"].update(expires_at="2099-01-01T00:00:00+00:00"),
        lambda record: record["statement"].update(name="B"),
        lambda record: record.update(key=person(2).line.split(None, 1)[1].strip()),
        lambda record: record.update(signature=record["signature"].replace("A", "B")),
        lambda record: record.update(signature="none"),
    ],
)  # fmt: skip
def test_a_statement_that_was_changed_is_a_wrong_signature(
    run: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    """Nothing of a statement, its key or its signature can be exchanged."""
    approve(run, person())
    rewritten(run / "signatures" / "1.json", change)
    assert states(run) == ["wrong signature"]
    assert not verify(run, signers=None, now=NOW).holds


def test_a_file_that_is_laid_out_anew_is_named(run: Path) -> None:
    """A sign-off with a blank more is not the file that was written, and neither is one that is no record."""
    approve(run, person())
    path = run / "signatures" / "1.json"
    path.write_text(path.read_text() + " ")
    (change,) = verify(run, signers=None, now=NOW).changes
    assert (change.file, change.sentence) == (
        "signatures/1.json",
        "signatures/1.json is not as it was written: it was changed",
    )
    path.write_text("{}")
    with pytest.raises(SignatureFileError, match="it was changed, and cannot be read"):
        read_signoff(path)


def test_a_report_replaced_together_with_its_evidence_is_named(run: Path) -> None:
    """Who writes the evidence anew cannot write the signature anew: root and file are named."""
    approve(run, person())
    (run / "report.html").write_text("<p>GO</p>")
    leave_evidence(run)
    found = verify(run, signers=None, now=NOW)
    assert not found.holds
    since = "since A. Meyer signed on 2026-11-21"
    assert [change.sentence for change in found.changes] == [
        f"evidence.json was written anew {since}",
        f"report.html was replaced {since}, and evidence.json with it",
    ]


def test_a_decision_without_a_key_is_recorded_and_proves_nothing(run: Path) -> None:
    """What nobody signed is called so in its file, and does not make a run hold."""
    approve(run)
    record = json.loads((run / "signatures" / "1.json").read_bytes())
    validator("signature").validate(record)
    assert (record["kind"], record["signature"]) == ("recorded decision, not signed", None)
    assert states(run) == ["recorded"]
    assert not verify(run, signers=None, now=NOW).holds


def test_a_run_that_changed_is_not_signed(run: Path) -> None:
    """The refusal says what changed, and nothing is filed."""
    (run / "summary.md").unlink()
    with pytest.raises(ChangedEvidenceError, match=r"is not what the run left: summary\.md is missing\."):
        approve(run, person())
    assert not (run / "signatures").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"migration": MIGRATIONS[1]["id"]}, f"the verdict on {MIGRATIONS[1]['name']} is .*, not GO.*--conditions"),
        ({"decision": "approve-with-conditions"}, "--conditions belongs to approve-with-conditions"),
        ({"conditions": "Watch refunds."}, "--conditions belongs to approve-with-conditions"),
        ({"reason": " "}, "the reason is empty"),
        ({"expires": NOW}, "it would have expired on 2026-11-21T12:00:00"),
        ({"migration": None}, "the run has 3 migrations. Each has its own sign-off: --migration "),
    ],
)
def test_a_decision_that_does_not_fit_is_refused(run: Path, given: dict[str, Any], said: str) -> None:
    """What is wrong with a decision is said before anything is signed, with the way out."""
    with pytest.raises(DecisionError, match=said):
        approve(run, person(), **given)
    assert not (run / "signatures").exists()


def test_a_migration_is_called_by_its_name(run: Path) -> None:
    """A name that there is once is enough, and one that there is not gets the nearest."""
    assert approve(run, person(), migration=MIGRATIONS[0]["name"]).migration == MIGRATIONS[0]["id"]
    with pytest.raises(UnknownNameError, match="Did you mean"):
        approve(run, person(), migration=MIGRATIONS[0]["name"] + "x")


def test_a_migration_whose_gates_were_not_sealed_is_not_signed(run: Path) -> None:
    """Without a seal nobody can tell later which gates were signed."""
    (run / "sealed.json").unlink()
    leave_evidence(run)
    with pytest.raises(DecisionError, match=r"no gate of .* ran, so nothing of it was sealed"):
        approve(run, person())


def test_a_no_go_is_approved_with_conditions_or_rejected(run: Path) -> None:
    """The verdict and the conditions are part of what is signed; a rejection does not expire."""
    name = MIGRATIONS[1]["id"]
    said = approve(run, person(), migration=name, decision="approve-with-conditions", conditions="Watch refunds.")
    assert (said.verdict, said.conditions) == (MIGRATIONS[1]["verdict"], "Watch refunds.")
    assert approve(run, person(), migration=name, decision="reject").expires_at is None


def key_file(folder: Path, form: Any = SSH, encryption: Any = PLAIN) -> Path:
    """Write the private key of the first person to a file."""
    path = folder / "key"
    path.write_bytes(person().private.private_bytes(PEM, form, encryption))
    return path


@pytest.mark.parametrize("form", [SSH, PKCS8])
def test_keys_are_read_in_both_formats(tmp_path: Path, form: Any) -> None:
    """An OpenSSH key and a PEM key, with a passphrase and without, are the same key."""
    assert read_signing_key(key_file(tmp_path, form), never).public == person().key.public
    locked = key_file(tmp_path, form, serialization.BestAvailableEncryption(b"open sesame"))
    assert read_signing_key(locked, lambda: "open sesame").public == person().key.public
    with pytest.raises(KeyFileError, match="the passphrase is not right"):
        read_signing_key(locked, lambda: "wrong")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (person().line.split(None, 1)[1].encode(), "it is a public key"),
        (b"hello", "it is no private key"),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\nSECRET\n-----END OPENSSH PRIVATE KEY-----\n", "it is damaged"),
        (
            rsa.generate_private_key(65537, 2048).private_bytes(PEM, PKCS8, PLAIN),
            "it is a key of another kind",
        ),
    ],
)
def test_a_key_that_cannot_sign_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    """The sentence says which key would do, and nothing of the file."""
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(KeyFileError, match=f"{said}.*ssh-keygen -t ed25519 makes") as caught:
        read_signing_key(tmp_path / "key", never)
    assert "SECRET" not in str(caught.value)
    with pytest.raises(KeyFileError, match="No such file"):
        read_signing_key(tmp_path / "none", never)


def test_trusted_keys_are_read_as_openssh_writes_them(tmp_path: Path, run: Path) -> None:
    """Public keys, ``allowed_signers`` with options and keys of other kinds, and PEM."""
    public = person().line.split(None, 1)[1].strip()
    path = tmp_path / "keys"
    approve(run, person())

    def read(text: str) -> tuple[list[str], list[str]]:
        path.write_text(text)
        signers = read_signers([path])
        return [signer.name for signer in signers], states(run, signers)

    assert read(f"{public} a comment\n") == (["a comment"], ["valid"])
    assert read(f"{public}\n") == (["keys"], ["valid"])
    assert read(f'"a,b" {public}\n\nx@y ssh-rsa AAAA\nx@y sk-ssh-ed25519@openssh.com AAAA\n') == (["a,b"], ["valid"])
    assert read(f'a namespaces="git,{NAMESPACE}" {public} me\n') == (["a"], ["valid"])
    assert read(f'a namespaces="git" {public}\n') == ([], ["unknown key"])
    assert read(f'a valid-after="20261101",valid-before="20261122Z" {public}\n') == (["a"], ["valid"])
    assert read(f'a valid-before="20261121120000" {public}\n') == (["a"], ["unknown key"])
    assert read(f'a valid-after="202611211201" {public}\n') == (["a"], ["unknown key"])
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    assert read(person().private.public_key().public_bytes(PEM, form).decode()) == (["keys"], ["valid"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a b\n", "line 1 has no key"),
        ("\na ssh-ed25519 AAAA\n", "line 2 has a key that is damaged"),
        (f"a cert-authority {person().line.split(None, 1)[1]}", "line 1 has options that are not understood"),
        (f'a valid-before="soon" {person().line.split(None, 1)[1]}', "line 1 has a time that is none: 'soon'"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "it is no Ed25519 key"),
    ],
)
def test_a_list_of_keys_that_says_nothing_clear_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """No line is overlooked that might have restricted a key."""
    (tmp_path / "keys").write_text(text)
    with pytest.raises(SignersFileError, match=said):
        read_signers([tmp_path / "keys"])


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH is not installed")
def test_openssh_agrees(run: Path, tmp_path: Path) -> None:
    """OpenSSH itself verifies the signature over the statement, and refuses it over another one."""
    approve(run, person(), reason="Größer ist besser.")
    record = json.loads((run / "signatures" / "1.json").read_bytes())
    trusted(tmp_path, 1)
    (tmp_path / "sig").write_text(record["signature"])
    command = ["ssh-keygen", "-Y", "verify", "-f", "allowed_signers", "-I", person().name, "-n", NAMESPACE, "-s", "sig"]
    for text, status in ((record["statement"], 0), ({**record["statement"], "name": "B"}, 255)):
        message = json.dumps(text, sort_keys=True, separators=(",", ":")).encode()
        assert (
            subprocess.run(command, cwd=tmp_path, input=message, capture_output=True, check=False).returncode == status
        )
