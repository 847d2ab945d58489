"""Which models application inference profiles stand for: asked once, and kept."""

from __future__ import annotations

import json
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.domain.bedrock_ids import ProfileModel, bedrock_id, region_of
from pytest_llm_migrate.errors import CannotConnectError, masked

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

SERVICE = "bedrock"
NOT_ASKED = ProfileModel(None, "Bedrock is asked for it only when the model is called")
_GEOGRAPHIES = {"us-gov-": "us-gov.", "us-": "us.", "eu-": "eu."}


class ProfileModels:
    """Knows the models behind profiles; a profile never changes its model, so what was found once holds for good.

    Args:
        path: The file that keeps what was found, by ARN without its account; it need not exist.
        may_ask: Tells whether Bedrock may be asked about a reference.
    """

    def __init__(self, path: Path, may_ask: Callable[[str], bool]) -> None:
        self._path, self._may_ask = path, may_ask
        self._known = {reference: ProfileModel(model_id) for reference, model_id in _kept(path).items()}
        self._lock = threading.Lock()

    def model_of(self, reference: str) -> ProfileModel:
        """Return the model behind a profile's ARN, or why it is not known; Bedrock is asked once a process at most."""
        name = masked(reference)  # the resource's own id tells it from all others
        with self._lock:
            if name not in self._known:
                if not self._may_ask(reference):
                    return NOT_ASKED
                self._known[name] = _asked(reference)
                self._keep()
            return self._known[name]

    def _keep(self) -> None:
        found = {reference: found.model_id for reference, found in self._known.items() if found.model_id}
        beside = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        # What cannot be kept is asked for again.
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps(_kept(self._path) | found, indent=1, sort_keys=True), encoding="utf-8")
            beside.replace(self._path)


def _kept(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    pairs = found.items() if isinstance(found, dict) else ()
    return {reference: model_id for reference, model_id in pairs if isinstance(model_id, str)}


def _asked(reference: str) -> ProfileModel:
    from pytest_llm_migrate.models import client, faults  # noqa: PLC0415 - boto3 takes half a second to import

    try:
        bedrock = client.service_client(SERVICE, reference, 1, faults.call_failure)
        profile = bedrock.get_inference_profile(inferenceProfileIdentifier=reference.removeprefix("bedrock:"))
    except CannotConnectError as error:
        return ProfileModel(None, error.reason)
    except faults.FAULTS as error:
        failed = faults.call_failure(error)
        return ProfileModel(None, f"GetInferenceProfile failed, {failed.kind}: {failed.message}")
    return model_behind(profile)


def model_behind(profile: dict[str, Any]) -> ProfileModel:
    """Return the model id in a reply of GetInferenceProfile, with the geography of a profile over several regions."""
    references = [model.get("modelArn", "") for model in profile.get("models", ())]
    model_ids = {bedrock_id(reference) for reference in references}
    model_id = model_ids.pop() if len(model_ids) == 1 else None
    if model_id is None:
        return ProfileModel(None, f"GetInferenceProfile names {masked(', '.join(references)) or 'no model'}")
    return ProfileModel(_geography({region_of(reference) for reference in references}) + model_id)


def _geography(regions: Collection[str]) -> str:
    if "" in regions:  # a model of no region is how Bedrock writes that any may serve
        return "global."
    covering = (name for start, name in _GEOGRAPHIES.items() if all(region.startswith(start) for region in regions))
    return next(covering, "") if len(regions) > 1 else ""
