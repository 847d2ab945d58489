"""Sign-off: the evidence of a run under one hash, who signed it, and whether all of it still holds."""

from pytest_llm_migrate.signoff.evidence import EVIDENCE_FILE, read_evidence, write_evidence
from pytest_llm_migrate.signoff.keys import Signer, SigningKey, read_signers, read_signing_key
from pytest_llm_migrate.signoff.requiring import SIGNERS_FILE, lacking_signoffs
from pytest_llm_migrate.signoff.signing import SIGNATURES, VALID_DAYS, Decision, sign
from pytest_llm_migrate.signoff.sshsig import NAMESPACE, fingerprint, key_line
from pytest_llm_migrate.signoff.statement import DECISIONS, SignOff, Statement, read_signoff
from pytest_llm_migrate.signoff.verifying import Verification, signature_files, verify

__all__ = [
    "DECISIONS",
    "EVIDENCE_FILE",
    "NAMESPACE",
    "SIGNATURES",
    "SIGNERS_FILE",
    "VALID_DAYS",
    "Decision",
    "SignOff",
    "Signer",
    "SigningKey",
    "Statement",
    "Verification",
    "fingerprint",
    "key_line",
    "lacking_signoffs",
    "read_evidence",
    "read_signers",
    "read_signing_key",
    "read_signoff",
    "sign",
    "signature_files",
    "verify",
    "write_evidence",
]
