"""Models behind application inference profiles, asked of a service over real HTTP."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from pytest_llm_migrate.models.lookups import NOT_ASKED, ProfileModels, model_behind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6"
KEPT = ARN.replace("123456789012", "<account>")
NOVA = "amazon.nova-lite-v1:0"


def profile(*regions: str, model: str = NOVA) -> dict[str, Any]:
    """Return the part of a reply that names a profile's models."""
    return {"models": [{"modelArn": f"arn:aws:bedrock:{region}::foundation-model/{model}"} for region in regions]}


class ControlPlane(ThreadingHTTPServer):
    """Gives every look-up the same reply, and remembers their paths."""

    daemon_threads = True

    def __init__(self, status: int, reply: bytes, headers: dict[str, str]) -> None:
        self.status, self.reply, self.headers = status, reply, headers
        self.paths: list[str] = []
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    """One look-up."""

    server: ControlPlane

    def do_GET(self) -> None:
        """Send the reply."""
        self.server.paths.append(unquote(self.path))
        self.send_response(self.server.status)
        for name, value in {**self.server.headers, "Content-Length": str(len(self.server.reply))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.server.reply)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def control(aws: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[ControlPlane]:
    """A service that knows the profile, or replies as the test asks."""
    status, reply, headers = getattr(request, "param", (200, json.dumps(profile("us-east-1")).encode(), {}))
    with ControlPlane(status, reply, headers) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        aws.setenv("AWS_ENDPOINT_URL_BEDROCK", f"http://127.0.0.1:{server.server_address[1]}")
        yield server
        server.shutdown()


def asking(path: Path) -> ProfileModels:
    """Return look-ups that may ask about anything."""
    return ProfileModels(path / "runs" / "profiles.json", may_ask=lambda _: True)


@pytest.mark.parametrize("scheme", ["", "bedrock:"])
def test_a_profile_is_looked_up_once_and_kept(control: ControlPlane, tmp_path: Path, scheme: str) -> None:
    """Its model is known from then on, in this process and in the next, which need not be allowed to ask."""
    models = asking(tmp_path)
    assert models.model_of(scheme + ARN) == models.model_of(scheme + ARN) == (NOVA, "")
    assert control.paths == [f"/inference-profiles/{ARN}"]
    later = ProfileModels(tmp_path / "runs" / "profiles.json", may_ask=lambda _: False)
    assert later.model_of(scheme + ARN) == (NOVA, "")
    assert len(control.paths) == 1


def test_what_other_processes_found_stays(control: ControlPlane, tmp_path: Path) -> None:
    """Two processes that look up different profiles leave both in the file."""
    one, other = asking(tmp_path), asking(tmp_path)
    one.model_of(ARN)
    other.model_of(ARN + "f")
    assert json.loads((tmp_path / "runs" / "profiles.json").read_text()) == {KEPT: NOVA, KEPT + "f": NOVA}
    assert len(control.paths) == 2


def test_nobody_is_asked_without_leave(control: ControlPlane, tmp_path: Path) -> None:
    """A model that is not called is not looked up, until it is called."""
    allowed: set[str] = set()
    models = ProfileModels(tmp_path / "profiles.json", may_ask=allowed.__contains__)
    assert models.model_of(ARN) == NOT_ASKED
    assert control.paths == []
    allowed.add(ARN)
    assert models.model_of(ARN).model_id == NOVA


DENIED = json.dumps({"message": "User arn:aws:iam::123456789012:user/me may not do that"}).encode()


@pytest.mark.parametrize(
    ("control", "reason"),
    [
        (
            (403, DENIED, {"x-amzn-ErrorType": "AccessDeniedException"}),
            "GetInferenceProfile failed, access_denied: User arn:aws:iam::<account>:user/me may not do that",
        ),
        ((404, b"{}", {"x-amzn-ErrorType": "ResourceNotFoundException"}), "GetInferenceProfile failed, "),
        ((500, b"oops", {}), "GetInferenceProfile failed, "),
        ((200, b'{"models": [', {}), "GetInferenceProfile names no model"),
        ((200, b"{}", {}), "GetInferenceProfile names no model"),
        ((200, json.dumps({"models": [{"modelArn": "x"}]}).encode(), {}), "GetInferenceProfile names x"),
    ],
    indirect=["control"],
)
def test_a_failed_look_up_is_a_reason(control: ControlPlane, tmp_path: Path, reason: str) -> None:
    """Whatever goes wrong, the model is unknown with a reason, after one attempt, and nothing is kept of it."""
    models = asking(tmp_path)
    assert models.model_of(ARN).model_id is None
    assert models.model_of(ARN).reason.startswith(reason)
    assert len(control.paths) == 1
    assert asking(tmp_path)._known == {}


def test_missing_settings_are_a_reason(no_aws: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a region or credentials nothing is sent and nothing is raised."""
    assert "region" in asking(tmp_path).model_of(ARN).reason
    no_aws.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert "credentials" in asking(tmp_path).model_of(ARN).reason


@pytest.mark.usefixtures("control")
@pytest.mark.parametrize("content", [b"", b"[1]", b'{"a": 5}', b"\xff"])
def test_a_spoiled_file_is_no_hindrance(tmp_path: Path, content: bytes) -> None:
    """What cannot be read is looked up again, and written anew."""
    path = tmp_path / "runs" / "profiles.json"
    path.parent.mkdir()
    path.write_bytes(content)
    assert asking(tmp_path).model_of(ARN).model_id == NOVA
    assert json.loads(path.read_text()) == {KEPT: NOVA}


@pytest.mark.usefixtures("control")
def test_a_folder_that_takes_no_file_is_no_hindrance(tmp_path: Path) -> None:
    """Where nothing can be kept the model is known for this process."""
    (tmp_path / "runs").write_text("a file")
    assert asking(tmp_path).model_of(ARN).model_id == NOVA


@pytest.mark.parametrize(
    ("regions", "model_id"),
    [
        (["us-east-1"], NOVA),
        (["us-east-1", "us-west-2"], f"us.{NOVA}"),
        (["eu-west-1", "eu-north-1"], f"eu.{NOVA}"),
        (["us-gov-east-1", "us-gov-west-1"], f"us-gov.{NOVA}"),
        (["us-east-1", ""], f"global.{NOVA}"),
        (["ap-northeast-1", "ap-northeast-3"], NOVA),
        (["ca-central-1", "us-east-1"], NOVA),
    ],
)
def test_the_regions_of_a_profile_are_its_geography(regions: list[str], model_id: str) -> None:
    """A profile over a geography is priced as that geography's; where regions leave it open, as the model."""
    assert model_behind(profile(*regions)) == (model_id, "")


def test_a_profile_of_two_models_has_none() -> None:
    """Two models have two prices."""
    both = profile("us-east-1")["models"] + profile("us-east-1", model="amazon.nova-pro-v1:0")["models"]
    assert model_behind({"models": both}).model_id is None
