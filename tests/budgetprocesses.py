"""What processes of their own do with money: spend until nothing is left, or until they are killed.

Started by a fork server that has loaded all of this, so that many of them cost little.
"""

import os
import random
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

from budgetworld import BudgetWorld
from patience import PATIENCE

from agentgov.runtime.buckets import Limits
from agentgov.store.open import open_store

LIMIT = 1000
ONE_DAY: Limits = {("agent", "day"): LIMIT}
WIDE: Limits = {("agent", "day"): 2**52}


def spend_all(url: str, name: str, barrier: Barrier, told: Connection) -> None:
    """Spend, together with others, until there is no money left; tell how much that was."""
    world = BudgetWorld(open_store(url, serving=False), ONE_DAY)
    barrier.wait(PATIENCE)
    spent = 0
    for number in count():
        found, _ = world.reserve(f"{name}-{number}", 7)
        if found is None:
            break
        world.settle(found.id, amount=7)
        spent += 7
    told.send(spent)
    world.store.close()


def go_on(url: str, name: str, told: Connection) -> None:
    """Set money aside and settle, release or forget it, and so on; each step is told when it was answered."""
    world, dice = BudgetWorld(open_store(url), WIDE), random.Random(name)
    for number in count():
        found, _ = world.reserve(f"{name}-{number}", 7, run=f"run-{number % 3}")
        assert found is not None
        told.send((found.id, "open"))
        match dice.randrange(4):
            case 0:
                assert world.release(found.id)[1].allowed
                told.send((found.id, "released"))
            case 1 | 2:
                assert world.settle(found.id, amount=dice.randrange(12))[1].allowed
                told.send((found.id, "settled"))
        assert os.getppid() > 1, "whoever started this is gone"
