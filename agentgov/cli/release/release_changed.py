"""`agentgov release --changed`: every release that is due, signed by one person and pushed as one.

Shows the whole table first and asks; asks again where something loosens. All of it lands or nothing does.
"""

import sys
from collections.abc import Sequence
from typing import Any

import click

from agentgov.cli.context import Context, journal_json, journal_line, open_context
from agentgov.cli.options import answer, show
from agentgov.cli.progress import Progress
from agentgov.cli.release.release_proposal import proposals_at, rest_page, signers, waiting_json
from agentgov.diff.summary import summary_line
from agentgov.errors import IncompleteError, RefusedError, UsageError
from agentgov.journal.draft import Actor
from agentgov.journal.view import View
from agentgov.release.proposal import Proposals, Proposed
from agentgov.release.tagging import Bump, Signed, sign_release
from agentgov.repo import clock
from agentgov.report.diff import CLASS_STYLES
from agentgov.report.findings import plural
from agentgov.report.page import Page, Span

_MOST = 4_000  # releases of one push: git takes them as arguments
_NAMED = 8  # agents that an error names


def release_changed(
    repo: str, rev: str, only: str, bump: Bump | None, notes: str, yes: bool, push: bool, output: str
) -> int:
    """Sign and push what is due at a revision: 0 when all of it landed or nothing is due, 1 when somebody said no."""
    context = open_context(repo)
    view, found = proposals_at(context, rev, only, push, bump)
    if not found.due:
        page = rest_page(found).line(f"no release is due at commit {found.commit[:9]}").line(journal_line(view))
        answer(output, page, _document(view, found, (), False))
        return 0
    actor = context.person(view)
    _require(view, actor, found)
    if not yes and not _ask(found):
        show(Page().line("nothing was signed"), err=True)
        return 1
    made = _signed(view, actor, found, notes)
    pushed = _land(context, made, push)
    count = plural(len(made), "release")
    page = Page().line(
        Span("released ", "good"), f"{count} at commit {found.commit[:9]}, signed by {actor.identity.id}"
    )
    page.then(_table(found)).then(rest_page(found))
    page.line("  the reconciler takes them from here, at its next tick" if pushed else "  they are in this clone alone")
    answer(output, page.line(journal_line(view)), _document(view, found, made, pushed))
    return 0


def _require(view: View, actor: Actor, found: Proposals) -> None:
    """Before anybody is asked: is it one push, and may this person sign all of it."""
    if len(found.due) > _MOST:
        raise UsageError(f"{len(found.due):,} releases are due, and {_MOST:,} go at once", "take --only WORKSPACE/*")
    me = actor.identity.id
    others = [str(one.name.agent) for one in found.due if me not in signers(view, one.name.agent)]
    if others:
        named = ", ".join(others[:_NAMED]) + (f" and {len(others) - _NAMED} more" if len(others) > _NAMED else "")
        hint = "leave them out with --only WORKSPACE/*; who may: agentgov who release"
        raise RefusedError(f"{me} may not release {named}; nothing was signed", hint)


def _ask(found: Proposals) -> bool:
    """Show the table and ask; once more where an agent may do more than before."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        message = "many releases at once take a word: add --yes, after looking at agentgov release --from-merge"
        raise click.UsageError(message)
    show(_table(found).then(rest_page(found)), err=True)
    if not click.confirm(f"Sign and push {plural(len(found.due), 'release')}?", err=True):
        return False
    loose = [str(one.name.agent) for one in found.due if one.changes.diff.klass == "loosens"]
    if not loose:
        return True
    show(Page().line(Span("loosens ", "bad"), ", ".join(loose)), err=True)
    return click.confirm(f"{plural(len(loose), 'agent')} may do more than before. Sign these too?", err=True)


def _signed(view: View, actor: Actor, found: Proposals, notes: str) -> tuple[Signed, ...]:
    progress, made = Progress("signing", "releases"), []
    for number, one in enumerate(found.due):
        progress.tell(number, len(found.due))
        now = clock.now()
        made.append(sign_release(view, actor, one.name, found.commit, one.closure, now=now, notes=notes))
    progress.done()
    return tuple(made)


def _land(context: Context, made: Sequence[Signed], push: bool) -> bool:
    """Push all of them or none, and let this clone know them; whether they were pushed."""
    remote, repo = context.journal.remote, context.repo
    refs = {one.name.ref: repo.write_object("tag", one.raw) for one in made}
    if push and remote is not None:
        try:
            result = remote.push(refs, dict.fromkeys(refs))
        except IncompleteError as error:
            hint = "run it again: what landed is found, and is not made twice"
            raise IncompleteError(error.message, hint) from error
        if not result.landed:
            said = f": {result.message}" if result.message else ""
            why = (
                "somebody made one of the releases meanwhile" if result.conflict else f"the remote takes no tags{said}"
            )
            raise RefusedError(f"{why}; nothing was released", "look again: agentgov release --from-merge")
    if not repo.move_refs({name: (None, oid) for name, oid in refs.items()}) and not (push and remote is not None):
        raise RefusedError("the tags cannot be written here; nothing was released", "is another git running here?")
    return push and remote is not None


def _table(found: Proposals) -> Page:
    rows = [
        (
            str(one.name.agent),
            _step(one),
            Span(one.changes.diff.klass, CLASS_STYLES[one.changes.diff.klass]),
            _what(one),
        )
        for one in found.due
    ]
    return Page().table(("agent", "version", "", "what changes"), rows)


def _step(one: Proposed) -> str:
    prior = one.changes.prior
    return f"{prior.version} -> {one.name.version}" if prior is not None else one.name.version


def _what(one: Proposed) -> str:
    return summary_line(one.changes.diff).rpartition(": ")[0] or "no change"


def _document(view: View, found: Proposals, made: Sequence[Signed], pushed: bool) -> dict[str, Any]:
    due = {one.name: one for one in found.due}
    return {
        "schema": "agentgov.release-changed/1",
        "commit": found.commit,
        "released": [_released(due[one.name], one) for one in made],
        "waiting": waiting_json(found),
        "made": [{"agent": str(one.agent), "release": str(one)} for one in found.tagged],
        "pushed": pushed,
        "journal": journal_json(view),
    }


def _released(due: Proposed, made: Signed) -> dict[str, Any]:
    prior = due.changes.prior
    return {
        "agent": str(due.name.agent),
        "release": str(due.name),
        "prior": str(prior) if prior is not None else None,
        "bump": due.bump,
        "class": due.changes.diff.klass,
        "tag": made.oid,
        "closure": due.closure,
    }
