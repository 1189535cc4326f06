"""Says in the log that something cannot be done, and not again at every look: whoever reads it has heard."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic

QUIET = 60.0  # seconds between two complaints
_log = logging.getLogger("agentgov.gate")


class Complaint:
    """What one part of the gate complains of; what comes too soon after the last one is not said."""

    def __init__(self, quiet: float = QUIET) -> None:
        self._quiet, self._last = quiet, float("-inf")

    def __call__(self, message: str, *values: object) -> None:
        """Say it, `values` in the place of each %s."""
        if monotonic() - self._last > self._quiet:
            self._last = monotonic()
            _log.warning(message, *values)


async def keep_looking(look: Callable[[], Awaitable[object]], every: float, message: str, quiet: float = QUIET) -> None:
    """Look every so many seconds until cancelled, whatever goes wrong; `message` says what, with %s for the error."""
    complain = Complaint(quiet)
    while True:
        try:
            await look()
        except Exception as error:
            complain(message, error)
        await asyncio.sleep(every)
