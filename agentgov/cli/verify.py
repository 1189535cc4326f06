"""`agentgov verify`: would the reconciler release this? The full trust verdict on a tag, or on a commit of main."""

from dataclasses import dataclass, field
from typing import Any

import click

from agentgov.cli.context import Context, journal_json, journal_line, open_context
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.cli.worktree import note_uncommitted
from agentgov.errors import IncompleteError, RefusedError
from agentgov.journal.reviewing import reviewable
from agentgov.journal.view import View
from agentgov.model.names import ReleaseName, release_name
from agentgov.model.state import Release
from agentgov.model.transitions import Refusal
from agentgov.release.refs import known_refs
from agentgov.release.sightings import sight
from agentgov.report.change_review import MOST_PATHS, UNREVIEWED
from agentgov.report.page import Page, Span, Style


@dataclass(slots=True)
class _Answer:
    verdict: str = "accept"
    code: str = ""
    where: dict[str, Any] = field(default_factory=dict)
    reasons: list[dict[str, str]] = field(default_factory=list)

    def because(self, rule: str, message: str) -> None:
        self.reasons.append({"rule": rule, "message": message})

    def reject(self, rule: str, message: str) -> None:
        self.verdict, self.code = "reject", self.code or rule
        self.because(rule, message)


@click.command()
@click.argument("what", metavar="[REV|TAG]", default="HEAD")
@repo_option
@format_option()
def verify(what: str, repo: str, output: str) -> int:
    """Would the reconciler release this? A TAG (support/refund-assistant/v1.4.0) or a commit (default: HEAD).

    Pins, the journal, authorised contents, the tag's signature and closure, findings. Exit 0 accept, 1 reject,
    3 cannot tell (an object is missing, say).
    """
    context = open_context(repo)
    found, view = _Answer(), None
    try:
        view = context.view()
        pinned = context.journal.pins(view) is not None
        since = "from its pinned beginning" if pinned else "trust on first use, since this machine has no pins"
        found.because("journal.verified", f"the journal holds, {since}")
        if len(view.governance.access.people) == 1:
            found.because("contents.unreviewed", UNREVIEWED)
        name = release_name(what.removeprefix("refs/tags/"))
        if name is not None:
            _verify_tag(context, view, name, found)
        else:
            _verify_commit(context, view, what, found)
    except IncompleteError as error:
        found.verdict, found.code = "incomplete", "verify.incomplete"
        found.because("verify.incomplete", error.message + (f" ({error.hint})" if error.hint else ""))
    except RefusedError as error:
        found.reject("journal.rejected", error.message)
    answer(output, _page(what, found, view), _document(what, found, view))
    return {"accept": 0, "reject": 1}.get(found.verdict, IncompleteError.exit_code)


def _verify_tag(context: Context, view: View, name: ReleaseName, found: _Answer) -> None:
    oid = known_refs(context.journal, view.governance.fleet.main).tags.get(str(name))
    recorded = view.state.release(name)
    found.where = {"ref": name.ref, "tag": oid, "commit": None}
    if oid is None:
        if recorded is None:
            raise IncompleteError(f"this clone has no tag {name}", "fetch it: git fetch origin --tags")
        found.reject("tag.gone", f"the journal has seen {name}, and its ref is gone here")
        return
    if recorded is not None:
        _verify_recorded(recorded, oid, found)
        return
    seen = sight(view, name, oid).found
    if isinstance(seen, Refusal):
        found.reject(seen.code, seen.message)
        return
    found.where["commit"] = seen.commit
    found.because("tag.signed", f"signed by {seen.by}, who may release {name.agent}")
    found.because("tag.closure", f"its content stands authorised since act {seen.authorised_at}")


def _verify_recorded(recorded: Release, oid: str, found: _Answer) -> None:
    found.where["commit"] = recorded.commit
    if oid != recorded.tag:
        message = f"the tag was moved: it was {recorded.tag[:12]} when it was first seen, and is {oid[:12]} now"
        found.reject("tag.moved", message)
        return
    since = f"authorised since act {recorded.authorised_at}"
    found.because("tag.recorded", f"recorded in the journal, signed by {recorded.by}, {since}")


def _verify_commit(context: Context, view: View, rev: str, found: _Answer) -> None:
    commit = context.repo.resolve(rev)
    note_uncommitted(context.repo, commit, rev)
    found.where = {"commit": commit}
    verdict = reviewable(view, commit).verdict
    for path in verdict.paths:
        if path.state != "pass":
            found.reject("contents.pending", f"{path.change.path}: {path.message}")
    if not verdict.paths:
        found.because("contents.authorised", "everything governed at this commit is authorised")
    elif found.verdict == "accept":
        paths = f"{len(verdict.paths)} changed path{'s have' if len(verdict.paths) > 1 else ' has'}"
        found.because("contents.reviewed", f"{paths} every review that is needed")


def _page(what: str, found: _Answer, view: View | None) -> Page:
    styles: dict[str, Style] = {"accept": "good", "reject": "bad"}
    style = styles.get(found.verdict, "warn")
    commit = found.where.get("commit")
    which = f" (commit {commit[:9]})" if commit and not commit.startswith(what) else ""
    page = Page().line(Span(f"{found.verdict} ", style), f"{what}{which}")
    for reason in found.reasons[:MOST_PATHS]:
        page.line(f"  {reason['message']} ", Span(f"({reason['rule']})", "dim"))
    if len(found.reasons) > MOST_PATHS:
        page.line(Span(f"  and {len(found.reasons) - MOST_PATHS} more reasons: --json lists them all", "dim"))
    return page if view is None else page.line(journal_line(view))


def _document(what: str, found: _Answer, view: View | None) -> dict[str, Any]:
    return {
        "schema": "agentgov.verify/1",
        "subject": what,
        "verdict": found.verdict,
        "code": found.code,
        "where": found.where,
        "reasons": found.reasons,
        "journal": journal_json(view) if view is not None else None,
    }
