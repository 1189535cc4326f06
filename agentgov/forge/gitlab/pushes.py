"""Who pushed to the source branch of a merge request, from GitLab's push events and notes. Pure.

A branch may live more than once under one name; what counts is the life whose last push is the merge request's head,
and it counts as known only from its beginning on: an empty, lagging or cut list is not "nobody pushed".
"""

import re
from collections.abc import Iterable

from agentgov.forge.gitlab.shapes import Event, Note, User
from agentgov.forge.port import Account, Pushers

_ADDED = re.compile(r"added [0-9]+ commits?\b", re.ASCII)


def noted_pushers(notes: Iterable[Note]) -> tuple[Account, ...]:
    """The accounts whose pushes GitLab noted in the merge request itself."""
    found = (note.author for note in notes if note.system and _ADDED.match(note.body))
    return tuple(author.account for author in found if author is not None)


def pushers_of(events: Iterable[Event | None], branch: str, head: str) -> Pushers:
    """Those who pushed to a branch until it held `head`, from a project's push events, newest first.

    Reads no further than to the branch's beginning; None among the events: there are older ones that were not read. A
    push that changed many branches at once names none of them: its account is taken for one that pushed here.
    """
    life = _Life()
    for event in events:
        if event is None:
            return Pushers(life.told(), known=False)
        push, author = event.push_data, event.author
        if push is None or author is None or push.ref_type not in (None, "branch"):
            continue
        if push.ref is None:
            life.pushed(author, None)
            life.begun = life.last is not None  # it may have made this branch, before what is told of it
        elif push.ref == branch:
            if push.action != "removed":
                life.pushed(author, push.commit_to)
            if push.action in ("created", "removed"):
                if life.last == head:
                    return Pushers(life.told(), last=life.mover)
                life = _Life()
    known = life.begun and life.last == head
    return Pushers(life.told(), known, life.mover if known else None)


class _Life:
    """One life of a branch, told from its end.

    `last`: the commit it held last, by `mover`; `begun`: its beginning may be told.
    """

    def __init__(self) -> None:
        self.accounts: dict[int, User] = {}
        self.last: str | None = None
        self.mover: Account | None = None
        self.begun = False

    def pushed(self, author: User, commit: str | None) -> None:
        """One push, older than those before."""
        self.accounts.setdefault(author.id, author)
        if self.last is None and commit is not None:
            self.last, self.mover = commit, author.account

    def told(self) -> tuple[Account, ...]:
        """The accounts, the newest push first."""
        return tuple(user.account for user in self.accounts.values())
