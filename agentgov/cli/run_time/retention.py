"""`agentgov retention`: how long frameworks ask records to be kept, and which classes of a fleet keep them so long."""

from typing import TYPE_CHECKING, Any

import click

from agentgov.cli.options import answer, format_option, repo_option

if TYPE_CHECKING:
    from agentgov.model.frameworks import Framework

_HINT = "edit it; it counts once it is reviewed, on main, and reconciled"


@click.group()
def retention() -> None:
    """How long records are kept: minimum periods of frameworks with their sources, and the classes of this fleet."""


@retention.command()
@format_option()
def presets(output: str) -> int:
    """The minimum periods that are known, each with the clause that says so."""
    from agentgov.model.frameworks import FRAMEWORKS, LOOKED_UP
    from agentgov.report.page import Page, Span

    page = Page()
    for one in FRAMEWORKS.values():
        page.line(Span(f"{one.name:<26}", "bold"), f"{one.period:<7}{one.source}")
        page.line(Span(f"{'':<26}{one.says}", "dim"))
        page.line(Span(f"{'':<26}{one.url}", "dim"))
        page.line(Span(f"{'':<26}looked up {LOOKED_UP}: {one.confirmed}", "dim"))
    page.line()
    page.line(
        "Which of them binds you, and for which records, is for a lawyer. A class names those that it has to keep:"
    )
    page.line(Span("  classes: {patients: {payload: 1y, leaf: 2192d, frameworks: [hipaa]}}", "accent"))
    document = [
        {
            "name": one.name,
            "period": one.period,
            "seconds": one.seconds,
            "source": one.source,
            "says": one.says,
            "url": one.url,
            "lookedUp": LOOKED_UP,
            "confirmed": one.confirmed,
        }
        for one in FRAMEWORKS.values()
    ]
    answer(output, page, {"schema": "agentgov.retention-presets/1", "frameworks": document})
    return 0


@retention.command()
@click.option("--framework", "names", multiple=True, metavar="NAME", help="Also a class that is kept as it asks.")
@repo_option
@format_option()
def new(names: tuple[str, ...], repo: str, output: str) -> int:
    """Write governance/retention.yaml to begin with: a class for everything, and one for each framework that is named.

    Exit code 1 where the file is there already.
    """
    from agentgov.cli.place import fleet_around, write_new
    from agentgov.errors import RefusedError
    from agentgov.model.governed import RETENTION_FILE
    from agentgov.report.page import Page, Span
    from agentgov.scaffold.retention import DEFAULT, retention_text

    found = _frameworks(names)
    if not write_new(fleet_around(repo), RETENTION_FILE, retention_text(found)):
        raise RefusedError(f"{RETENTION_FILE} exists already, and nothing is overwritten", _HINT)
    page = Page().line(Span("wrote ", "good"), RETENTION_FILE)
    for one in found:
        page.line(f"  agents that keep to {one.name} name its class: audit: {{retention: {one.name}}}")
    page.line("  it is governance, so the change takes the administrators' approval")
    classes = [*(one.name for one in found), DEFAULT]
    answer(output, page, {"schema": "agentgov.retention-new/1", "written": RETENTION_FILE, "classes": classes})
    return 0


@retention.command()
@click.option("--framework", "names", multiple=True, metavar="NAME", help="Hold every class to this one, too.")
@repo_option
@format_option()
def check(names: tuple[str, ...], repo: str, output: str) -> int:
    """Which classes of the working tree are shorter than the frameworks that they name.

    Exit 1: a class is shorter. `agentgov validate` says the same as `content.retention-minimum`.
    """
    from agentgov.cli.place import fleet_around
    from agentgov.errors import ConfigurationError
    from agentgov.model.frameworks import FRAMEWORKS
    from agentgov.model.governed import RETENTION_FILE
    from agentgov.model.units import parse_duration
    from agentgov.repo.snapshot import WorkTreeSnapshot
    from agentgov.report.page import Page, Span
    from agentgov.validate.load import load_parts

    _frameworks(names)
    snapshot = WorkTreeSnapshot(fleet_around(repo))
    kept = load_parts(snapshot).retention
    if kept is None:
        raise ConfigurationError(f"there is no {RETENTION_FILE} here that can be read", "see: agentgov validate")
    page, found, short = Page(), list[dict[str, Any]](), False
    for name, one in kept.classes.items():
        for framework in dict.fromkeys((*one.frameworks, *names)):
            if framework not in FRAMEWORKS:
                continue
            least = FRAMEWORKS[framework]
            leaf, payload = (parse_duration(text) >= least.seconds for text in (one.leaf, one.payload))
            short |= not leaf
            said = "" if payload else f"; payloads go after {one.payload}"
            page.line(
                Span("keeps  " if leaf else "SHORT  ", "good" if leaf else "bad"),
                f"{name}: records {one.leaf}, {least.source} asks for {least.period}{said}",
            )
            found.append(
                {
                    "class": name,
                    "framework": framework,
                    "period": least.period,
                    "leaf": one.leaf,
                    "payload": one.payload,
                    "leafKeeps": leaf,
                    "payloadKeeps": payload,
                }
            )
    if not found:
        page.line("no class names a framework: agentgov retention presets")
    answer(output, page, {"schema": "agentgov.retention-check/1", "holds": not short, "classes": found})
    return int(short)


def _frameworks(names: tuple[str, ...]) -> "list[Framework]":
    """The frameworks of these names. BadParameter where one is none."""
    from agentgov.model.frameworks import FRAMEWORKS

    if unknown := [name for name in names if name not in FRAMEWORKS]:
        raise click.BadParameter(f"{unknown[0]!r} is none; agentgov retention presets lists them.")
    return [FRAMEWORKS[name] for name in dict.fromkeys(names)]
