"""A process that appends acts to the journal of a simulated fleet from a clone of its own."""

import sys
from pathlib import Path

import gitworld

from agentgov.journal.branch import Journal
from agentgov.journal.draft import Actor, Appender, Draft
from agentgov.journal.view import View
from agentgov.release.orders import order_pause
from agentgov.repo.remote import Remote
from agentgov.repo.repository import Repository
from agentgov.trust.signers import KeyFileSigner


def main(world: Path, clone: Path, who: str, count: int, now: int) -> None:
    """Clone the remote and append so many pauses, each with a reason that nobody else gives."""
    gitworld.git(clone.parent, "clone", "-q", str(world / "remote.git"), str(clone))
    repo = Repository.open(clone)
    journal = Journal(repo, remote=Remote.of(repo))
    appender = Appender(KeyFileSigner(world / "keys" / who), who, f"{who}@sim.example")
    for number in range(count):

        def propose(view: View, reason: str = f"{clone.name} {number}") -> list[Draft]:
            identity = view.directory.by_key(appender.signer.public_key)
            assert identity is not None
            actor = Actor(identity, appender)
            return [order_pause(view, actor, "support/triage", mode="stop", until=0, now=now, reason=reason)]

        journal.append(propose, appender, lambda: now)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
