"""Evidence out of the journal: its acts in the period, each with its commit and the keys that signed it.

A change is shown with the paths that it moved and the reviews of exactly those contents. Reads a journal that was
verified; judges nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import partial
from typing import BinaryIO

import msgspec

from agentgov.audit.collecting import Collector
from agentgov.audit.evidence import Kind
from agentgov.audit.exported import Exported, of_act
from agentgov.audit.pack import Item
from agentgov.audit.scope import Scope
from agentgov.journal.content_paths import content_of, parse_content_path
from agentgov.journal.entry import read_entry
from agentgov.journal.query import Logged, acts_from
from agentgov.journal.view import TreeReader, View
from agentgov.model.names import release_name
from agentgov.model.snapshot import Entry
from agentgov.model.state import AUTHORISED, State
from agentgov.model.transitions import Refusal
from agentgov.repo.changes import changed_paths
from agentgov.trust.sshsig import dearmour, parse

_ACCESS = ("governance/access.yaml", "CODEOWNERS", ".github/CODEOWNERS", ".gitlab/CODEOWNERS", "docs/CODEOWNERS")
_MOST = 20  # paths shown of one change
Reviews = Mapping[tuple[str, str], list[str]]  # path and content -> who approved it, with the act


def collect_acts(
    view: View, collector: Collector[Logged], since: int, until: int, scope: Scope, left_out: BinaryIO | None
) -> tuple[Reviews, int, int]:
    """Offer every act of the period (epoch seconds) that is about a part of the fleet, and name the others in a file;
    the approvals that were given up to its end, and how many acts the period and the file have."""
    count = others = 0
    reviews = defaultdict[tuple[str, str], list[str]](list)
    for logged in acts_from(view, 0):
        time = logged.head.time
        if time >= until:
            break
        if logged.act.kind == "review" and logged.act.get("Verdict") == "approve":
            _note(reviews, logged)
        if time < since:
            continue
        count += 1
        found, only = of_act(logged), partial(_belongs, view, logged)
        if scope.has_act(view.repo, logged):
            collector.offer(found, logged, only)
            continue
        others += 1
        collector.leave_out(found, only)
        if left_out is not None:
            named = {"place": found.place, "type": found.type, "commit": logged.commit}
            left_out.write(msgspec.json.encode(named) + b"\n")
    return reviews, count, others


def act_item(view: View, reviews: Reviews, kind: Kind, found: Exported, logged: Logged) -> Item:
    """An act as it is shown."""
    act = logged.act
    words = act.get("Release").split(" ")
    return Item(
        found.place,
        found.time,
        act.kind,
        act.actor,
        act.subject,
        act.get("Agent"),
        commit=logged.commit,
        tag=words[1] if len(words) == 4 else "",
        signed_by=tuple(_signers(view, logged)),
        details=tuple(_details(view, reviews, kind, logged)),
    )


def _note(reviews: Mapping[tuple[str, str], list[str]], logged: Logged) -> None:
    who = logged.act.get("Reviewer") or logged.act.actor
    for text in logged.act.all("Path"):
        bound = parse_content_path(text)
        if bound is not None:
            reviews[bound.path, bound.new].append(f"{who} (journal/{logged.head.seq})")


def _belongs(view: View, logged: Logged, kind: Kind) -> bool:
    """Whether an act moved contents, or changed who may do what; acts of other kinds than these belong anyway."""
    if kind.id == "changes":
        return logged.act.kind == "init" or bool(_changed(view, logged))
    if kind.id == "access-changes":
        return any(path in _ACCESS or path.startswith("governance/roles") for path in _changed(view, logged))
    if kind.id == "anchors":
        return bool(logged.act.get("Ledger"))
    return True


def _details(view: View, reviews: Reviews, kind: Kind, logged: Logged) -> Iterator[str]:
    if logged.act.reason:
        yield f"reason: {logged.act.reason}"
    for text in logged.act.all("Counts"):
        yield f"counted: {text}"
    if logged.act.kind == "init":
        yield "the beginning: adopted as it was, by the word of an administrator"
    elif kind.id in ("changes", "access-changes"):
        yield from _reviewed(view, reviews, logged)
    if logged.act.kind == "release-seen":
        yield from _released(view, logged)


def _released(view: View, logged: Logged) -> Iterator[str]:
    """Who signed the tag, and from which act on its contents stood authorised."""
    name = release_name(logged.act.get("Release").partition(" ")[0])
    release = State(TreeReader(view.repo, logged.tree)).release(name) if name is not None else None
    if release is not None:
        yield f"tag signed by {release.by}; contents authorised since journal/{release.authorised_at}"


def _reviewed(view: View, reviews: Reviews, logged: Logged) -> Iterator[str]:
    """The paths that a change moved, and who approved exactly what stands there now."""
    changed = sorted(_changed(view, logged).items())
    for path, new in changed[:_MOST]:
        by = reviews.get((path, content_of(view.repo, path, new)), [])
        yield f"{path}: {', '.join(by) if by else 'no review of this content'}"
    if len(changed) > _MOST:
        yield f"and {len(changed) - _MOST:,} more paths"


def _changed(view: View, logged: Logged) -> dict[str, Entry | None]:
    """What stands now at each path that an act moved."""
    before = _authorised(view, view.repo.commit(logged.parent).tree) if logged.parent is not None else None
    after = _authorised(view, logged.tree)
    return {path: new for path, (_, new) in changed_paths(view.repo, before, after).items()} if before != after else {}


def _authorised(view: View, tree: str) -> str | None:
    entry = view.repo.entry(tree, AUTHORISED)
    return entry.oid if entry is not None else None


def _signers(view: View, logged: Logged) -> Iterator[str]:
    entry = read_entry(view.repo, logged.commit)
    if not isinstance(entry, Refusal):
        yield from sorted({parse(dearmour(one)).public_key.fingerprint for one in entry.signatures})
