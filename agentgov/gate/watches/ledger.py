"""Beside the requests: new records go into tiles and under a signed checkpoint, a second or 256 leaves behind at most.

A tree is signed twice a second, and as soon as a tile of it is full, which whoever filled it tells every gate over the
store (`runtime.ledger`). Several gates over one store may try at once: a checkpoint is kept by whoever is first. A tree
that does not fit what the journal anchored, as after an older backup was restored, is signed no further, which is told
as an error, at /readyz and by a metric; records go on being written.
"""

import asyncio
import contextlib
import logging
import math
import secrets
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from agentgov.gate.complaint import Complaint
from agentgov.gate.watches.restore import RestoreWatch
from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.runtime.ledger import FIRST, TOPIC, tree_at
from agentgov.runtime.restoring import examine
from agentgov.runtime.sequencing import (
    MOST,
    Anchor,
    BrokenTreeError,
    Growth,
    Standing,
    anchors_of,
    begin_log,
    grow,
    held,
    is_signed_by,
    keep,
    refuse_anchor,
    sign_growth,
    standings,
)
from agentgov.store.port import Transaction
from agentgov.trust.keys import parse_public_key
from agentgov.trust.signers import KeyFileSigner

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

EVERY = 0.5  # seconds between two looks at every tree
_log = logging.getLogger("agentgov.gate")
_HINT = "see docs/store.md, on restoring: nothing of it is signed until then"


@dataclass(slots=True)
class Kept:
    """How the ledger of this process's store stands."""

    behind: int = 0  # records without a checkpoint, of all trees
    since: int = 0  # epoch milliseconds of the last look that found none; 0 before the first
    broken: dict[str, str] = field(default_factory=dict)  # tree to what is wrong with it
    signed: dict[str, int] = field(default_factory=dict)  # how many records of a tree are under its checkpoint
    first: float = math.inf  # epoch milliseconds after which nothing was recorded in the tree of earlier versions

    def receipt(self, agent: AgentId) -> tuple[str, int]:
        """The tree of an agent's records, and how many of it are signed."""
        return agent.workspace, self.signed.get(agent.workspace, 0)

    async def receipt_of(self, gate: "Gate", agent: str, seq: int, time: int) -> tuple[str, int]:
        """The tree of a record that was made at some moment, and how many of it are signed."""
        tree = agent.partition("/")[0]
        if time <= self.first:
            tree = await gate.read(lambda tx: tree_at(tx, agent, seq, time))
        return tree, self.signed.get(tree, 0)


class LedgerWatch:
    """Looks after the trees of one gate, on its event loop."""

    def __init__(self, gate: "Gate", restores: RestoreWatch | None = None) -> None:
        self._gate, self._restores = gate, restores or RestoreWatch(gate)
        self._wake = asyncio.Event()
        self._due = float("-inf")  # when every tree is looked at again
        self._complain = Complaint()
        self._checked: set[tuple[str, Anchor]] = set()
        self._key = parse_public_key(gate.signer.public_key)
        self._ours: set[str] = set()  # trees whose checkpoint is by this gate's key
        self._anchors: tuple[View, str, dict[str, Anchor]] | None = None

    async def run(self) -> None:
        """Go on until cancelled."""
        loop = asyncio.get_running_loop()

        def told(topic: str) -> None:
            if topic in ("", TOPIC):
                with contextlib.suppress(RuntimeError):  # the loop is closed: nobody follows any more
                    loop.call_soon_threadsafe(self._wake.set)

        self._gate.store.listen(told)
        while True:
            self._wake.clear()
            more = False
            try:
                more = await self.step()
            except Exception as error:
                self._due = monotonic() + EVERY
                self._complain("checkpoints of the ledger cannot be made: %s", error)
            if not more:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._due - monotonic()):
                        await self._wake.wait()

    async def close(self) -> None:
        """Sign what is left once nothing is answered any more, and note that this was all."""
        while await self.look():
            pass
        await self._restores.close()

    async def step(self) -> bool:
        """Look at every tree where it is time for that, else at those with a full tile; whether there is more to do."""
        every = monotonic() >= self._due
        more = await self.look(every=every)
        if every and not more:
            self._due = monotonic() + EVERY
        return more

    async def look(self, *, every: bool = True) -> bool:
        """One step of every tree that is behind, or only of those with a full tile; whether there is more to do."""
        gate = self._gate
        now = gate.clock()
        examined, found = await gate.read(lambda tx: (examine(tx), standings(tx)))
        log, held_back = examined.now.log, (await self._restores.look(examined)).held
        if not log:
            log = await gate.write(lambda tx: begin_log(tx, secrets.token_hex(8), now))
        anchors = self._anchored(log)
        broken = await self._misfits(found, anchors)
        if held_back:
            broken = {one.tree: f"the store is a restored backup: {held_back}" for one in found} | broken
        steps: list[tuple[Growth, bytes]] = []
        room = MOST
        for one in found:
            if one.tree in broken or room <= 0 or self._is_whole(one, log) or not (every or one.is_full):
                continue
            try:
                growth = await self._grown(one, anchors.get(one.tree), room)
            except BrokenTreeError as error:
                broken[one.tree] = str(error)
                continue
            room -= growth.frontier.size - one.size
            steps.append((growth, self._signed(log, growth)))
        if steps:
            kept = await gate.write(lambda tx: [keep(tx, growth, log, note, now) for growth, note in steps])
            steps = [step for step, first in zip(steps, kept, strict=True) if first]
        self._tell(found, steps, broken, now)
        return bool(steps) and (room <= 0 or any(growth.frontier.size < growth.of.leaves for growth, _ in steps))

    async def _misfits(self, found: tuple[Standing, ...], anchors: dict[str, Anchor]) -> dict[str, str]:
        """The trees that are not what the journal says they were."""
        broken: dict[str, str] = {}
        for one, anchor in held(found, anchors):
            if (one.tree, anchor) in self._checked and one.leaves >= one.size:
                continue
            try:
                await self._refuse(one, anchor)
            except BrokenTreeError as error:
                broken[one.tree] = str(error)
            else:
                if one.size >= anchor.size:
                    self._checked.add((one.tree, anchor))
        return broken

    async def _refuse(self, one: Standing, anchor: Anchor) -> None:
        await self._gate.read(lambda tx: refuse_anchor(tx, one, anchor))

    async def _grown(self, one: Standing, anchor: Anchor | None, most: int) -> Growth:
        def work(tx: Transaction) -> Growth:
            return grow(tx, one, anchor, most)

        return await self._gate.read(work)

    def _signed(self, log: str, growth: Growth) -> bytes:
        signer = self._gate.signer
        assert isinstance(signer, KeyFileSigner), "a bot signs with a key file"
        self._ours.add(growth.of.tree)
        return sign_growth(self._gate.fleet.id, log, growth, self._key, signer.sign_text)

    def _is_whole(self, one: Standing, log: str) -> bool:
        """Whether nothing is to be done: every record is under a checkpoint of this ledger, by a key of now."""
        if one.behind or one.log != log:
            return False
        if one.tree not in self._ours and is_signed_by(self._gate.fleet.id, one, self._key):
            self._ours.add(one.tree)
        return one.tree in self._ours

    def _anchored(self, log: str) -> dict[str, Anchor]:
        view = self._gate.fleet.view
        if self._anchors is None or self._anchors[:2] != (view, log):
            found = anchors_of(view.state.anchors(), log)
            self._anchors = view, log, found
            self._checked &= set(found.items())
        return self._anchors[2]

    def _tell(
        self, found: tuple[Standing, ...], steps: list[tuple[Growth, bytes]], broken: dict[str, str], now: int
    ) -> None:
        kept = self._gate.ledger
        done = sum(growth.frontier.size - growth.of.size for growth, _ in steps)
        kept.signed.update({one.tree: one.size for one in found})
        kept.signed.update({growth.of.tree: growth.frontier.size for growth, _ in steps})
        kept.first = max((one.time or now for one in found if one.tree == FIRST), default=0)
        kept.behind = sum(max(one.behind, 0) for one in found) - done
        kept.since = now if not kept.behind else kept.since or now
        for tree, message in broken.items():
            if kept.broken.get(tree) != message:
                _log.error("the ledger's tree %s is signed no further: %s; %s", tree, message, _HINT)
        kept.broken = broken
