"""Application inference profiles, charged as the model behind them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llm_migrate.domain import Answer
from pytest_llm_migrate.domain.bedrock_ids import ProfileModel
from pytest_llm_migrate.pricing import ProfilePrices, read_prices

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llm_migrate.domain import PriceList

ANSWER = Answer(text="", input_tokens=1_000_000, output_tokens=0)
NOVA = "amazon.nova-lite-v1:0"
ARN = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1b2c3d4e5f6"
NAMED = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/ffffffffffff"


class Models:
    """Knows one profile's model, and what it was asked."""

    def __init__(self, model_id: str | None) -> None:
        self.asked: list[str] = []
        self._model_id = model_id

    def model_of(self, reference: str) -> ProfileModel:
        """Return the model, or that nobody may ask."""
        self.asked.append(reference)
        return ProfileModel(self._model_id, "" if self._model_id else "access denied")


@pytest.fixture
def listed(tmp_path: Path) -> PriceList:
    """A price list that names a model, and one of the profiles."""
    path = tmp_path / "p.csv"
    path.write_text(f"model,tier,input,output\n{NOVA},,1,0\neu.{NOVA},flex,3,0\n{NAMED},,5,0\n")
    return read_prices(path)


def test_a_profile_costs_what_its_model_costs(listed: PriceList) -> None:
    """The tier that was served counts, and the geography that the profile covers."""
    prices = ProfilePrices(prices=listed, model_of=Models(f"eu.{NOVA}").model_of)
    assert prices.cost(ARN, ANSWER) == 1
    assert prices.cost(f"bedrock:{ARN}", ANSWER) == 1
    assert prices.cost(ARN, replace(ANSWER, service_tier="flex")) == 3
    assert prices.why_no_cost(ARN, ANSWER) is None
    assert (prices.source, prices.as_of) == ("p.csv", None)


@pytest.mark.parametrize(
    "model", [NOVA, f"us.{NOVA}", NAMED, "recorded", f"arn:aws:bedrock:us-east-1:1:inference-profile/us.{NOVA}"]
)
def test_what_says_its_model_or_has_a_price_is_not_looked_up(listed: PriceList, model: str) -> None:
    """A profile that the list itself names, and everything that is no application profile, need nobody's help."""
    models = Models(NOVA)
    prices = ProfilePrices(prices=listed, model_of=models.model_of)
    assert prices.cost(model, ANSWER) == listed.cost(model, ANSWER)
    assert prices.why_no_cost(model, ANSWER) == listed.why_no_cost(model, ANSWER)
    assert models.asked == []


def test_an_unknown_model_and_an_unpriced_one_say_so(listed: PriceList) -> None:
    """The reason names the profile whose model is unknown, or the model that has no price."""
    unknown = ProfilePrices(prices=listed, model_of=Models(None).model_of)
    assert unknown.cost(ARN, ANSWER) is None
    assert unknown.why_no_cost(ARN, ANSWER) == f"unpriced: the model behind {ARN} is not known: access denied"
    unpriced = ProfilePrices(prices=listed, model_of=Models("amazon.nova-pro-v1:0").model_of)
    assert unpriced.cost(ARN, ANSWER) is None
    assert unpriced.why_no_cost(ARN, ANSWER) == "unpriced: no price for amazon.nova-pro-v1:0 in p.csv"
