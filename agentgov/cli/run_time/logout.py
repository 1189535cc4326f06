"""`agentgov logout`: the login ends at the gate and is forgotten here."""

import click

from agentgov.cli.context import open_context
from agentgov.cli.gate_client import GateClient, forget_login, kept_login
from agentgov.cli.options import answer, format_option, repo_option, show
from agentgov.errors import AgentgovError, ConfigurationError
from agentgov.net.tokens import Token
from agentgov.report.page import Page, Span


@click.command()
@repo_option
@format_option()
def logout(repo: str, output: str) -> int:
    """End the login at the gate. It is forgotten here also where the gate cannot be reached."""
    fleet = open_context(repo).view().state.head.fleet
    kept = kept_login(fleet)
    forget_login(fleet)
    if kept is None:
        raise ConfigurationError("you are not logged in", "agentgov login")
    try:
        GateClient(kept.gate, Token(kept.token)).ask("POST", "/v1/logout")
    except AgentgovError as error:
        where = f"it is forgotten here, and the gate was not told: {error.message}"
        show(Page().line(Span("waiting ", "warn"), where, "; it ends by itself within twelve hours"), err=True)
    page = Page().line(Span("done ", "good"), f"logged out at {kept.gate}")
    answer(output, page, {"schema": "agentgov.logout/1", "gate": kept.gate})
    return 0
