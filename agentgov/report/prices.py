"""Prices for people and programs: what a list has, what a catalogue says, and what nobody knows a price of."""

from collections.abc import Sequence
from typing import Any, Protocol

from agentgov.model.policies import ModelPrice
from agentgov.report.page import Page, Span, Style

_STYLES: dict[str, Style] = {"changed": "warn", "added": "good", "unpriced": "bad"}


class Priced(Protocol):
    """One model of a price list beside a catalogue."""

    @property
    def model(self) -> str:
        """Its name in the fleet."""

    @property
    def state(self) -> str:
        """same, changed, added, by-hand, unpriced, unneeded."""

    @property
    def before(self) -> ModelPrice | None:
        """Its price in the list."""

    @property
    def after(self) -> ModelPrice | None:
        """The price that it gets."""

    @property
    def notes(self) -> Sequence[str]:
        """What to know of it."""


def prices_page(entries: Sequence[Priced], source: str, currency: str, *, asked: str, written: bool) -> Page:
    """A line for each model, what to know of those that need a price, and what comes next."""
    page = Page()
    if not entries:
        return page.line("no agent names a model, and no workspace allows one by its name")
    rows = [(one.model, Span(one.state, _STYLES.get(one.state, "dim")), *_amounts(one)) for one in entries]
    page.table(("model", "", "input", "cached", "cache write", "output"), rows)
    for note, models in _grouped(entries).items():
        page.line(Span(f"  {note}: ", "dim"), ", ".join(models))
    page.line(f"{currency} per million tokens, by {source}")
    unpriced = [one.model for one in entries if one.state == "unpriced"]
    if unpriced:
        page.line(Span("without a price: ", "bad"), f"{', '.join(unpriced)}; agents get no money for them")
    if asked == "sync":
        said = "written to governance/prices.yaml; it takes effect by its reviews" if written else "nothing to change"
        page.line(said)
    elif any(one.state in ("added", "changed") for one in entries):
        page.line("agentgov prices sync writes this")
    return page


def _grouped(entries: Sequence[Priced]) -> dict[str, list[str]]:
    """What there is to know, each once, with the models of which it is true."""
    found: dict[str, list[str]] = {}
    for one in entries:
        for note in one.notes:
            found.setdefault(note, []).append(one.model)
    return found


def prices_json(entries: Sequence[Priced]) -> list[dict[str, Any]]:
    """The same for programs; a price is as in the list, per million tokens or per thousand."""
    return [
        {
            "model": one.model,
            "state": one.state,
            "before": _price(one.before),
            "after": _price(one.after),
            "notes": list(one.notes),
        }
        for one in entries
    ]


def _price(price: ModelPrice | None) -> dict[str, str] | None:
    if price is None:
        return None
    cached = {"cachedInput": price.cached_input} if price.cached_input else {}
    cached |= {"cacheWrite": price.cache_write} if price.cache_write else {}
    return {"input": price.input, **cached, "output": price.output, "per": price.per}


def _amounts(one: Priced) -> tuple[str, str, str, str]:
    def said(field: str) -> str:
        before, after = (getattr(price, field) if price is not None else "" for price in (one.before, one.after))
        per = {price.per for price in (one.before, one.after) if price is not None}
        if len(per) > 1 and one.before is not None and one.after is not None:  # both of them, each for its number
            return f"{before} per {one.before.per} -> {after} per {one.after.per}"
        return after if before in ("", after) else f"{before} -> {after}"

    return said("input"), said("cached_input"), said("cache_write"), said("output")
