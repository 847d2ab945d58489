"""A user's own price list."""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pytest_llm_migrate.domain import Answer
from pytest_llm_migrate.errors import PriceFileError
from pytest_llm_migrate.pricing import read_prices
from pytest_llm_migrate.pricing.files import Line, Rates
from pytest_llm_migrate.pricing.usage import LATENCIES, TIERS, Served

if TYPE_CHECKING:
    from pathlib import Path

MODEL = "amazon.nova-lite-v1:0"
ANSWER = Answer(text="", input_tokens=1_000_000, output_tokens=500_000)
PROVISIONED = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/a1b2c3d4e5f6"
CACHED = Answer(text="", input_tokens=0, output_tokens=0, cache_read_tokens=1_000_000, cache_write_tokens=2_000_000)
RECORD = {"model": MODEL, "input": 0.5, "output": 2, "cache_read": 0.1, "cache_write": None}
FILES = {
    "p.csv": f"\ufeffModel, input,output,cache_read,cache_write\r\n\r\n{MODEL} , 0.5,2,0.1,\r\n",
    "p.json": json.dumps([RECORD], indent="\t"),
    "p.yaml": f"- model: {MODEL}\n  input: 0.5\n  output: 2.0\n  cache_read: '0.1'\n  cache_write:\n",
    "p.yml": f"prices:\n  - {{model: {MODEL}, input: 5e-1, output: 2, cache_read: .1}}\n",
}


def written(folder: Path, name: str, text: str | bytes) -> Path:
    """Write a price file."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_the_same_prices(tmp_path: Path, name: str) -> None:
    """A model's price holds for its id, its profiles and its ARNs."""
    prices = read_prices(written(tmp_path, name, FILES[name]))
    for model in (MODEL, f"us.{MODEL}", f"arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.{MODEL}"):
        assert prices.cost(model, ANSWER) == 1.5
    assert (prices.source, prices.as_of) == (name, None)


def test_a_model_named_exactly_wins(tmp_path: Path) -> None:
    """A profile or any other reference may have a price of its own."""
    text = f"model,input,output\n{MODEL},1,0\neu.{MODEL},3,0\nlocal:mine,5,0\n"
    prices = read_prices(written(tmp_path, "p.csv", text))
    costs = [prices.cost(model, ANSWER) for model in (MODEL, f"us.{MODEL}", f"eu.{MODEL}", "local:mine")]
    assert costs == [1, 1, 3, 5]


def test_the_file_replaces_the_bundled_list(tmp_path: Path) -> None:
    """A model that the file does not name has no price, nor have unknown tokens."""
    prices = read_prices(written(tmp_path, "p.csv", FILES["p.csv"]))
    assert prices.cost("amazon.nova-pro-v1:0", ANSWER) is None
    assert prices.cost("recorded", ANSWER) is None
    assert prices.cost(MODEL, Answer(text="", input_tokens=5)) is None


def test_a_cache_without_a_price_is_unknown(tmp_path: Path) -> None:
    """Cached tokens cost what the file says, and make the cost unknown where it says nothing."""
    prices = read_prices(written(tmp_path, "p.csv", f"model,input,output,cache_read,cache_write\n{MODEL},1,1,0.5,2\n"))
    assert prices.cost(MODEL, CACHED) == 4.5
    assert read_prices(written(tmp_path, "q.csv", FILES["p.csv"])).cost(MODEL, CACHED) is None


TIERS_FILE = f"""model,tier,latency,input,output
{MODEL},,,1,0
{MODEL},Batch,,0.5,0
{MODEL},priority,,1.75,0
us.{MODEL},priority,standard,2,0
{MODEL},default,optimized,3,0
"""


@pytest.mark.parametrize(
    ("model", "served", "cost"),
    [
        (MODEL, {}, 1),
        (MODEL, {"service_tier": "default", "latency_mode": "standard"}, 1),
        (MODEL, {"service_tier": "batch"}, 0.5),
        (MODEL, {"latency_mode": "optimized"}, 3),
        (MODEL, {"service_tier": "priority"}, 1.75),
        (f"us.{MODEL}", {"service_tier": "priority"}, 2),
        (f"us.{MODEL}", {"service_tier": "batch"}, 0.5),
        (f"bedrock:{MODEL}", {}, 1),
        (MODEL, {"service_tier": "flex"}, None),
        (MODEL, {"service_tier": "batch", "latency_mode": "optimized"}, None),
    ],
)
def test_the_tier_that_was_served_is_charged(
    tmp_path: Path, model: str, served: dict[str, Any], cost: float | None
) -> None:
    """A line holds for its tier and latency mode alone; what the service did not say is the default."""
    prices = read_prices(written(tmp_path, "p.csv", TIERS_FILE))
    answer = replace(ANSWER, **served)
    assert prices.cost(model, answer) == cost
    assert (prices.why_no_cost(model, answer) is None) is (cost is not None)


@pytest.mark.parametrize(
    ("model", "given", "reason"),
    [
        (MODEL, {"service_tier": "flex"}, f"unpriced: no price for tier 'flex' of {MODEL} in p.csv"),
        (
            MODEL,
            {"service_tier": "flex", "latency_mode": "optimized"},
            f"unpriced: no price for tier 'flex' and latency mode 'optimized' of {MODEL} in p.csv",
        ),
        (MODEL, {"service_tier": "reserved"}, f"not per token: tier 'reserved' of {MODEL} is paid for by capacity"),
        ("amazon.nova-pro-v1:0", {}, "unpriced: no price for amazon.nova-pro-v1:0 in p.csv"),
        (MODEL, {"cache_read_tokens": 5}, f"unpriced: no price for the prompt cache of {MODEL} in p.csv"),
        (MODEL, {"output_tokens": None}, f"unpriced: how many tokens {MODEL} read and wrote is not known"),
        ("mine", {}, "not per token: mine is paid for by capacity"),
        (PROVISIONED, {}, f"not per token: {PROVISIONED} is paid for by capacity"),
    ],
)
def test_what_has_no_cost_says_why(tmp_path: Path, model: str, given: dict[str, Any], reason: str) -> None:
    """The reason names the tier, the model and the file, and tells capacity from a price that is missing."""
    text = TIERS_FILE + "mine,,,provisioned,Provisioned\n"
    prices = read_prices(written(tmp_path, "p.csv", text))
    answer = replace(ANSWER, **given)
    assert prices.cost(model, answer) is None
    assert prices.why_no_cost(model, answer) == reason


@pytest.mark.parametrize("name", ["p.yaml", "p.json"])
def test_a_file_may_say_its_date_and_source(tmp_path: Path, name: str) -> None:
    """Both reach the report."""
    text = json.dumps({"as_of": "2026-11-01", "source": "contract 7", "prices": [RECORD]})
    prices = read_prices(written(tmp_path, name, text))
    assert (prices.source, prices.as_of) == ("contract 7", "2026-11-01")
    assert prices.cost(MODEL, ANSWER) == 1.5


HEADER = "model,input,output\n"
TIERED = "model,tier,latency,input,output\n"
FAULTS: list[tuple[str, str | bytes, str]] = [
    ("p.csv", HEADER + "a,1,2\nb,$3,4\n", ":3: column 'input': '$3' is no price. Write US dollars per million tokens"),
    ("p.csv", HEADER + "a,1,-2\n", ":2: column 'output': '-2' is no price."),
    ("p.csv", HEADER + "a,nan,2\n", ":2: column 'input': 'nan' is no price."),
    ("p.csv", HEADER + '"a\n",1,x\n', ":3: column 'output': 'x' is no price."),
    ("p.csv", HEADER + "a,1\n", ":2: column 'output': there is no value. Fill it in."),
    ("p.csv", HEADER + ",1,2\n", ":2: column 'model': there is no value."),
    ("p.csv", HEADER + "a,1,2,3\n", ":2: the line has 4 cells, the header 3."),
    ("p.csv", HEADER + "a,1,2\nb,1,2\na,1,2\n", ":4: column 'model': 'a' is there twice, first in line 2."),
    ("p.csv", HEADER + 'a,1,"2', ":2: not CSV: unexpected end of data."),
    ("p.csv", "model,input\na,1\n", ":1: the header lacks output."),
    ("p.csv", "model,inputs,output\n", ":1: unknown column 'inputs'. Known are model, input, output, cache_read,"),
    ("p.csv", "model,input,output,input\n", ":1: column 'input': it is there twice."),
    ("p.csv", TIERED + "a,fast,,1,2\n", ":2: column 'tier': 'fast' is no tier. Known are default, batch, flex,"),
    ("p.csv", TIERED + "a,Felx,,1,2\n", ":2: column 'tier': 'Felx' is no tier. Known are default, batch, flex, "),
    ("p.csv", TIERED + "a,,quick,1,2\n", ":2: column 'latency': 'quick' is no latency. Known are standard, optimized."),
    (
        "p.csv",
        TIERED + "a,flex,,1,2\na,,,1,2\na,FLEX,,1,2\n",
        ":4: column 'model': 'a' is there twice, first in line 2.",
    ),
    ("p.csv", HEADER + "a,provisioned,2\n", ":2: column 'output': '2' is a price per token beside 'provisioned'."),
    ("p.csv", HEADER + "a,1,provisioned\n", ":2: column 'input': '1' is a price per token beside 'provisioned'."),
    (
        "p.yaml",
        "- {model: a, input: provisioned, output: provisioned,\n   cache_read: 1}\n",
        ":2: column 'cache_read': '1' is a price per token beside 'provisioned'. Write 'provisioned' for input and",
    ),
    ("p.csv", "", ": it holds no prices. Give each model a line"),
    ("p.csv", HEADER.encode() + b"caf\xe9,1,2\n", ":2: it is not UTF-8 text. Save it as UTF-8."),
    ("p.txt", "", ": '.txt' is no format of a price list. Use .csv, .json or .yaml."),
    ("p.json", '[\n{"model": "a",}]', ":2: not JSON at character 15: Expecting property name"),
    ("p.json", '[\n{"model": "a",\n"input": "?", "output": 1}]', ":3: column 'input': '?' is no price."),
    ("p.json", '[{"model": "a", "model": "b"}]', ":1: column 'model': it is there twice."),
    ("p.json", "[" * 100_000, ": it is nested too deeply."),
    ("p.json", "[]", ": it holds no prices."),
    ("p.yaml", "", ": it holds no prices."),
    ("p.yaml", "as_of: 2026-11-01\n", ": it holds no prices."),
    ("p.yaml", "- model: a\n  input: [1]\n", ":2: column 'input': there is more than one value."),
    ("p.yaml", "- model: a\n  cost: 1\n", ":2: unknown column 'cost'."),
    ("p.yaml", "- model: a\n  input: 1\n", ":1: column 'output': there is no value."),
    ("p.yaml", "- a\n", ":1: the prices of a model are not given by name. Write a list of"),
    ("p.yaml", "prices: 5\n", ":1: there is no list of prices. Write a list of"),
    ("p.yaml", "5\n", ":1: there is no list of prices."),
    ("p.yaml", "price: []\n", ":1: unknown column 'price'. Known are as_of, source, prices. Did you mean 'prices'?"),
    ("p.yaml", "as_of: May\nprices: [{model: a, input: 1, output: 1}]\n", ":1: column 'as_of': 'May' is no date."),
    ("p.yaml", "- model: a\n - b", ":2: not YAML: "),
    ("p.yaml", "a: \x07", ": not YAML: unacceptable character"),
]


@pytest.mark.parametrize(("name", "text", "message"), FAULTS)
def test_a_fault_is_named_with_its_place(tmp_path: Path, name: str, text: str | bytes, message: str) -> None:
    """File, line and column are said, and how to mend it."""
    path = written(tmp_path, name, text)
    with pytest.raises(PriceFileError) as caught:
        read_prices(path)
    assert str(caught.value).startswith(f"{path}{message}")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A path that leads nowhere is said as it was given."""
    with pytest.raises(PriceFileError, match=r"none\.csv: it cannot be read: No such file or directory"):
        read_prices(tmp_path / "none.csv")


PRICE = st.floats(0, 1e6)
RATES = (
    st.builds(Rates, input=PRICE, output=PRICE, cache_read=st.none() | PRICE, cache_write=st.none() | PRICE) | st.none()
)
LINES = st.builds(
    Line,
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1),
    st.builds(Served, st.sampled_from(TIERS), st.sampled_from(LATENCIES)),
)


def record(line: Line, rates: Rates | None) -> dict[str, Any]:
    """Return a line as a file has it; what is the default or unknown may be left out."""
    names = ("input", "output", "cache_read", "cache_write")
    prices = {name: getattr(rates, name) for name in names} if rates else dict.fromkeys(names[:2], "provisioned")
    served = {"tier": line.served.tier, "latency": line.served.latency}
    said = {name: value for name, value in {**served, **prices}.items() if value not in {None, TIERS[0], LATENCIES[0]}}
    return {"model": line.model, **said}


def as_csv(records: list[dict[str, Any]]) -> str:
    """Return records as CSV."""
    columns = ["latency", "model", "output", "input", "cache_write", "tier", "cache_read"]
    file = io.StringIO()
    writer = csv.DictWriter(file, columns)
    writer.writeheader()
    writer.writerows(records)
    return file.getvalue()


@pytest.mark.parametrize("name", ["p.csv", "p.json"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=st.dictionaries(LINES, RATES, min_size=1))
@example(table={Line("default", Served(TIERS[0], LATENCIES[0])): None})
def test_any_table_is_read_as_it_was_written(tmp_path: Path, name: str, table: dict[Line, Rates | None]) -> None:
    """Models, tiers, latency modes and prices come back from CSV and from JSON, which is read as YAML is."""
    records = [record(line, rates) for line, rates in table.items()]
    text = as_csv(records) if name == "p.csv" else json.dumps(records)
    assert read_prices(written(tmp_path, name, text)).rates == table


@pytest.mark.parametrize("name", ["p.csv", "p.json"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    count=st.integers(1, 9),
    data=st.data(),
    column=st.sampled_from(["input", "output", "cache_read", "cache_write", "tier", "latency"]),
)
def test_the_wrong_line_is_named(tmp_path: Path, name: str, count: int, data: st.DataObject, column: str) -> None:
    """Wherever a cell is wrong, its line and its column are said."""
    records: list[dict[str, Any]] = [{"model": f"m{number}", "input": 1, "output": 2} for number in range(count)]
    wrong = data.draw(st.integers(0, count - 1))
    records[wrong][column] = "?"
    text = as_csv(records) if name == "p.csv" else "[\n" + ",\n".join(map(json.dumps, records)) + "]"
    path = written(tmp_path, name, text)
    with pytest.raises(PriceFileError) as caught:
        read_prices(path)
    assert (caught.value.line, caught.value.column) == (wrong + 2, column)
    assert str(caught.value).startswith(f"{path}:{wrong + 2}: column {column!r}: '?' is no ")


@pytest.mark.parametrize("name", FILES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary() | st.text().map(str.encode) | st.text("model,inputoutp:-[]{}\"'&*\n 0123.\t").map(str.encode)
)
def test_no_content_raises_anything_else(tmp_path: Path, name: str, content: bytes) -> None:
    """Whatever a file holds, it is a price list or a named fault."""
    path = written(tmp_path, name, content)
    with suppress(PriceFileError):
        assert read_prices(path).rates
