"""What a delivery wakes: whose reviews to import, which pull request to look at again, whether to reconcile. Pure.

Takes numbers out of an event and nothing else: what is true of a pull request is asked of the forge afterwards. Events
of another repository, and kinds that concern nobody here, wake nobody.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from agentgov.forge.webhooks import Accepted
from agentgov.trust.identity import Forge

_MOST = 2**53
# Actions after which a verdict may be another one, or the comment stands at another head.
_GITHUB_LOOK = ("opened", "synchronize", "reopened", "ready_for_review", "converted_to_draft", "edited")
_GITHUB_REVIEWED = ("submitted", "dismissed", "edited")
_GITLAB_LOOK = ("open", "reopen", "update")
_GITLAB_REVIEWED = ("approved", "unapproved", "approval", "unapproval")


class Work(StrEnum):
    """What can be woken."""

    IMPORT = "import"  # the reviews of a pull request, as acts
    CHECK = "check"  # the verdict on a pull request: comment and status
    RECONCILE = "reconcile"


@dataclass(frozen=True, slots=True, order=True)
class Errand:
    """One thing to do; the number of the pull request, 0 for the reconciler."""

    work: Work
    number: int = 0

    def __str__(self) -> str:
        return f"{self.work} {self.number}" if self.number else str(self.work)


@dataclass(frozen=True, slots=True)
class Ours:
    """Whose events count: the forge's number of the repository; and its two branches that wake the reconciler."""

    forge: Forge
    project: int
    main: str
    journal: str


def errands_of(delivery: Accepted, ours: Ours) -> frozenset[Errand] | None:
    """What a delivery wakes, None where its body is not what such an event holds."""
    if delivery.sender == "wake":
        return frozenset({Errand(Work.RECONCILE)})
    if delivery.sender != ours.forge:
        return frozenset()
    try:
        if ours.forge == "github":
            errands = [*_github(delivery.event, msgspec.json.decode(delivery.body, type=_GitHub), ours)]
        else:
            errands = [*_gitlab(msgspec.json.decode(delivery.body, type=_GitLab), ours)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return frozenset(one for one in errands if one.number < _MOST)


class _Id(msgspec.Struct, frozen=True):
    id: int = 0


class _Pull(msgspec.Struct, frozen=True):
    number: int = 0
    merged: bool | None = None


class _GitHub(msgspec.Struct, frozen=True):
    """The few fields of GitHub's events that are looked at; `ref` has another meaning in some."""

    action: str = ""
    repository: _Id = _Id()
    pull_request: _Pull | None = None
    ref: Any = None


class _Attributes(msgspec.Struct, frozen=True):
    iid: int = 0
    action: str = ""
    target_project_id: int = 0


class _GitLab(msgspec.Struct, frozen=True):
    """The few fields of GitLab's events that are looked at."""

    object_kind: str = ""
    project: _Id = _Id()
    object_attributes: Any = None
    ref: Any = None


def _github(event: str, found: _GitHub, ours: Ours) -> Iterator[Errand]:
    if found.repository.id != ours.project:
        return
    pull = found.pull_request
    if event == "push":
        yield from _pushed(found.ref, ours)
    elif event == "pull_request" and pull is not None and pull.number > 0:
        if found.action in _GITHUB_LOOK:
            yield Errand(Work.CHECK, pull.number)
        elif found.action == "closed" and pull.merged:
            yield Errand(Work.IMPORT, pull.number)
    elif event == "pull_request_review" and found.action in _GITHUB_REVIEWED and pull is not None and pull.number > 0:
        yield from (Errand(Work.IMPORT, pull.number), Errand(Work.CHECK, pull.number))


def _gitlab(found: _GitLab, ours: Ours) -> Iterator[Errand]:
    if found.project.id != ours.project:
        return
    if found.object_kind in ("push", "tag_push"):
        yield from _pushed(found.ref, ours)
    elif found.object_kind == "merge_request":
        try:
            request = msgspec.convert(found.object_attributes, _Attributes)
        except msgspec.ValidationError:
            return
        if request.iid <= 0 or request.target_project_id not in (0, ours.project):
            return
        if request.action in (*_GITLAB_REVIEWED, "merge"):
            yield Errand(Work.IMPORT, request.iid)
        if request.action in (*_GITLAB_REVIEWED, *_GITLAB_LOOK):
            yield Errand(Work.CHECK, request.iid)


def _pushed(ref: object, ours: Ours) -> Iterator[Errand]:
    """A push to main, to the journal, or of a tag may give the reconciler something to do."""
    branches = (f"refs/heads/{ours.main}", f"refs/heads/{ours.journal}")
    if isinstance(ref, str) and (ref in branches or ref.startswith("refs/tags/")):
        yield Errand(Work.RECONCILE)
