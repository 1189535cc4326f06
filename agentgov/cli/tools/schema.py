"""`agentgov schema`: print the JSON Schema of a kind, list the kinds, or put copies into a fleet for its editors.

Reads what travels with the program; what it writes are copies of that.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agentgov.cli.options import answer, format_option, repo_option
from agentgov.errors import UsageError
from agentgov.model import guess

if TYPE_CHECKING:
    from agentgov.model.governed import Kind

_PLACES: "dict[Kind, str]" = {
    "Fleet": "agentgov.yaml",
    "Access": "governance/access.yaml",
    "Pipeline": "governance/pipeline.yaml",
    "Workspace": "governance/workspaces/<workspace>.yaml",
    "Agent": "agents/<workspace>/<agent>/agent.yaml",
    "ActionPolicy": "governance/actions.yaml",
    "PriceList": "governance/prices.yaml",
    "Retention": "governance/retention.yaml",
    "AlertPolicy": "governance/alerts.yaml",
    "Playbook": "playbooks/<name>.yaml",
    "Drill": "drills/<name>.yaml",
}


def _complete_kind(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    return [kind.lower() for kind in _PLACES if kind.lower().startswith(incomplete.lower())]


@click.command()
@click.argument("kind", required=False, shell_complete=_complete_kind)
@click.option("--list", "listed", is_flag=True, help="List the kinds and where they stand (without KIND: so anyway).")
@click.option("--write", is_flag=True, help="Put the schemas into .agentgov/schemas/ of the fleet, for editors.")
@repo_option
@format_option()
def schema(kind: str | None, listed: bool, write: bool, repo: str, output: str) -> int:
    """Print the JSON Schema of KIND, such as agent; without KIND, list the kinds.

    --write brings the copies that editors use up to date, as after an upgrade of agentgov. Exit 0.
    """
    from agentgov.report.page import Page
    from agentgov.validate.engine import schema_text

    if kind is not None and (listed or write):
        raise UsageError("KIND prints one schema; --list and --write are about all of them", "leave one of them out")
    if kind is not None:
        click.echo(schema_text(_kind(kind)), nl=False)
        return 0
    kinds = [{"kind": name, "path": path} for name, path in _PLACES.items()]
    document: dict[str, Any] = {"schema": "agentgov.schema/1", "kinds": kinds}
    if write:
        page, done = _write(repo)
        document |= done
    else:
        page = Page().table(("kind", "stands at"), list(_PLACES.items()))
    answer(output, page, document)
    return 0


def schema_copies() -> dict[str, str]:
    """Path in a fleet to text of the schema of every kind."""
    from agentgov.resources import folder
    from agentgov.scaffold.editor import SCHEMAS

    schemas = sorted(folder("schemas").glob("*.schema.json"))
    return {f"{SCHEMAS}/{schema.name}": schema.read_text("utf-8") for schema in schemas}


def stale_copies(root: Path) -> list[str]:
    """The copies in a fleet that are there and not those of this version; none where the fleet has no copies."""
    from agentgov.scaffold.editor import SCHEMAS

    if not (root / SCHEMAS).is_dir():
        return []
    return [path for path, text in schema_copies().items() if _bytes(root / path) != text.encode()]


def briefly(paths: list[str]) -> list[str]:
    """The paths, with the schemas for editors as one."""
    from agentgov.scaffold.editor import SCHEMAS

    return list(dict.fromkeys(f"{SCHEMAS}/" if path.startswith(f"{SCHEMAS}/") else path for path in paths))


def _bytes(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None


def _write(repo: str) -> "tuple[Any, dict[str, list[str]]]":
    from agentgov.cli.place import fleet_around, write_copy
    from agentgov.report.page import Page, Span

    root = fleet_around(repo)
    done: dict[str, list[str]] = {"written": [], "left": []}
    for path, text in schema_copies().items():
        done["written" if write_copy(root, path, text) else "left"].append(path)
    page = Page()
    for path in done["written"]:
        page.line(Span("wrote ", "good"), path)
    return page if done["written"] else page.line("all of them are up to date"), done


def _kind(text: str) -> "Kind":
    for name in _PLACES:
        if name.lower() == text.lower():
            return name
    meant = guess.question(text, _PLACES)
    raise UsageError(f"there is no kind {text}", f"{meant} kinds: {', '.join(_PLACES)}".lstrip())
