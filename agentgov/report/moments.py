"""Times and spans as people read them: UTC to the second, and one coarse unit for an age."""

from datetime import UTC, datetime


def stamp(seconds: int) -> str:
    """Epoch seconds as RFC 3339 in UTC; a dash for a time that never was."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds else "-"


def age(seconds: int) -> str:
    """A span in its largest whole unit: `42s`, `17m`, `5h`, `12d`; what lies ahead counts as no age."""
    seconds = max(seconds, 0)
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
