"""The bundled price list."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import pytest
from genai_prices.data_snapshot import DataSnapshot, set_custom_snapshot
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm_migrate.domain import Answer
from pytest_llm_migrate.pricing import BundledPrices

PRICES = BundledPrices(at=datetime(2026, 11, 1, tzinfo=UTC))
MILLION = Answer(text="", input_tokens=1_000_000, output_tokens=1_000_000)
NOVA = "amazon.nova-lite-v1:0"
NOVA_LITE = 0.06 + 0.24
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/"


@pytest.mark.parametrize(
    ("model", "dollars"),
    [
        ("amazon.nova-lite-v1:0", NOVA_LITE),
        ("us.amazon.nova-lite-v1:0", NOVA_LITE),
        ("apac.amazon.nova-lite-v1:0", NOVA_LITE),
        ("us-gov.amazon.nova-lite-v1:0", NOVA_LITE),
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", NOVA_LITE),
        (f"{PROFILE}us.amazon.nova-lite-v1:0", NOVA_LITE),
        ("anthropic.claude-3-haiku-20240307-v1:0", 0.25 + 1.25),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", 3 + 15),
        ("eu.anthropic.claude-sonnet-4-5-20250929-v1:0", 3.3 + 16.5),
        ("ca.anthropic.claude-sonnet-4-20250514-v1:0", 3 + 15),
        ("jp.anthropic.claude-sonnet-4-5-20250929-v1:0", 3.3 + 16.5),
        ("au.anthropic.claude-sonnet-4-5-20250929-v1:0", 3.3 + 16.5),
        ("bedrock:eu.amazon.nova-lite-v1:0", NOVA_LITE),
    ],
)
def test_a_million_tokens_cost_the_list_price(model: str, dollars: float) -> None:
    """Ids, profiles and ARNs are one model; a profile has its own price where the list has one."""
    assert PRICES.cost(model, MILLION) == pytest.approx(dollars)


@pytest.mark.parametrize(
    "model",
    [
        "recorded",
        "local:smollm2-135m",
        "local:amazon.nova-lite-v1:0",
        "gpt-4o",
        "amazon.no-such-model-v1:0",
        "",
        "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/amazon.nova-lite-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0/abc",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3",
    ],
)
def test_an_unknown_price_is_not_zero(model: str) -> None:
    """What is no Bedrock model with a list price costs an unknown amount."""
    assert PRICES.cost(model, MILLION) is None


SOURCE = BundledPrices().source
IMPORTED = "arn:aws:bedrock:us-east-1:123456789012:imported-model/a1b2c3d4e5f6"
ROUTER = "arn:aws:bedrock:us-east-1:123456789012:prompt-router/a1b2c3d4e5f6"


@pytest.mark.parametrize(
    ("model", "given", "reason"),
    [
        ("gpt-4o", {}, f"unpriced: no price for gpt-4o in {SOURCE}"),
        ("amazon.no-such-model-v1:0", {}, f"unpriced: no price for amazon.no-such-model-v1:0 in {SOURCE}"),
        (ROUTER, {}, f"unpriced: no price for {ROUTER} in {SOURCE}"),
        (NOVA, {"service_tier": "flex"}, f"unpriced: no price for tier 'flex' of {NOVA} in {SOURCE}"),
        (NOVA, {"service_tier": "priority"}, f"unpriced: no price for tier 'priority' of {NOVA} in {SOURCE}"),
        (NOVA, {"service_tier": "batch"}, f"unpriced: no price for tier 'batch' of {NOVA} in {SOURCE}"),
        (NOVA, {"latency_mode": "optimized"}, f"unpriced: no price for latency mode 'optimized' of {NOVA} in {SOURCE}"),
        (NOVA, {"service_tier": "reserved"}, f"not per token: tier 'reserved' of {NOVA} is paid for by capacity"),
        (IMPORTED, {}, f"not per token: {IMPORTED} is paid for by capacity"),
        (NOVA, {"input_tokens": None}, f"unpriced: how many tokens {NOVA} read and wrote is not known"),
    ],
)
def test_what_has_no_cost_says_why(model: str, given: dict[str, Any], reason: str) -> None:
    """The list knows on-demand prices alone; of any other tier or mode it says so, and guesses no factor."""
    answer = replace(MILLION, **given)
    assert PRICES.cost(model, answer) is None
    assert PRICES.why_no_cost(model, answer) == reason


def test_what_was_served_as_usual_has_its_price() -> None:
    """A service that says the default tier and standard latency says nothing new."""
    answer = replace(MILLION, service_tier="default", latency_mode="standard")
    assert PRICES.cost(NOVA, answer) == pytest.approx(NOVA_LITE)
    assert PRICES.why_no_cost(NOVA, answer) is None


@pytest.mark.parametrize(
    "answer", [Answer(text=""), Answer(text="", input_tokens=5), Answer(text="", output_tokens=5)], ids=repr
)
def test_unknown_tokens_have_no_price(answer: Answer) -> None:
    """Without both token counts there is no cost."""
    assert PRICES.cost("amazon.nova-lite-v1:0", answer) is None


def test_an_output_without_a_price_has_no_cost() -> None:
    """An embedding model's list price says nothing of written tokens."""
    model = "amazon.titan-embed-text-v2:0"
    assert PRICES.cost(model, MILLION) is None
    assert PRICES.cost(model, Answer(text="", input_tokens=1_000_000, output_tokens=0)) == pytest.approx(0.02)


def test_the_prompt_cache_has_prices_of_its_own() -> None:
    """Cached tokens are charged once, at their own price; where they have none, as input."""
    cached = Answer(text="", input_tokens=0, output_tokens=0, cache_read_tokens=1_000_000, cache_write_tokens=1_000_000)
    sonnet = PRICES.cost("us.anthropic.claude-sonnet-4-20250514-v1:0", cached)
    assert sonnet == pytest.approx(0.3 + 3.75)
    assert PRICES.cost("us.amazon.nova-lite-v1:0", cached) == pytest.approx(0.015 + 0.06)


def test_prices_are_those_of_the_moment() -> None:
    """A price that fell on a day falls on that day."""
    model = "openai.gpt-5.6-sol"
    before, after = (BundledPrices(at=datetime(2026, month, 1, tzinfo=UTC)).cost(model, MILLION) for month in (8, 9))
    assert before is not None
    assert after is not None
    assert before > after
    assert BundledPrices().cost(model, MILLION) == after


def test_prices_of_another_download_do_not_count() -> None:
    """What other code makes of the package's current data changes nothing."""
    set_custom_snapshot(DataSnapshot(providers=[], from_auto_update=True))
    try:
        assert PRICES.cost("eu.amazon.nova-lite-v1:0", MILLION) == pytest.approx(NOVA_LITE)
    finally:
        set_custom_snapshot(None)


def test_the_source_names_the_release() -> None:
    """The report can say which list was used; its date is not known."""
    assert BundledPrices().source == f"genai-prices {version('genai-prices')}"
    assert BundledPrices().as_of is None


def test_the_package_is_imported_at_the_first_price() -> None:
    """Importing the room, naming the source and asking for an unknown model load no price data."""
    code = """
import sys
from pytest_llm_migrate.domain import Answer
from pytest_llm_migrate.pricing import BundledPrices
assert BundledPrices().source
assert BundledPrices().cost("recorded", Answer(text="", input_tokens=1, output_tokens=1)) is None
sys.exit("genai_prices" in sys.modules or "yaml" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@given(st.text() | st.from_regex(r"\A(us\.|arn:aws:bedrock:)?[a-z]+\.[a-z.:-]+\Z"))
def test_no_reference_raises(model: str) -> None:
    """Any text is a reference that has a price, or none with a reason."""
    cost, reason = PRICES.cost(model, MILLION), PRICES.why_no_cost(model, MILLION)
    assert (cost is None) is (reason is not None)
    assert cost is None or cost >= 0
