"""`agentgov login`: a token of twelve hours at the gate, for whoever signs with a key of Access."""

import secrets

import click

from agentgov.cli.context import open_context
from agentgov.cli.gate_client import GateClient, Login, address_of, keep_login
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.cli.run_time.login_oidc import log_in
from agentgov.repo import clock
from agentgov.repo.repository import Repository
from agentgov.repo.signing import person_signer
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Span
from agentgov.runtime.logins import NAMESPACE, LoginText
from agentgov.trust.signers import StrictSigner


@click.command()
@click.option("--gate", metavar="URL", help="The gate (default: AGENTGOV_GATE, else agentgov.yaml).")
@click.option("--oidc", is_flag=True, help="Log in at the gate's OpenID provider, in a browser.")
@click.option("--browser/--no-browser", default=True, help="With --oidc: open the browser, or only print the address.")
@repo_option
@format_option()
def login(gate: str | None, oidc: bool, browser: bool, repo: str, output: str) -> int:
    """Log in at the gate by signing with the key that you sign acts with.

    What you sign is good at that gate alone, for five minutes and once. The login lasts twelve hours, or until the key
    is revoked, and lies in a file that only you can read. With --oidc you log in where your organisation does.
    """
    context = open_context(repo)
    view = context.view()
    url, fleet = address_of(view, gate), view.state.head.fleet
    found = log_in(url, browser) if oidc else _signed(context.repo, url, fleet)
    kept = Login(url, str(found["person"]), str(found["token"]), int(str(found["expires"])))
    keep_login(fleet, kept)
    page = Page().line(Span("done ", "good"), f"logged in at {url} as {kept.person}, until {stamp(kept.expires)}")
    answer(output, page, {"schema": "agentgov.login/1", "gate": url, "person": kept.person, "expires": kept.expires})
    return 0


def _signed(repo: Repository, url: str, fleet: str) -> dict[str, object]:
    """What the gate gives for a signature."""
    text = LoginText(fleet, url, clock.now() * 1000, secrets.token_hex(16)).text
    signature = StrictSigner(person_signer(repo)).sign(NAMESPACE, text.encode("ascii"))
    body = {"text": text, "signature": signature.decode("ascii")}
    found: dict[str, object] = GateClient(url, None).ask("POST", "/v1/login", body)
    return found
