"""docs/gate.md holds every route, every setting and every metric of the gate; the table of routes is made of them."""

import os
import re
from pathlib import Path

import click

from agentgov.cli.run_time.serve import serve
from agentgov.gate.metrics import Metrics
from agentgov.gate.routes.table import ROUTES

PAGE = Path(__file__).parents[3] / "docs/gate.md"
BEGIN = "<!-- routes: written by GOLDEN=write pytest tests/unit/docs/test_gate_page.py -->\n"
END = "<!-- end of routes -->"
WHO = {"anyone": "anyone", "agent": "agents", "person": "people", "either": "both"}


def table() -> str:
    """The routes as the page shows them."""
    rows = [f"| `{one.method} {one.path}` | {WHO[one.who]} | {one.verb} | {one.summary} |" for one in ROUTES]
    return "\n".join(["| route | for | verb | what it is |", "|---|---|---|---|", *rows]) + "\n"


def test_every_route_is_in_the_table() -> None:
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    wanted = f"{before}{BEGIN}{table()}{END}{after}"
    if os.environ.get("GOLDEN") == "write":
        PAGE.write_text(wanted, encoding="utf-8")
    assert PAGE.read_text("utf-8") == wanted


def test_every_setting_is_explained() -> None:
    text = PAGE.read_text("utf-8")
    options = [
        name for one in serve.params if isinstance(one, click.Option) for name in (*one.opts, *one.secondary_opts)
    ]
    assert [name for name in options if name != "--repo" and f"`{name}" not in text] == []


def test_every_metric_is_explained() -> None:
    text = PAGE.read_text("utf-8")
    known = {family.name for family in Metrics().registry.collect()}
    told = {name.removesuffix("_total") for name in re.findall(r"`(agentgov_gate_[a-z_]+)`", text)}
    assert known <= told
