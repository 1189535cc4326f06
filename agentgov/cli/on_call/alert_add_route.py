"""`agentgov alert add-route`: one more way to people, written into governance/alerts.yaml, to be reviewed."""

from typing import get_args

import click

from agentgov.cli.options import answer, format_option, repo_option
from agentgov.errors import UsageError
from agentgov.model.policies import RouteKind, Severity

_SAYS = {  # what mends a file, as what mends this command
    "add keyFrom: env:NAME": "add --key-from env:NAME",
    "say where it answers": "add --url URL",
    "say from whom it comes, and to whom it goes": "add --sender ADDRESS --recipient WHO",
}


@click.command("add-route")
@click.argument("name")
@click.option("--to", "kind", type=click.Choice(get_args(RouteKind)), required=True, help="Which kind of receiver.")
@click.option("--key-from", metavar="env:NAME|file:/PATH", help="Where the secret is when it is needed.")
@click.option("--url", metavar="URL", help="Where a webhook, an Alertmanager or a mail server answers.")
@click.option("--severity", type=click.Choice(get_args(Severity)), multiple=True, help="Only these (default: all).")
@click.option("--sender", metavar="ADDRESS", help="From whom e-mail comes.")
@click.option(
    "--recipient",
    "recipients",
    metavar="WHO",
    multiple=True,
    help="To whom e-mail goes: an address, owner, oncall, team:ID, role:NAME.",
)
@repo_option
@format_option()
def add_route(
    name: str,
    kind: str,
    key_from: str | None,
    url: str | None,
    severity: tuple[str, ...],
    sender: str | None,
    recipients: tuple[str, ...],
    repo: str,
    output: str,
) -> int:
    """Write one more way to people into governance/alerts.yaml. The secret itself never comes into git.

    agentgov alert add-route on-call --to pagerduty --key-from env:PD_KEY --severity page
    """
    from agentgov.cli.governed_file import governed_file, read_governed, write_governed
    from agentgov.model.governed import ALERTS_FILE
    from agentgov.report.page import Page, Span
    from agentgov.scaffold.alert_edit import add_route as edited
    from agentgov.scaffold.yaml_splice import Value

    file = governed_file(repo, ALERTS_FILE)
    parts: dict[str, Value | None] = {
        "name": name,
        "match": {"severity": list(severity)} if severity else None,
        "to": kind,
        "url": url,
        "keyFrom": key_from,
        "sender": sender,
        "recipients": list(recipients) or None,
    }
    route = {key: value for key, value in parts.items() if value is not None}
    before = read_governed(file, ALERTS_FILE) if file.exists() else None
    try:
        after = edited(before, route)
    except UsageError as error:
        raise UsageError(error.message, _SAYS.get(error.hint, error.hint)) from error
    write_governed(file, ALERTS_FILE, after)
    page = Page().line(Span("wrote ", "good"), f"{ALERTS_FILE}: one more route, {name}")
    page.line("  it is governance, so the change takes the administrators' approval; once it holds, try it:")
    page.line(Span(f"  agentgov alert test {name}", "accent"))
    answer(output, page, {"schema": "agentgov.alert-add-route/1", "written": ALERTS_FILE, "route": route})
    return 0
