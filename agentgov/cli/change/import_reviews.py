"""Bring reviews of a forge into the journal with the importer's key: from a file, or of a pull request as it stands.

What becomes of each review is planned in `journal.import_plan`; here commits are fetched, and what is planned is signed
and appended, all of one pull request in one push.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from agentgov.cli.context import Context
from agentgov.errors import IncompleteError, UsageError
from agentgov.forge.base import base_of, commits_of_base
from agentgov.forge.port import ForgePort, PullRequest
from agentgov.forge.reading import read_change
from agentgov.forge.reviewed import Told, to_forge_reviews
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.import_plan import Dismissal, Import, Skip, Step, commits_wanted, plan_imports
from agentgov.journal.importing import dismissal_subject, draft_bound, draft_dismissal, import_subject
from agentgov.journal.view import View
from agentgov.model.verdict import Reason
from agentgov.repo import clock
from agentgov.report.page import Page, Span
from agentgov.review.forge_reviews import ForgeReviews

Plan = Callable[[View], Mapping[str, Step]]


@dataclass(slots=True)
class Brought:
    """What became of each review, by its id: the subject of its act with the act's id ("" where none was written), or
    why there is none. `view` is the journal afterwards."""

    view: View
    acts: dict[str, tuple[str, str]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PullRequestImport:
    """What became of the reviews of one pull request; `problem` says why none of its opinions was taken."""

    pull_request: PullRequest
    told: ForgeReviews
    brought: Brought
    problem: Reason | None = None

    @property
    def exit_code(self) -> int:
        """0 where all that counts is in the journal, 1 where somebody has to do something, 3 where trying again may."""
        if self.brought.missing:
            return 3
        return 1 if self.problem is not None else 0


def bring(context: Context, actor: Actor | None, plan: Plan, view: View) -> Brought:
    """Append what a plan of the present asks for; without an actor, only say what it would be."""
    found = Brought(view)

    def propose(present: View) -> list[Draft]:
        nonlocal found
        found = Brought(present)
        steps = plan(present).items()
        drafts = [(key, _draft(present, actor, key, step, found)) for key, step in steps]
        found.acts |= {key: (draft.act.subject, draft.act.id) for key, draft in drafts if draft is not None}
        return [draft for _, draft in drafts if draft is not None]

    if actor is None:
        propose(view)
    else:
        found.view = context.journal.append(propose, actor.appender, clock.now)
    return found


def _draft(view: View, actor: Actor | None, key: str, step: Step, found: Brought) -> Draft | None:
    """The act of a step; where there is none, `found` gets to know why."""
    if isinstance(step, Skip):
        (found.missing if step.missing else found.skipped)[key] = step.reason
        return None
    if actor is None:
        found.acts[key] = (_subject(step), "")
        return None
    try:
        if isinstance(step, Dismissal):
            return draft_dismissal(view, actor, step.given, now=clock.now())
        return draft_bound(view, actor, step.given, step.found, now=clock.now())
    except UsageError as error:  # too large to be written down
        found.skipped[key] = error.in_one_line
        return None


def _subject(step: Import | Dismissal) -> str:
    return dismissal_subject(step.given) if isinstance(step, Dismissal) else import_subject(step.given, step.found)


def import_pull_request(
    context: Context, forge: ForgePort, number: int, *, dry_run: bool = False, view: View | None = None
) -> PullRequestImport:
    """Bring the reviews of a pull request as it stands on the forge into the journal. Running it again changes nothing.

    `view` is the present of the journal, where somebody just fetched it. IncompleteError where forge or remote cannot
    be read whole, ConfigurationError and RefusedError where the key at hand is no importer's.
    """
    view = view or context.view(fetch=True)
    actor = context.bot(view, "importer") if not dry_run else None
    change = read_change(forge, number, commits=False, files=False)
    pull_request, main = change.pull_request, view.governance.fleet.main
    first = to_forge_reviews(change, pull_request.base, main)
    if not first.hold:
        _fetch(context, forge, pull_request, commits_wanted(view, first.reviews))
    told = to_forge_reviews(change, base_of(context.repo, pull_request), main)

    def plan(present: View) -> Mapping[str, Step]:
        skipped: dict[str, Step] = {key: Skip(why) for key, why in told.skipped.items()}
        return skipped | plan_imports(present, told.reviews, strangers=False, hold=told.hold)

    idle = all(isinstance(step, Skip) for step in plan(view).values())
    brought = bring(context, None if idle else actor, plan, view)
    return PullRequestImport(pull_request, told.reviews, brought, _problem(told, brought))


def _problem(told: Told, brought: Brought) -> Reason | None:
    """What keeps opinions back, where there are any to keep back."""
    return told.problem if told.problem is not None and told.hold in brought.skipped.values() else None


def _fetch(context: Context, forge: ForgePort, pull_request: PullRequest, reviewed: Iterable[str]) -> None:
    """Have the commits that a plan needs, as far as the remote still has them; no ref of this clone moves."""
    repo, remote = context.repo, context.journal.remote
    wanted = [*reviewed]
    if remote is None or not wanted:
        return
    sources = {f"refs/heads/{pull_request.base_ref}": commits_of_base(pull_request)}
    sources |= dict.fromkeys(forge.refs_of(pull_request), tuple(wanted))
    sources |= {commit: (commit,) for commit in wanted}  # left behind by a force push
    for source, commits in sources.items():
        if not all(map(repo.has, commits)):
            with suppress(IncompleteError):  # what is missing then is told of the reviews that it was for
                remote.fetch(source)


def add_lines(page: Page, brought: Brought, *, would: bool = False) -> None:
    """One line for each review."""
    for name, (subject, _) in brought.acts.items():
        page.line(Span("would import " if would else "imported ", "good"), f"review {name}: {subject}")
    for name, why in brought.skipped.items():
        page.line(Span("skipped  ", "dim"), f"review {name}: {why}")
    for name, why in brought.missing.items():
        page.line(Span("missing  ", "bad"), f"review {name}: {why}")


def brought_json(brought: Brought) -> dict[str, Any]:
    """The same as documents carry it."""
    return {
        "imported": [{"review": name, "act": act, "subject": subject} for name, (subject, act) in brought.acts.items()],
        "skipped": [{"review": name, "reason": why} for name, why in brought.skipped.items()],
        "missing": [{"review": name, "reason": why} for name, why in brought.missing.items()],
    }
