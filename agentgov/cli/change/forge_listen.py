"""`agentgov forge listen`: take webhooks in, and do what they wake, until somebody ends it.

Deliveries are judged beside the work and answered at once (`forge.receiver`); errands are done here, one at a time.
"""

import os
import threading
import time
from collections.abc import Collection

import click

from agentgov.cli.change.forge_access import forge_options
from agentgov.cli.change.forge_door import Door
from agentgov.cli.change.forge_errands import Errands, served
from agentgov.cli.context import open_context
from agentgov.cli.options import listen_address, repo_option, show
from agentgov.cli.watch import Stop
from agentgov.errors import ConfigurationError, IncompleteError
from agentgov.forge.hook_events import Errand, Ours, Work
from agentgov.forge.hook_secrets import VARIABLES, secrets_from
from agentgov.forge.receiver import Intake
from agentgov.forge.waking import Waking
from agentgov.forge.webhooks import Secrets
from agentgov.forge.where import ForgeOptions
from agentgov.net.listening import Listening
from agentgov.repo import clock
from agentgov.report.page import Page, Span
from agentgov.trust.identity import Forge

_LOOK = 0.5  # seconds between two looks whether somebody asked to end
_QUIET = 60.0  # seconds between two words about deliveries that are refused
_DOES = {Work.IMPORT: "imports reviews", Work.CHECK: "checks pull requests", Work.RECONCILE: "reconciles"}


@click.command("listen")
@click.option(
    "--listen",
    "address",
    default="127.0.0.1:8787",
    show_default=True,
    metavar="HOST:PORT",
    callback=listen_address,
    help="Where to listen; a proxy in front speaks TLS.",
)
@click.option("--check", is_flag=True, help="Also keep comment and status of pull requests up to date.")
@click.option("--once", is_flag=True, help="Do what the first delivery wakes, and end.")
@forge_options
@repo_option
def command(address: tuple[str, int], check: bool, once: bool, forge: ForgeOptions, repo: str) -> int:
    """Take webhooks of GitHub (/hooks/github) or GitLab (/hooks/gitlab) in, and do what they wake.

    What is done follows from the keys at hand: reviews are imported with AGENTGOV_IMPORTER_KEY_FILE, the reconciler
    runs with AGENTGOV_RECONCILER_KEY_FILE; AGENTGOV_KEY_FILE serves for one of them. Deliveries are judged by the
    secret in AGENTGOV_GITHUB_WEBHOOK_SECRET_FILE or AGENTGOV_GITLAB_WEBHOOK_SECRET_FILE. A delivery only wakes: what
    is true is asked of the forge. SIGTERM ends it when what is due has been done (docs/webhooks.md).
    """
    from agentgov.cli.change.forge_access import connect

    context = open_context(repo)
    secrets = secrets_from(os.environ)
    view = context.view(fetch=True)
    works = served(context, view, check)
    project = connect(context.repo, forge).project
    _require_secret(secrets, project.forge)
    journal = context.journal.ref.removeprefix("refs/heads/")
    ours = Ours(project.forge, project.id, view.governance.fleet.main, journal)
    errands = Errands(Waking(), works, str(context.repo.root or context.repo.location.common_dir), forge)
    heard = _Heard(errands)
    listening = Listening(*address, Door(Intake(secrets, ours, errands.wake, clock.now, heard)))
    stop = Stop()
    with stop.listening(), listening.serving():
        place = f"http://{address[0]}:{listening.port}/hooks/{project.forge}"
        does = ", ".join(_DOES[work] for work in Work if work in works)
        show(Page().line(Span("listening ", "good"), f"{place} for {project.name}: {does}"))
        _work(errands, stop, heard if once else None)
    while errands.next():  # what was taken in is done, unless it has to wait
        pass
    return IncompleteError.exit_code if once and errands.failed else stop.code


def _work(errands: Errands, stop: Stop, once: "_Heard | None") -> None:
    """Do what is due until somebody asks to end; or, with `once`, until the first delivery has been dealt with."""
    while not stop():
        if errands.next():
            continue
        due = errands.waking.next_due()
        if once is not None and once.taken and due is None:
            return
        errands.waking.wait(_LOOK if due is None else min(_LOOK, max(due - time.monotonic(), 0.01)))


def _require_secret(secrets: Secrets, forge: Forge) -> None:
    if not (secrets.github if forge == "github" else secrets.gitlab or secrets.signing):
        hint = f"make one (openssl rand -hex 32), write it into the webhook, and name its file: {VARIABLES[forge]}=FILE"
        raise ConfigurationError(f"there is no secret to judge webhooks of {forge} by", hint, rule="hook.unconfigured")


class _Heard:
    """Tells what came in. Strangers cannot fill a log: what is refused is counted, and told once a minute."""

    def __init__(self, errands: Errands) -> None:
        self._errands, self._lock = errands, threading.Lock()
        self._refused: dict[str, int] = {}
        self._told = float("-inf")
        self.taken = False  # whether a delivery of the forge came

    def __call__(self, word: str, errands: Collection[Errand]) -> None:
        done_here = sorted(one for one in errands if one.work in self._errands.works)
        if done_here:
            show(Page().line(Span("woken ", "accent"), ", ".join(map(str, done_here))))
        elif not errands and word not in ("", "known"):
            self._refuse(word)
        if errands or not word:
            self.taken = True
            self._errands.waking.nudge()

    def _refuse(self, word: str) -> None:
        with self._lock:
            self._refused[word] = self._refused.get(word, 0) + 1
            now = time.monotonic()
            if now - self._told < _QUIET:
                return
            self._told = now
            told = ", ".join(f"{count} {one}" for one, count in sorted(self._refused.items()))
            self._refused.clear()
        show(Page().line(Span("refused ", "warn"), f"deliveries: {told}"), err=True)
