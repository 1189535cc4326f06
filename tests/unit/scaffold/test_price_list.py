"""The smallest edit of a price list: comments, order and what is set by hand stay, and it reads back as meant."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.errors import ConfigurationError
from agentgov.model.agent import Agent, AgentSpec, FileRef, Metadata, Model, Prompts
from agentgov.model.fleet import AllowDeny, Workspace
from agentgov.model.governed import PRICES_FILE
from agentgov.model.policies import ModelPrice, PriceList
from agentgov.model.snapshot import MemorySnapshot
from agentgov.scaffold.price_catalogue import Listed
from agentgov.scaffold.price_list import compared, edited, models_of
from agentgov.validate.load import load_document

TEXT = """\
# What we pay.
apiVersion: agentgov.dev/v1
kind: PriceList
currency: USD
asOf: 2026-11-01   # by the contract
models:
  a/one: {input: "3.00", cachedInput: "0.30", output: "15.00", per: 1M}  # the best
  # of last year
  a/two:
    input: "0.0025"
    output: "0.01"    # dear
    per: 1K
  a/own: {input: "1", output: "1", byHand: true}
  a/old: {input: "1", output: "1"}
tools:
  route.distance: {call: "0.005"}
"""


def read(text: str) -> PriceList:
    found = load_document(MemorySnapshot({PRICES_FILE: text.encode()}), "PriceList", PriceList, PRICES_FILE)
    assert found.typed is not None, found.findings
    return found.typed


def synced(text: str | None, listed: dict[str, Listed]) -> str:
    entries = compared(read(text) if text is not None else None, sorted(listed), listed)
    return edited(text, entries, "USD", "list 2", "2026-11-29")


def agent(primary: str, *fallback: str) -> Agent:
    model = Model(primary=primary, params={}, fallback=fallback)
    prompts = Prompts(system=FileRef(file="p.md"))
    return Agent(metadata=Metadata(name="a"), spec=AgentSpec("a", "ann", "low", model, prompts))


def test_models_are_those_that_agents_name_and_workspaces_allow_by_name() -> None:
    workspace = Workspace("w", "ann", models=AllowDeny(allow=("a/*", "b/x", "b/no"), deny=("b/no",)))
    assert models_of([agent("c/1", "c/2"), agent("c/1")], [workspace]) == ("b/x", "c/1", "c/2")


def test_only_what_differs_is_written() -> None:
    listed = {
        "a/one": Listed(ModelPrice("3", "16.00", "0.30")),
        "a/two": Listed(ModelPrice("2.5", "10.00")),
        "a/own": Listed(ModelPrice("9", "9")),
        "a/new": Listed(ModelPrice("1.00", "2.00", "0.10")),
        "a/none": Listed(None, problem="unknown"),
    }
    states = {one.model: one.state for one in compared(read(TEXT), sorted(listed), listed)}
    assert states == {
        "a/one": "changed",
        "a/two": "same",
        "a/own": "by-hand",
        "a/new": "added",
        "a/none": "unpriced",
        "a/old": "unneeded",
    }
    expected = TEXT.replace("2026-11-01   # by the contract", "2026-11-29   # by the contract\nsource: list 2")
    expected = expected.replace('input: "3.00"', 'input: "3"').replace('output: "15.00"', 'output: "16.00"')
    new = '  a/new: {input: "1.00", cachedInput: "0.10", output: "2.00"}\ntools:'
    expected = expected.replace("tools:", new)
    assert synced(TEXT, listed) == expected
    assert synced(expected, listed) == expected


def test_a_price_per_thousand_becomes_one_per_million_with_its_comments() -> None:
    after = synced(TEXT, {"a/two": Listed(ModelPrice("2.50", "11.00", "1.25"))})
    assert '    output: "11.00"    # dear\n    per: "1M"\n    cachedInput: "1.25"\n' in after


def test_a_price_of_the_cache_that_is_gone_becomes_that_of_the_input() -> None:
    assert read(synced(TEXT, {"a/one": Listed(ModelPrice("4", "16"))})).models["a/one"] == ModelPrice("4", "16", "4")


def test_a_price_that_the_catalogue_lacks_stays() -> None:
    (one, *_) = compared(read(TEXT), ["a/one"], {"a/one": Listed(None, problem="unknown")})[1:2]
    assert (one.state, one.notes) == ("by-hand", ("unknown", "its price is left as it is"))


@pytest.mark.parametrize("models", ["models: {}\n", "", "models: {}  # none yet\n"])
def test_the_first_price_makes_the_list(models: str) -> None:
    text = TEXT[: TEXT.index("models:")] + models
    assert read(synced(text, {"a/b": Listed(ModelPrice("1", "2"))})).models == {"a/b": ModelPrice("1", "2")}


def test_a_file_that_is_not_there_is_written() -> None:
    made = read(synced(None, {"a/b": Listed(ModelPrice("1", "2"))}))
    assert (made.currency, made.as_of, made.source, list(made.models)) == ("USD", "2026-11-29", "list 2", ["a/b"])


def test_what_cannot_be_edited_is_left_alone() -> None:
    own = 'a/own: {input: "1", output: "1", byHand: true}'
    text = TEXT.replace("a/one: {", "a/one: &one {").replace(own, "a/own: *one")
    with pytest.raises(ConfigurationError, match="cannot be edited"):
        synced(text, {"a/own": Listed(ModelPrice("1", "2"))})


AMOUNTS = st.integers(0, 10**12).map(lambda nano: f"{nano // 10**9}.{nano % 10**9:09d}")


NAMES = st.sampled_from(["a/one", "a/two", "a/x", "b/y:z@1"])


@settings(max_examples=30)
@given(st.dictionaries(NAMES, st.builds(ModelPrice, AMOUNTS, AMOUNTS, AMOUNTS)))
def test_whatever_the_prices_are_they_are_read_back_and_all_else_stays(prices: dict[str, ModelPrice]) -> None:
    after = synced(TEXT, {name: Listed(price) for name, price in prices.items()})
    kept = [line for line in TEXT.splitlines() if "#" in line and "a/one" not in line]
    assert all(line.partition("#")[2] in after for line in kept)
    models = read(after).models
    entries = compared(read(after), sorted(prices), {name: Listed(price) for name, price in prices.items()})
    assert {one.state for one in entries if one.model in prices} <= {"same"}
    assert all(models[name] == read(TEXT).models[name] for name in ("a/own", "a/old"))
