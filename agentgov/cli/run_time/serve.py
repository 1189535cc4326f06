"""`agentgov serve`: the gate that agents and people ask at run time."""

import ipaddress
import os

import click

from agentgov.cli.options import listen_address, repo_option
from agentgov.errors import UsageError
from agentgov.net.address import is_loopback

_EXTRA = "install what it takes: pip install 'agentgov[gate]'"


@click.command()
@click.option(
    "--listen",
    default="127.0.0.1:8080",
    show_default=True,
    metavar="HOST:PORT",
    callback=listen_address,
    help="Where to listen; off this machine only with TLS or behind a proxy.",
)
@click.option("--store", metavar="URL", help="sqlite:///PATH (default: a file of yours) or postgresql://...")
@click.option("--tls-cert", type=click.Path(exists=True, dir_okay=False), metavar="FILE", help="Certificate chain.")
@click.option("--tls-key", type=click.Path(exists=True, dir_okay=False), metavar="FILE", help="Its private key.")
@click.option(
    "--behind-proxy",
    multiple=True,
    metavar="ADDRESS",
    help="A proxy that speaks TLS and whose X-Forwarded-For and -Proto count; may be repeated.",
)
@click.option("--url", default="", metavar="URL", help="How the gate is reached, where agentgov.yaml does not say so.")
@click.option("--oidc-issuer", metavar="URL", help="Let people log in at this OpenID provider too.")
@click.option(
    "--oidc-client", metavar="ID", help="As which client; its secret, if it has one: AGENTGOV_OIDC_SECRET_FILE."
)
@click.option(
    "--poll",
    type=click.FloatRange(0.1, 3600),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="How often the journal is looked at.",
)
@click.option(
    "--token-rate",
    type=click.FloatRange(0),
    default=1000.0,
    show_default=True,
    metavar="N",
    help="Requests a second of one token; 0 for no limit.",
)
@click.option(
    "--address-rate",
    type=click.FloatRange(0),
    default=20.0,
    show_default=True,
    metavar="N",
    help="Requests a second of one address without a valid token; 0 for no limit.",
)
@click.option(
    "--self-test",
    type=click.FloatRange(0),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="How often an agent that does not exist is paused, to know that it works; 0 for never.",
)
@click.option(
    "--session-end",
    type=click.FloatRange(0.1, 86_400),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="A session is over, and counted, when nothing was heard of it for so long.",
)
@click.option("--prune", is_flag=True, help="Dispose of records that are older than their class says, every hour.")
@click.option(
    "--permit-hook", metavar="URL", help="Where people are told that a permit waits for them, and what became of it."
)
@click.option("--budget-hook", metavar="URL", help="Where people are told what budgets have reached.")
@click.option("--access-log/--no-access-log", default=True, help="One line of JSON for each request, on stderr.")
@click.option(
    "--reconcile",
    "every",
    is_flag=False,
    flag_value="10",
    type=click.IntRange(1),
    metavar="[SECONDS]",
    help="Run the reconciler in this process too: a look every 10 (or so many) seconds.",
)
@click.option("--counts", envvar="AGENTGOV_COUNTS", metavar="SOURCE", help="With --reconcile: as there.")
@click.option("--accept-unreviewed", is_flag=True, help="With --reconcile: as there.")
@repo_option
def serve(
    listen: tuple[str, int],
    store: str | None,
    tls_cert: str | None,
    tls_key: str | None,
    behind_proxy: tuple[str, ...],
    url: str,
    oidc_issuer: str | None,
    oidc_client: str | None,
    poll: float,
    token_rate: float,
    address_rate: float,
    self_test: float,
    session_end: float,
    prune: bool,
    permit_hook: str | None,
    budget_hook: str | None,
    access_log: bool,
    every: int | None,
    counts: str | None,
    accept_unreviewed: bool,
    repo: str,
) -> int:
    """Serve leases, permissions and pauses to agents, by the journal of this clone.

    Ended by SIGTERM or Ctrl-C: what is open is finished, and all that was answered is on disk.
    """
    _refuse_open(listen[0], tls_cert, tls_key, behind_proxy)
    _require_server()
    from agentgov.cli.run_time.gate_hooks import hooks_of
    from agentgov.cli.run_time.serving import Serving, serve_gate
    from agentgov.gate.gate import Settings
    from agentgov.gate.oidc_client import client_from
    from agentgov.gate.server import Listen
    from agentgov.runtime.payload_key import vault_from

    where = Listen(*listen, tls_cert or "", tls_key or "", behind_proxy)
    settings = Settings(
        token_rate=token_rate,
        address_rate=address_rate,
        access_log=access_log,
        url=url,
        oidc=client_from(oidc_issuer, oidc_client, os.environ),
        hooks=tuple(hooks_of(permit_hook, budget_hook)),
        self_test=self_test,
        session_end=session_end,
        vault=vault_from(os.environ),
        prune=prune,
    )
    return serve_gate(Serving(repo, store, where, settings, poll, every, counts, accept_unreviewed))


def _require_server() -> None:
    """UsageError where what serves is not installed."""
    try:
        import agentgov.cli.run_time.serving  # noqa: F401 - all that it takes
    except ModuleNotFoundError as error:
        if (error.name or "agentgov").partition(".")[0] == "agentgov":
            raise
        raise UsageError(f"the gate takes {error.name}, which is not installed", _EXTRA) from None


def _refuse_open(host: str, cert: str | None, key: str | None, proxies: tuple[str, ...]) -> None:
    """Tokens travel in clear without TLS: only on this machine, or between a proxy that was named and the gate."""
    if bool(cert) != bool(key):
        raise UsageError("a certificate and its key go together", "give both --tls-cert and --tls-key")
    for proxy in proxies:
        try:
            ipaddress.ip_address(proxy)
        except ValueError:
            raise UsageError(f"{proxy!r} is no address of a proxy", "give its IP address") from None
    if not (is_loopback(host) or cert or proxies):
        message = f"{host} can be reached from elsewhere, and tokens would travel in clear"
        raise UsageError(message, "give --tls-cert and --tls-key, or --behind-proxy ADDRESS of one that speaks TLS")
