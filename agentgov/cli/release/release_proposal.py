"""What `agentgov release --from-merge` says: which releases are due, and the one command that signs each.

Reads and prints. Signs nothing and asks for no key: a bot never signs for a person.
"""

import shlex
from typing import Any

import click

from agentgov.cli.context import Context, journal_json, journal_line, open_context
from agentgov.cli.options import answer
from agentgov.cli.progress import Progress
from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.release.proposal import Proposals, Proposed, propose
from agentgov.release.refs import known_refs, observe_refs
from agentgov.release.tagging import Bump
from agentgov.report.changelog import changelog_markdown, changelog_page, since
from agentgov.report.diff import CLASS_STYLES
from agentgov.report.findings import plural
from agentgov.report.markup import code, cut, prose
from agentgov.report.page import Page, Span
from agentgov.trust.permissions import who_can

_SUMMARY = 500_000  # bytes; GitHub takes a summary of a step of 1 MiB
_WHY = {"minor": "Minor, because something loosens. ", "patch": "Patch, because nothing loosens. ", None: ""}


def tell_proposals(start: str, rev: str, only: AgentId | None, fetch: bool, output: str) -> int:
    """Print what is due at a revision; exit 0, also where nothing is. `fetch` asks the remote for journal and tags."""
    view, found = proposals_at(open_context(start), rev, str(only or ""), fetch)
    if output == "markdown":
        click.echo(_markdown(view, found), nl=False)
    else:
        answer(output, _page(view, found), _document(view, found))
    return 0


def proposals_at(
    context: Context, rev: str, only: str, fetch: bool, bump: Bump | None = None
) -> tuple[View, Proposals]:
    """What is due at a revision among the agents of a selector ("" for all), with the journal that says so."""
    fetch = fetch and context.journal.remote is not None
    view = context.view(fetch=fetch)
    main = view.governance.fleet.main
    refs = observe_refs(context.journal, main) if fetch else known_refs(context.journal, main)
    progress = Progress("comparing", "agents")
    found = propose(view, context.repo.resolve(rev), refs.tags, only, progress.tell, bump)
    progress.done()
    return view, found


def signing_command(proposed: Proposed) -> str:
    """What a person runs to make the release, as a shell reads it."""
    words = ["agentgov", "release", str(proposed.name.agent)]
    return shlex.join([*words, "--version", proposed.name.version, "--rev", proposed.changes.commit])


def _page(view: View, found: Proposals) -> Page:
    page = Page()
    for one in found.due:
        klass = one.changes.diff.klass
        page.line(Span(f"{one.name.agent} {one.name.version}", "bold"), "  ", Span(klass, CLASS_STYLES[klass]))
        page.line(f"  {_WHY[one.bump]}{since(one.changes)}")
        page.then(changelog_page(one.changes))
        may = signers(view, one.name.agent)
        page.line(f"  {' or '.join(may)} signs it:" if may else "  nobody may sign it (agentgov who release):")
        page.line("    ", Span(signing_command(one), "accent")).blank()
    page.then(rest_page(found))
    if not found.due:
        page.line(f"no release is due at commit {found.commit[:9]}")
    return page.line(journal_line(view))


def rest_page(found: Proposals) -> Page:
    """What is made already, and what cannot be released yet, with the reason."""
    page = Page()
    for made in found.tagged:
        page.line(Span("made ", "good"), f"{made}: the reconciler has not seen it yet")
    for held in found.waiting:
        page.line(Span("waits ", "warn"), f"{held.agent}: {held.message} ", Span(f"({held.rule})", "dim"))
    return page


def _markdown(view: View, found: Proposals) -> str:
    """The same for the summary of a CI run: whole agents, as many as fit."""
    sections = [_section(view, one) for one in found.due]
    sections += [f"\nMade: {code(str(made))}; the reconciler has not seen it yet.\n" for made in found.tagged]
    sections += [f"\nWaits: {code(str(held.agent))}, {prose(held.message)}\n" for held in found.waiting]
    count = plural(len(found.due), "release")
    head = f"### {count} due at commit {found.commit[:9]}\n" if found.due else "### No release is due\n"
    return cut(head, sections, _SUMMARY, f"\n*{{}} more: {code('agentgov release --from-merge')}*\n")


def _section(view: View, one: Proposed) -> str:
    may = signers(view, one.name.agent)
    who = f"{prose(' or '.join(may))} signs it" if may else "Nobody may sign it"
    changelog = changelog_markdown(one.name, one.changes, _SUMMARY // 8)
    return f"\n{changelog}\n{who}:\n\n```sh\n{signing_command(one)}\n```\n"


def _document(view: View, found: Proposals) -> dict[str, Any]:
    return {
        "schema": "agentgov.release-proposal/1",
        "commit": found.commit,
        "due": [_due(view, one) for one in found.due],
        "made": [{"agent": str(made.agent), "release": str(made)} for made in found.tagged],
        "waiting": waiting_json(found),
        "journal": journal_json(view),
    }


def waiting_json(found: Proposals) -> list[dict[str, str]]:
    """The agents that cannot be released yet, as documents carry them."""
    return [{"agent": str(one.agent), "code": one.rule, "message": one.message} for one in found.waiting]


def _due(view: View, one: Proposed) -> dict[str, Any]:
    changes = one.changes
    return {
        "agent": str(one.name.agent),
        "release": str(one.name),
        "version": one.name.version,
        "prior": str(changes.prior) if changes.prior is not None else None,
        "bump": one.bump,
        "class": changes.diff.klass,
        "commit": changes.commit,
        "closure": one.closure,
        "reviewers": list(changes.reviewers),
        "signers": signers(view, one.name.agent),
        "command": signing_command(one),
        "changelog": changelog_markdown(one.name, changes),
    }


def signers(view: View, agent: AgentId) -> list[str]:
    """Whoever may release the agent, by id."""
    grants = who_can(view.governance.access, "release", agent, None, view.today)
    return sorted({grant.person for grant in grants})
