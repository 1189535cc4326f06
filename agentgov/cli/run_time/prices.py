"""`agentgov prices`: governance/prices.yaml beside what a catalogue of prices says, and brought up to it.

Only the working tree is read and written: prices are governance, and take effect by their reviews.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agentgov.cli.governed_file import governed_file, read_governed, write_governed
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.errors import ConfigurationError
from agentgov.model.governed import PRICES_FILE

if TYPE_CHECKING:
    from agentgov.scaffold.price_list import Entry


@click.group()
def prices() -> None:
    """Pinned prices of the models that agents use or may use, by the catalogue `genai-prices`.

    One price a model: where the catalogue has several, the upper one, and that is said. What is marked `byHand: true`
    stays as it is.
    """


@dataclass(frozen=True, slots=True)
class _Found:
    entries: "tuple[Entry, ...]"
    file: Path
    text: str | None
    currency: str
    source: str
    day: str

    @property
    def unpriced(self) -> "list[Entry]":
        return [one for one in self.entries if one.state == "unpriced"]

    @property
    def changes(self) -> "list[Entry]":
        return [one for one in self.entries if one.state in ("added", "changed")]


@prices.command()
@repo_option
@format_option()
def diff(repo: str, output: str) -> int:
    """What `sync` would change, without changing it.

    Exit 0: nothing, 1: something, or a model stays without a price.
    """
    found = _look(repo)
    _answer("diff", output, found, written=False)
    return 1 if found.changes or found.unpriced else 0


@prices.command()
@repo_option
@format_option()
def sync(repo: str, output: str) -> int:
    """Write today's prices into governance/prices.yaml: a change like every other, for the administrators to review.

    Exit 1: it is written, and a model stays without a price; agents get no money for it.
    """
    from agentgov.scaffold.price_list import edited

    found = _look(repo)
    after = edited(found.text, found.entries, found.currency, found.source, found.day)
    if after != found.text:
        write_governed(found.file, PRICES_FILE, after)
    _answer("sync", output, found, written=after != found.text)
    return 1 if found.unpriced else 0


def _look(repo: str) -> _Found:
    from agentgov.repo.clock import now
    from agentgov.repo.snapshot import WorkTreeSnapshot
    from agentgov.scaffold.price_catalogue import CURRENCY, listed, source
    from agentgov.scaffold.price_list import compared, models_of
    from agentgov.validate.load import load_fleet, load_parts

    catalogue, today = source(), datetime.fromtimestamp(now(), UTC).date()
    file = governed_file(repo, PRICES_FILE)
    snapshot = WorkTreeSnapshot(file.parent.parent)
    agents, parts = load_fleet(snapshot).agents.values(), load_parts(snapshot)
    if parts.fleet is None:
        raise ConfigurationError(
            "there is no fleet here, or its agentgov.yaml cannot be read", "see: agentgov validate"
        )
    text = read_governed(file, PRICES_FILE) if file.is_file() else None
    if text is not None and parts.prices is None:
        raise ConfigurationError(f"{PRICES_FILE} cannot be read", "see: agentgov validate")
    currency = parts.prices.currency if parts.prices is not None else CURRENCY
    if currency != CURRENCY:
        message = f"{catalogue} has prices in {CURRENCY}, and this fleet counts in {currency}"
        raise ConfigurationError(message, f"write {PRICES_FILE} by hand, at the rate that you pay")
    models = models_of(agents, parts.workspaces.values())
    entries = compared(parts.prices, models, listed(models, today))
    return _Found(entries, file, text, currency, catalogue, today.isoformat())


def _answer(verb: str, output: str, found: _Found, *, written: bool) -> None:
    from agentgov.report.prices import prices_json, prices_page

    page = prices_page(found.entries, found.source, found.currency, asked=verb, written=written)
    document: dict[str, Any] = {
        "schema": f"agentgov.prices-{verb}/1",
        "source": found.source,
        "asOf": found.day,
        "currency": found.currency,
        "models": prices_json(found.entries),
    }
    answer(output, page, document | ({"written": written} if verb == "sync" else {}))
