"""The control state in memory (tokens, pauses): read again when told, looked at every second, never served when old.

Hot requests read what is here and never the store. When the store could not be asked for more than five seconds, what
is here is no longer confirmed: then nothing is leased and nothing is permitted.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Generic, TypeVar, cast

from agentgov.runtime.control import versions
from agentgov.store.awaiting import answered
from agentgov.store.port import Store, Transaction

OLDEST = 5.0  # seconds that the control state is served without being confirmed
_EVERY = 1.0  # seconds between two looks
_SOON = 0.1  # seconds between two looks that are asked for
_ANEW = 30.0  # seconds after which a part is read again, whatever its version says
_log = logging.getLogger("agentgov.gate")
T = TypeVar("T")


@dataclass(slots=True)
class Kept(Generic[T]):
    """One part of the control state: how it is read, and what it was when it was read last."""

    topic: str
    load: Callable[[Transaction], T]
    value: T
    version: int = -1
    read_at: float = field(default=float("-inf"))
    told: bool = True

    def is_due(self, version: int, now: float) -> bool:
        """Whether it has to be read again."""
        return self.told or version != self.version or now - self.read_at > _ANEW


class Control:
    """Keeps all parts as the store has them. Everything here runs on the event loop, but for what the store calls."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._parts: list[Kept[object]] = []
        self._wake = asyncio.Event()
        self._lock, self._asked_for = asyncio.Lock(), asyncio.Lock()
        self.confirmed_at = float("-inf")
        self.heard: Callable[[], None] = lambda: None  # called when something was read again

    def keep(self, topic: str, load: Callable[[Transaction], T], empty: T) -> Kept[T]:
        """A part that is kept from now on; `empty` until it is read."""
        part = Kept(topic, load, empty)
        self._parts.append(cast("Kept[object]", part))  # only what it loads is put into it
        return part

    @property
    def age(self) -> float:
        """Seconds since the store was last asked, and answered."""
        return monotonic() - self.confirmed_at

    @property
    def is_confirmed(self) -> bool:
        """Whether what is kept here may be served."""
        return monotonic() - self.confirmed_at <= OLDEST

    async def refresh(self) -> None:
        """Read again what changed. Whoever wrote something awaits this before saying that it is in effect."""
        async with self._lock:  # what is asked for before the store answers is read once more after it
            started, told = monotonic(), [part for part in self._parts if part.told]
            for part in told:
                part.told = False
            try:
                read = await answered(self._store.read, lambda tx: self._read(tx, told, started))
            except BaseException:
                for part in told:
                    part.told = True
                raise
            for part, version, value in read:
                part.value, part.version, part.read_at = value, version, started
            self.confirmed_at = started
        if read:
            self.heard()

    async def look(self) -> None:
        """Return once the store was looked at after this call. All who wait share one look, ten times a second at most,
        so that whoever makes things up costs the store little."""
        since = monotonic()
        async with self._asked_for:
            if self.confirmed_at >= since:
                return
            await asyncio.sleep(self.confirmed_at + _SOON - monotonic())
            await self.refresh()

    def _read(self, tx: Transaction, told: list[Kept[object]], now: float) -> list[tuple[Kept[object], int, object]]:
        known = versions(tx)
        parts = [(part, known.get(part.topic, 0)) for part in self._parts]
        return [(part, is_now, part.load(tx)) for part, is_now in parts if part in told or part.is_due(is_now, now)]

    async def run(self) -> None:
        """Follow the store until cancelled."""
        loop = asyncio.get_running_loop()

        def told(topic: str) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody follows any more
                loop.call_soon_threadsafe(self._tell, topic)

        self._store.listen(told)
        well = True
        while True:
            try:
                async with asyncio.timeout(OLDEST):
                    await self.refresh()
                well = True
            except Exception as error:
                if well:
                    _log.warning("the store gives no answer: %s", error)
                well = False
            try:
                async with asyncio.timeout(_EVERY):
                    await self._wake.wait()
            except TimeoutError:
                continue
            self._wake.clear()

    def _tell(self, topic: str) -> None:
        meant = [part for part in self._parts if topic in ("", part.topic)]
        for part in meant:
            part.told = True
        if meant:
            self._wake.set()
