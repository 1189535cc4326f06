"""`agentgov schema`: print the JSON Schema of a kind, or list the kinds. Reads what travels with the program."""

from typing import TYPE_CHECKING

import click

from agentgov.cli.options import format_option, show, show_json
from agentgov.errors import UsageError

if TYPE_CHECKING:
    from agentgov.model.governed import Kind

_PLACES: "dict[Kind, str]" = {
    "Fleet": "agentgov.yaml",
    "Access": "governance/access.yaml",
    "Pipeline": "governance/pipeline.yaml",
    "Workspace": "governance/workspaces/<workspace>.yaml",
    "Agent": "agents/<workspace>/<agent>/agent.yaml",
}


@click.command()
@click.argument("kind", required=False)
@format_option()
def schema(kind: str | None, output: str) -> int:
    """Print the JSON Schema of KIND (fleet, access, pipeline, workspace, agent); without KIND, list them."""
    from agentgov.report.page import Page
    from agentgov.validate.engine import schema_text

    if kind is not None:
        click.echo(schema_text(_kind(kind)), nl=False)
        return 0
    if output == "json":
        kinds = [{"kind": name, "path": path} for name, path in _PLACES.items()]
        show_json({"schema": "agentgov.schema/1", "kinds": kinds})
    else:
        show(Page().table(("kind", "stands at"), list(_PLACES.items())))
    return 0


def _kind(text: str) -> "Kind":
    for name in _PLACES:
        if name.lower() == text.lower():
            return name
    raise UsageError(f"there is no kind {text}", f"kinds: {', '.join(_PLACES)}")
