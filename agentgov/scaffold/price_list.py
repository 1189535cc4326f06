"""Which prices a fleet needs, what a catalogue would change of governance/prices.yaml, and the smallest edit for that.

The models of a fleet are those that its agents name, and those that a workspace allows by name. An entry marked
`byHand` is left as it is, and so is one that nobody needs any more; comments, order and everything else stay. An edit
counts only if the new text reads back as what was meant. Never writes a file.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import msgspec

from agentgov.errors import ConfigurationError
from agentgov.model.agent import Agent
from agentgov.model.fleet import Workspace
from agentgov.model.governed import PRICES_FILE
from agentgov.model.policies import ModelPrice, PriceList
from agentgov.model.snapshot import MemorySnapshot
from agentgov.scaffold.price_catalogue import Listed
from agentgov.scaffold.yaml_splice import SpliceError, flow, insert_member, replace_scalar
from agentgov.scaffold.yaml_tree import at, tree
from agentgov.validate.limits import refusal
from agentgov.validate.load import load_document

State = Literal["same", "changed", "added", "by-hand", "unpriced", "unneeded"]
_FIELDS = (("input", "input"), ("cachedInput", "cached_input"), ("cacheWrite", "cache_write"), ("output", "output"))
_THOUSAND = {"1K": 1000, "1M": 1}
_NEW = """\
# yaml-language-server: $schema=../.agentgov/schemas/pricelist.schema.json
apiVersion: agentgov.dev/v1
kind: PriceList
currency: {currency}
asOf: {day}
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One model: its price in the list, the price that it gets, and what to know of it."""

    model: str
    state: State
    before: ModelPrice | None
    after: ModelPrice | None
    notes: tuple[str, ...] = ()


def models_of(agents: Iterable[Agent], workspaces: Iterable[Workspace]) -> tuple[str, ...]:
    """The models that need a price, sorted: what agents name, and what a workspace allows by its full name."""
    found = {name for one in agents for name in (one.spec.model.primary, *one.spec.model.fallback)}
    for workspace in workspaces:
        found |= {name for name in workspace.models.allow if "*" not in name and not refusal(workspace.models, name)}
    return tuple(sorted(found))


def compared(prices: PriceList | None, models: Sequence[str], listed: Mapping[str, Listed]) -> tuple[Entry, ...]:
    """What becomes of each model that needs a price, and of those in the list that nobody needs; sorted."""
    there = prices.models if prices is not None else {}
    found = [_entry(name, there.get(name), listed[name]) for name in models]
    found += [Entry(name, "unneeded", price, price) for name, price in there.items() if name not in listed]
    return tuple(sorted(found, key=lambda one: one.model))


def _entry(name: str, before: ModelPrice | None, found: Listed) -> Entry:
    if before is not None and before.by_hand:
        return Entry(name, "by-hand", before, before)
    if found.price is None:
        said = (found.problem, "its price is left as it is") if before is not None else (found.problem,)
        return Entry(name, "unpriced" if before is None else "by-hand", before, before, (*said, *found.notes))
    if before is None:
        return Entry(name, "added", None, found.price, found.notes)
    after = found.price
    for field in ("cached_input", "cache_write"):  # what is said once is not taken out again
        if getattr(before, field) and not getattr(after, field):
            after = msgspec.structs.replace(after, **{field: after.input})
    state: State = "same" if _per_million(before) == _per_million(after) else "changed"
    return Entry(name, state, before, after, found.notes)


def _per_million(price: ModelPrice) -> tuple[Decimal, ...]:
    amounts = price.input, price.cached_input or price.input, price.cache_write or price.input, price.output
    return tuple(Decimal(one) * _THOUSAND[price.per] for one in amounts)


def edited(text: str | None, entries: Iterable[Entry], currency: str, source: str, day: str) -> str:
    """The text of the price list with these prices; `text` is None where there is no file yet. ConfigurationError where
    it is written in a way that cannot be edited."""
    entries = [one for one in entries if one.state in ("changed", "added")]
    before = text if text is not None else _NEW.format(currency=currency, day=day)
    try:
        after = _dated(_sourced(before, source), day)
        for one in entries:
            after = _changed(after, one) if one.state == "changed" else _added(after, one)
    except SpliceError as error:
        raise ConfigurationError(f"{PRICES_FILE} cannot be edited: {error}", _BY_HAND) from error
    _check(before, after, entries, source, day)
    return after


_BY_HAND = "edit it by hand; `agentgov prices diff` tells the prices"


def _changed(text: str, entry: Entry) -> str:
    assert entry.before is not None, "it is in the list"
    assert entry.after is not None, "it has a price"
    steps = ["models", entry.model]
    if entry.before.per != entry.after.per:
        text = replace_scalar(text, [*steps, "per"], entry.after.per)
    for name, amount in _amounts(entry.after).items():
        known = at(tree(text), [*steps, name]) is not None
        text = replace_scalar(text, [*steps, name], amount) if known else insert_member(text, steps, name, amount)
    return text


def _added(text: str, entry: Entry) -> str:
    assert entry.after is not None, "it has a price"
    value = _amounts(entry.after)
    models = at(tree(text), ["models"])
    if models is not None and models.parts:
        return insert_member(text, ["models"], entry.model, value)
    line = f"\n  {entry.model}: {flow(value)}"
    if models is None:
        return f"{text.rstrip()}\nmodels:{line}\n"
    if text[models.start : models.end].strip("{} "):
        raise SpliceError("`models` is empty, in a way that is not `{}`")
    return f"{text[: models.start].rstrip(' ')}{line}{text[models.end :]}"


def _amounts(price: ModelPrice) -> dict[str, str]:
    return {name: amount for name, field in _FIELDS if (amount := getattr(price, field))}


def _dated(text: str, day: str) -> str:
    node = at(tree(text), ["asOf"])
    assert node is not None, "the schema asks for it"
    return text[: node.start] + day + text[node.end :]


def _sourced(text: str, source: str) -> str:
    """The text with the source of its prices, below the day of which they are."""
    root = tree(text)
    if at(root, ["source"]) is not None:
        return replace_scalar(text, ["source"], source)
    day = at(root, ["asOf"])
    if day is None or root.flow:
        raise SpliceError("it does not say asOf on a line of its own")
    end = text.find("\n", day.end)
    end = len(text) if end < 0 else end
    return f"{text[:end].rstrip(chr(13))}\nsource: {flow(source)}{text[end:]}"


def _check(before: str, after: str, entries: Sequence[Entry], source: str, day: str) -> None:
    """That the new text says what was meant, and nothing else. ConfigurationError where it does not."""
    old, new = _read(before), _read(after)
    models = dict(old.models)
    models |= {one.model: one.after for one in entries if one.after is not None}
    if new != msgspec.structs.replace(old, models=models, source=source, as_of=day):
        raise ConfigurationError(f"{PRICES_FILE} is written in a way that cannot be edited safely", _BY_HAND)


def _read(text: str) -> PriceList:
    loaded = load_document(MemorySnapshot({PRICES_FILE: text.encode()}), "PriceList", PriceList, PRICES_FILE)
    if loaded.typed is None:
        why = loaded.findings[0].message if loaded.findings else "it is no price list"
        raise ConfigurationError(f"{PRICES_FILE} cannot be read: {why}", "see: agentgov validate")
    return loaded.typed
