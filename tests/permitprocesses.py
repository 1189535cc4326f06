"""What processes of their own do with permits: use one all at once, or go on until they are killed.

Started by a fork server that has loaded all of this, so that many of them cost little.
"""

import os
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

from actionworld import rulebook
from patience import PATIENCE
from permitworld import PermitWorld

from agentgov.runtime.rules import Rulebook
from agentgov.store.open import open_store


def wide() -> Rulebook:
    """Rules with a quota that nobody reaches."""
    return rulebook({"quotas": [{"tool": "refund.create", "sum": "args.amount_minor", "per": "24h", "max": 2**52}]})


def use_at_once(url: str, permit: str, barrier: Barrier, told: Connection) -> None:
    """Use a permit when everybody is ready, and tell what was answered."""
    world = PermitWorld(open_store(url, serving=False), wide())
    barrier.wait(PATIENCE)
    told.send(world.consume(permit).decision)
    world.store.close()


def go_on(url: str, name: str, told: Connection) -> None:
    """Ask, approve, use, tell the outcome, and so on; each step is told when it was answered."""
    world = PermitWorld(open_store(url), wide())
    for number in count():
        answer = world.ask(f"{name}-{number}")
        assert answer.permit is not None
        id_ = answer.permit.id
        told.send(("pending", id_))
        world.vote(id_, "alice")
        told.send(("approved", id_))
        assert world.consume(id_).decision == "allow"
        told.send(("consumed", id_))
        if number % 2:
            world.outcome(id_, "not-done")
            told.send(("undone", id_))
        assert os.getppid() > 1, "whoever started this is gone"
