"""The one place that reads the wall clock. Decisions take `now` as an argument and never come here."""

import time


def now() -> int:
    """Whole seconds since the epoch."""
    return int(time.time())  # noqa: TID251 - this is the clock that everyone else is handed
