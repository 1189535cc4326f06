"""Who pushed to the source branch of a merge request, from GitLab's push events and notes. Pure.

A branch may live more than once under one name; what counts is the life whose last push is the merge request's head,
and it counts as known only from its beginning on: an empty, lagging or cut list is not "nobody pushed".
"""

import re
from collections.abc import Iterable

from agentgov.forge.gitlab.shapes import Event, Note, PushData, User
from agentgov.forge.port import Account, Push, Pushers

_ADDED = re.compile(r"added [0-9]+ commits?\b", re.ASCII)


def noted_pushers(notes: Iterable[Note]) -> tuple[Account, ...]:
    """The accounts whose pushes GitLab noted in the merge request itself."""
    found = (note.author for note in notes if note.system and _ADDED.match(note.body))
    return tuple(author.account for author in found if author is not None)


def pushers_of(events: Iterable[Event | None], branch: str, head: str) -> Pushers:
    """Those who pushed to a branch until it held `head`, from a project's push events, newest first.

    Reads no further than to the branch's beginning, and follows it there without a gap: GitLab forgets what an account
    did that was deleted. None among the events: there are older ones that were not read. A push that changed many
    branches at once names none of them: its account is taken for one that pushed here.
    """
    life = _Life()
    for event in events:
        if event is None:
            return Pushers(life.told(), known=False)
        push = event.push_data
        if push is None or push.ref_type not in (None, "branch"):
            continue
        if push.ref is None:
            life.perhaps(event.author)
        elif push.ref == branch:
            if push.action != "removed":
                life.pushed(event.author, push)
            if push.action in ("created", "removed"):
                if life.last == head:
                    return life.whole(begun=push.action == "created" or life.begun)
                life = _Life()
    return life.whole(begun=life.begun) if life.last == head else Pushers(life.told(), known=False)


class _Life:
    """One life of a branch, told from its end.

    `last`: the commit it held last, by `mover`; `begun`: its beginning may be told; `gap`: a push is missing.
    """

    def __init__(self) -> None:
        self.accounts: dict[int, User] = {}
        self.pushes: list[Push] = []
        self.last: str | None = None
        self.mover: Account | None = None
        self.begun = self.gap = False
        self._before: str | None = None  # what the branch held before the oldest push so far, None where that is open

    def pushed(self, author: User | None, push: PushData) -> None:
        """One push to this branch, older than those before."""
        self.gap |= author is None or push.commit_to is None or self._before not in (None, push.commit_to)
        self.begun = False
        if self.last is None and author is not None:
            self.last, self.mover = push.commit_to, author.account
        self._before = push.commit_from
        self._name(author, push)

    def perhaps(self, author: User | None) -> None:
        """One push that may have been to this branch, and then made it, or moved it from any commit."""
        self.gap |= author is None
        self.begun = self.last is not None
        self._before = None
        self._name(author)

    def whole(self, *, begun: bool) -> Pushers:
        """Everybody, where the life is told from its beginning on without a gap."""
        known = begun and not self.gap
        return Pushers(self.told(), known, self.mover if known else None, tuple(self.pushes))

    def told(self) -> tuple[Account, ...]:
        """The accounts, the newest push first."""
        return tuple(user.account for user in self.accounts.values())

    def _name(self, author: User | None, push: PushData | None = None) -> None:
        if author is not None:
            self.accounts.setdefault(author.id, author)
            before, after = (push.commit_from, push.commit_to) if push is not None else (None, None)
            self.pushes.append(Push(author.account, before or "", after or ""))
