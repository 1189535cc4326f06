"""Whoever listens to a store, and the thread that tells them: never the thread that writes, so that they may ask it."""

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue


class Listeners:
    """Functions that are told topics, one after the other."""

    def __init__(self) -> None:
        self._told: tuple[Callable[[str], None], ...] = ()
        self._topics: SimpleQueue[str | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._tell, name="agentgov-store-tells", daemon=True)
        self._thread.start()

    def add(self, told: Callable[[str], None]) -> None:
        """Tell a function from now on."""
        self._told = (*self._told, told)

    def tell(self, topic: str) -> None:
        """Tell all of them a topic soon."""
        self._topics.put(topic)

    def close(self) -> None:
        """Tell what was to be told, and end."""
        self._topics.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _tell(self) -> None:
        while (topic := self._topics.get()) is not None:
            for told in self._told:
                try:
                    told(topic)
                except Exception:  # one that fails takes nothing from the others
                    logging.getLogger(__name__).exception("what listens to the store failed at %r", topic)
