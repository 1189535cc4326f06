"""`agentgov doctor`: is this machine and this fleet set up right, and what to do about it."""

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import click

from agentgov.cli.context import Context, open_context
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.cli.schema import stale_copies
from agentgov.errors import AgentgovError
from agentgov.journal.clock import stale_words
from agentgov.journal.view import View
from agentgov.model.finding import Severity
from agentgov.model.governed import FLEET_FILE, GOVERNANCE_ROOTS
from agentgov.repo import clock
from agentgov.repo.signing import KEY_FILE_VARIABLE, person_signer
from agentgov.repo.snapshot import commit_snapshot
from agentgov.report.moments import age
from agentgov.report.page import Page, Span, Style
from agentgov.trust.access_review import access_review
from agentgov.trust.signatures import INSTALL_OPENPGP, judges_openpgp
from agentgov.trust.signers import StrictSigner, bot_signer, stored_bot_key
from agentgov.validate.load import load_governance

State = Literal["good", "warn", "bad", "skipped"]
_LOOKS: dict[State, Style] = {"good": "good", "warn": "warn", "bad": "bad", "skipped": "dim"}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: how it is, and the command or line that mends it."""

    rule: str
    state: State
    message: str
    fix: str = ""


@click.command()
@click.option("--fetch/--no-fetch", default=True, help="Ask the remote too (default).")
@repo_option
@format_option()
def doctor(fetch: bool, repo: str, output: str) -> int:
    """Look at everything that must be right before the other commands can be: who am I, which key signs, is it in
    Access, the remote, pins, the journal and its age.

    Every problem comes with what mends it. Exit 1 if there is one.
    """
    checks = list(_examine(repo, fetch))
    page = Page()
    for check in checks:
        page.line(Span(f"{check.state:<8}", _LOOKS[check.state]), check.message)
        if check.fix:
            page.line("        ", Span(f"fix: {check.fix}", "accent"))
    bad = sum(check.state == "bad" for check in checks)
    page.line(_summary(bad, sum(check.state == "warn" for check in checks)))
    document: dict[str, Any] = {
        "schema": "agentgov.doctor/1",
        "healthy": not bad,
        "checks": [{"rule": one.rule, "state": one.state, "message": one.message, "fix": one.fix} for one in checks],
    }
    answer(output, page, document)
    return 1 if bad else 0


def _summary(bad: int, warned: int) -> str:
    if not bad and not warned:
        return "everything is in order"
    problems = f"{bad} problem{'s' if bad != 1 else ''}" if bad else "no problem"
    return f"{problems}, {warned} thing{'s' if warned != 1 else ''} to think about" if warned else problems


def _examine(repo: str, fetch: bool) -> Iterator[Check]:
    yield from _machine()
    try:
        context = open_context(repo)
    except AgentgovError as error:
        yield Check("doctor.repository", "bad", error.message, error.hint)
        return
    yield Check("doctor.repository", "good", f"the repository is {context.repo.root or context.repo.git_dir}")
    yield from _guarded("doctor.clone", lambda: _clone(context))
    signs = list(_guarded("doctor.key", lambda: _identity(context)))
    reached = list(_guarded("doctor.remote", lambda: _remote(context, fetch)))
    yield from (*signs, *reached)
    # What is told already is not told again: without a key nobody is looked up, without a remote the clone is asked.
    key, answers = _all_good(signs), _all_good(reached)
    yield from _guarded("doctor.journal", lambda: _journal(context, fetch and answers, known=key))


def _all_good(checks: list[Check]) -> bool:
    return all(check.state != "bad" for check in checks)


def _guarded(rule: str, examine: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    try:
        yield from examine()
    except AgentgovError as error:
        yield Check(rule, "bad", error.message, error.hint)


def _machine() -> Iterator[Check]:
    version = sys.version.split()[0]
    yield Check("doctor.python", "good", f"Python {version}")
    for program, package in (("git", "git"), ("ssh-keygen", "OpenSSH")):
        if shutil.which(program) is None:
            yield Check("doctor.program", "bad", f"the program {program} is not there", f"install {package}")


def _clone(context: Context) -> Iterator[Check]:
    if context.repo.is_shallow:
        message = "this clone is shallow: what needs older commits cannot be decided"
        yield Check("doctor.shallow", "warn", message, "git fetch --unshallow")
    head = context.repo.head()
    if head is None:
        yield Check(
            "doctor.empty", "bad", "the repository has no commit yet", "git add -A && git commit -m 'The fleet'"
        )
    else:
        yield from _governance(context, head)
    if head is not None and context.repo.head_branch() is None:
        yield Check("doctor.detached", "warn", "HEAD is detached: what you commit is on no branch", "git switch main")
    stale = stale_copies(context.repo.root) if context.repo.root is not None else []
    if stale:
        message = f"editors read schemas of another version of agentgov: {', '.join(Path(path).name for path in stale)}"
        yield Check("doctor.schemas", "warn", message, "agentgov schema --write, and commit what changed")


def _governance(context: Context, head: str) -> Iterator[Check]:
    """Whether the governance of the last commit can be read: what is broken here breaks when it is merged."""
    snapshot = commit_snapshot(context.repo, head, GOVERNANCE_ROOTS)
    if FLEET_FILE not in snapshot.entries():
        message = f"there is no {FLEET_FILE} in the last commit"
        yield Check("doctor.fleet", "bad", message, "agentgov init . && git add -A && git commit")
        return
    governance, findings = load_governance(snapshot)
    if governance is None:
        errors = [finding for finding in findings if finding.severity is Severity.ERROR]
        first = f"{errors[0].where}: {errors[0].message}" if errors else "a file is missing"
        message = f"the governance of the last commit cannot be read: {first}"
        yield Check("doctor.governance", "bad", message, "agentgov validate")


def _identity(context: Context) -> Iterator[Check]:
    name, email = context.repo.ident()
    yield Check("doctor.identity", "good", f"git knows you as {name} <{email}>")
    key = StrictSigner(person_signer(context.repo)).key
    yield Check("doctor.key", "good", f"you sign with {key.kind} {key.fingerprint}")


def _remote(context: Context, fetch: bool) -> Iterator[Check]:
    remote = context.journal.remote
    if remote is None:
        fix = "git remote add origin URL"
        yield Check("doctor.remote", "warn", "there is no remote: the journal lives in this clone alone", fix)
    elif fetch:
        remote.ls(context.journal.ref)
        yield Check("doctor.remote", "good", f"the remote {remote.name} answers at {remote.url}")
    else:
        yield Check("doctor.remote", "skipped", f"the remote {remote.name} was not asked")


def _journal(context: Context, fetch: bool, *, known: bool) -> Iterator[Check]:
    view = context.view(fetch=fetch)
    head = view.state.head
    acts = f"{head.seq + 1} act{'s' if head.seq else ''}"
    if view.stretch is not None:
        message = f"the journal does not hold from {view.stretch.first[:12]} on: {view.stretch.message}"
        yield Check("doctor.journal", "bad", message, "see what it is, and what to do: agentgov journal verify --fetch")
    else:
        yield Check("doctor.journal", "good", f"the journal verifies: {acts}, tip {view.tip[:12]}")
    yield from _age(view, fetch or context.journal.remote is None)
    if context.journal.pins(view) is None:
        fix = "get the line of `agentgov trust show` from an administrator: agentgov trust pin LINE"
        yield Check("doctor.pins", "bad", "this machine has no pins: it would trust any journal", fix)
    else:
        yield Check("doctor.pins", "good", f"pinned to fleet {head.fleet}")
    if known:
        yield from _person(context, view)
    if view.directory.lists_openpgp and not judges_openpgp():
        message = "Access lists an OpenPGP certificate: what it signed cannot be told on this machine"
        yield Check("doctor.openpgp", "bad", message, INSTALL_OPENPGP)
    yield from _bot(view)
    yield from _fleet(view)


def _age(view: View, asked: bool) -> Iterator[Check]:
    """A journal that is too old stops promotion; what a clone that asked nobody has may just not be fetched."""
    old = age(clock.now() - view.state.head.time)
    if not view.is_stale(clock.now()):
        yield Check("doctor.age", "good", f"the journal is {old} old")
    elif asked:
        fix = "agentgov journal checkpoint, as an administrator; then see why no reconciler runs"
        yield Check("doctor.age", "bad", f"the journal is {old} old: {stale_words(view)}", fix)
    else:
        yield Check("doctor.age", "warn", f"this clone's journal is {old} old", "agentgov doctor --fetch")


def _person(context: Context, view: View) -> Iterator[Check]:
    identity = view.directory.by_key(person_signer(context.repo).public_key)
    if identity is None:
        fix = "agentgov access add-key ID FILE (or add-person), and have that change reviewed"
        yield Check("doctor.access", "bad", "the key that you sign with is nobody's in the authorised Access", fix)
    else:
        yield Check("doctor.access", "good", f"in Access you are the {identity.kind} {identity.id}")


def _bot(view: View) -> Iterator[Check]:
    bot = bot_signer() or stored_bot_key(view.state.head.fleet, "reconciler")
    if bot is not None:
        known = view.directory.by_key(bot.public_key)
        if known is None:
            fix = "agentgov access add-key BOT FILE, and have that change reviewed"
            yield Check("doctor.bot-key", "bad", "the bot's key at hand is nobody's in the authorised Access", fix)
        elif known.kind == "person":
            fix = f"point {KEY_FILE_VARIABLE} at a bot's private key, or unset it"
            yield Check("doctor.bot-key", "warn", f"{KEY_FILE_VARIABLE} is the key of {known.id}, who is no bot", fix)
        else:
            yield Check("doctor.bot-key", "good", f"the key of the bot {known.id} is at hand")


def _fleet(view: View) -> Iterator[Check]:
    access = view.governance.access
    yield from _administrators(view)
    if not any(bot.kind == "reconciler" for bot in access.bots):
        message = "Access has no reconciler, so nothing is ever promoted"
        yield Check(
            "doctor.reconciler", "bad", message, "agentgov access add-bot reconciler --kind reconciler --key FILE"
        )
    if view.state.pending:
        count = len(view.state.pending)
        message = f"{count} path{'s' if count > 1 else ''} of main wait{'s' if count == 1 else ''} for reviews"
        yield Check("doctor.pending", "warn", message, "agentgov check")


def _administrators(view: View) -> Iterator[Check]:
    """Too few people to review each other, one who could change everything alone, or nobody who may be lost."""
    access, threshold = view.governance.access, view.governance.access.administrators.threshold
    dead = {one.key for one in view.state.revoked().values()}
    able = sum(one.administrator and one.able for one in access_review(access, view.today, revoked=dead).holders)
    more = "agentgov access add-person ID --key FILE --administrator"
    if len(access.people) == 1:
        yield Check(
            "doctor.alone", "warn", "the fleet has one person: every change of theirs goes out unreviewed", more
        )
    elif threshold < 2 and able < 2:
        yield Check("doctor.threshold", "warn", "one administrator alone can change what is allowed", more)
    elif threshold < 2:
        message = f"one of the {able} administrators alone can change what is allowed"
        yield Check("doctor.threshold", "warn", message, "agentgov access set-threshold 2")
    elif able <= threshold:
        message = f"a change of governance takes all {able} administrators who have a key: none of them may be lost"
        yield Check("doctor.threshold", "warn", message, more)
