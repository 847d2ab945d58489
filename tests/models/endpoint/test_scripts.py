"""Scripts in files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.errors import ScriptFileError
from pytest_llm_migrate.models.endpoint import (
    Batch,
    FoundationModel,
    InferenceProfile,
    Quota,
    Reply,
    Rule,
    Script,
    ScriptedCall,
    ScriptedFault,
    load_script,
)

if TYPE_CHECKING:
    from pathlib import Path

YAML = """
default: {text: other, optimized: better, analysis: too long}
quota: {requests_per_second: 100, burst: 20, says_when: true}
seed: 7
padding: true
foundation_models:
  - {id: amazon.nova-lite-v1:0, provider: Amazon, name: Nova Lite, lifecycle: LEGACY, inference_types: [],
     streaming: false}
inference_profiles:
  - {id: us.amazon.nova-lite-v1:0, models: [amazon.nova-lite-v1:0], kind: APPLICATION, name: ours}
batch: {duration: 2, minimum: 1, maximum: 9, failure: broken}
rules:
  - model: amazon.nova-lite-v1:0
    contains: refund
    matches: order \\d+
    choose: {card: billing}
    echo: true
    deltas: 3
    latency: 0.2
    gap: 1
    stop_reason: max_tokens
    input_tokens: 0
    fault: {name: cut, after: 2, times: 1, each: true, message: gone}
  - contains: crash
    fault: ThrottlingException
  - operation: ConverseStream
    reasoning: hm
    tool_calls: [{name: look, arguments: {at: [1, 2]}}, {name: wait}]
    service_tier: flex
    latency_mode: optimized
    invoked_model: amazon.nova-micro-v1:0
    faults: [reset, {name: hang, seconds: 3, chance: 0.2}, {name: ThrottlingException, retry_after: 0.5}]
"""

SCRIPT = Script(
    rules=(
        Rule(
            model="amazon.nova-lite-v1:0",
            contains="refund",
            matches=r"order \d+",
            reply=Reply(
                echo=True,
                choose={"card": "billing"},
                deltas=3,
                latency=0.2,
                gap=1,
                stop_reason="max_tokens",
                input_tokens=0,
            ),
            fault=ScriptedFault(name="cut", after=2, times=1, each=True, message="gone"),
        ),
        Rule(contains="crash", fault=ScriptedFault(name="ThrottlingException")),
        Rule(
            operation="ConverseStream",
            reply=Reply(
                reasoning="hm",
                tool_calls=(ScriptedCall(name="look", arguments={"at": [1, 2]}), ScriptedCall(name="wait")),
                service_tier="flex",
                latency_mode="optimized",
                invoked_model="amazon.nova-micro-v1:0",
            ),
            faults=(
                ScriptedFault(name="reset"),
                ScriptedFault(name="hang", seconds=3, chance=0.2),
                ScriptedFault(name="ThrottlingException", retry_after=0.5),
            ),
        ),
    ),
    default=Reply(text="other", optimized="better", analysis="too long"),
    quota=Quota(requests_per_second=100, burst=20, says_when=True),
    seed=7,
    padding=True,
    foundation_models=(
        FoundationModel(
            id="amazon.nova-lite-v1:0",
            provider="Amazon",
            name="Nova Lite",
            lifecycle="LEGACY",
            inference_types=(),
            streaming=False,
        ),
    ),
    inference_profiles=(
        InferenceProfile(
            id="us.amazon.nova-lite-v1:0", models=("amazon.nova-lite-v1:0",), kind="APPLICATION", name="ours"
        ),
    ),
    batch=Batch(duration=2, minimum=1, maximum=9, failure="broken"),
)


def written(folder: Path, text: str, name: str = "script.yaml") -> Path:
    """Write a script file."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_yaml_says_everything_that_a_script_can(tmp_path: Path) -> None:
    """Conditions, replies and faults of a file are those of the script; a fault may be its bare name."""
    assert load_script(written(tmp_path, YAML)) == SCRIPT


def test_json_says_the_same(tmp_path: Path) -> None:
    """A file that ends in .json is JSON, tabs and all."""
    document = {"rules": [{"contains": "hi", "text": "hello"}]}
    path = written(tmp_path, json.dumps(document, indent="\t"), "script.json")
    assert load_script(path) == Script(rules=(Rule(contains="hi", reply=Reply(text="hello")),))


def test_empty_mapping_is_the_bare_script(tmp_path: Path) -> None:
    """A script without rules answers ok."""
    assert load_script(written(tmp_path, "{}")) == Script()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "script.yaml: must be a mapping"),
        ("rules: [", "script.yaml: not valid YAML"),
        ("rule: []", "script.yaml: unknown key 'rule'. Did you mean 'rules'?"),
        ("rules: {}", "script.yaml: rules: must be a list"),
        ("rules: [hi]", "script.yaml: rule 1: must be a mapping"),
        ("rules: [{}, {txt: a}]", "script.yaml: rule 2: unknown key 'txt'. Did you mean 'text'?"),
        ("rules: [{1: a}]", "script.yaml: rule 1: unknown key '1'."),
        ("rules: [{text: 5}]", "rule 1: text must be a text (in quotes), not 5"),
        ("rules: [{matches: '('}]", "rule 1: matches is not a regular expression"),
        ("rules: [{deltas: 0}]", "rule 1: deltas must be a whole number from 1, not 0"),
        ("rules: [{deltas: true}]", "rule 1: deltas must be a whole number from 1, not True"),
        ("rules: [{latency: -1}]", "rule 1: latency must be a number of seconds, not -1"),
        ("rules: [{echo: 1}]", "rule 1: echo must be true or false, not 1"),
        ("rules: [{choose: [a]}]", "rule 1: choose must be a mapping of texts to texts, not ['a']"),
        ("rules: [{choose: {a: 1}}]", "rule 1: choose must be a mapping of texts to texts"),
        ("rules: [{fault: Throttling}]", "rule 1: fault: unknown fault 'Throttling'."),
        ("rules: [{fault: {times: 1}}]", "rule 1: fault: has no name"),
        ("rules: [{fault: {name: cut, times: 0}}]", "rule 1: fault: times must be a whole number from 1, not 0"),
        ("rules: [{fault: [cut]}]", "rule 1: fault: must be a mapping"),
        ("default: {contains: a}", "script.yaml: default: unknown key 'contains'."),
        ("rules: [{faults: cut}]", "script.yaml: rule 1: faults: must be a list"),
        ("rules: [{faults: [cut, cat]}]", "script.yaml: rule 1: fault 2: unknown fault 'cat'. Did you mean 'cut'?"),
        ("rules: [{fault: {name: cut, chance: 2}}]", "rule 1: fault: chance must be a number from 0 to 1, not 2"),
        ("rules: [{operation: Convers}]", "rule 1: unknown operation 'Convers'. Did you mean 'Converse'?"),
        ("rules: [{operation: 1}]", "rule 1: operation must be a text (in quotes), not 1"),
        ("rules: [{service_tier: fast}]", "rule 1: unknown service tier 'fast'."),
        ("rules: [{stop_reason: endturn}]", "unknown stop reason 'endturn'. Did you mean 'end_turn'?"),
        ("rules: [{tool_calls: [{}]}]", "script.yaml: rule 1: tool call 1: has no name"),
        ("rules: [{tool_calls: [{name: a, arguments: 1}]}]", "tool call 1: arguments must be a mapping, not 1"),
        ("quota: {burst: 2}", "script.yaml: quota: has no requests_per_second"),
        ("quota: {requests_per_second: 0}", "quota: requests_per_second must be a number above 0, not 0"),
        ("seed: a", "script.yaml: seed must be a whole number from 0, not 'a'"),
        ("foundation_models: [{}]", "script.yaml: foundation model 1: has no id"),
        ("foundation_models: [{id: a, inference_types: [DEMAND]}]", "unknown inference types 'DEMAND'."),
        ("inference_profiles: [{id: a, models: b}]", "inference profile 1: models must be a list of texts, not 'b'"),
        ("inference_profiles: [{id: a}]", "script.yaml: inference profile 1: has no models"),
        ("batch: {minimum: -1}", "script.yaml: batch: minimum must be a whole number from 0, not -1"),
    ],
)
def test_wrong_script_says_where_and_why(tmp_path: Path, text: str, reason: str) -> None:
    """A script that cannot be meant is refused with its place and the nearest right thing."""
    with pytest.raises(ScriptFileError) as caught:
        load_script(written(tmp_path, text))
    assert reason in str(caught.value)


def test_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    """A missing script and broken JSON are named with the reason."""
    with pytest.raises(ScriptFileError, match=r"none\.yaml: cannot be read: .*No such file"):
        load_script(tmp_path / "none.yaml")
    with pytest.raises(ScriptFileError, match=r"script\.json: not valid JSON"):
        load_script(written(tmp_path, "{", "script.json"))
