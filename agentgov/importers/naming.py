"""Names of agents from file names and the names a format uses: DNS labels, the same on every machine.

The rule: an agent takes the name that its format gives it. Where a format names agents within their file (cagent), the
one that it calls root takes the name of the file, every other one `<file>-<agent>`. What is left of a clash is
settled by a number at the end, and said. Never repairs a name that looks like an attack: it is
refused.
"""

import hashlib
import re
import unicodedata
from collections.abc import Container

from agentgov.model.names import SHARED

ROOT = "root"
_LONGEST = 63
_OTHER = re.compile(r"[^a-z0-9]+")


def refusal(name: str) -> str:
    """Why a name is not imported at all, empty where it is fine."""
    if not name.strip():
        return "the name is empty"
    if len(name) > 200:
        return "the name is longer than 200 characters"
    if not name.isprintable():
        return "the name holds control or hidden characters"
    if "/" in name or "\\" in name or ".." in name or name.startswith((".", "~")):
        return "the name looks like a path"
    return ""


def label(text: str) -> str:
    """A DNS label for a name: accents dropped, everything else that is no letter or digit a hyphen.

    A name that is too long, or in which nothing is left, gets a part of its SHA-256, so that two stay two.
    """
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    plain = _OTHER.sub("-", folded).strip("-")
    if not plain:
        return f"agent-{_digest(text)}"
    if len(plain) > _LONGEST:
        return f"{plain[: _LONGEST - 9].rstrip('-')}-{_digest(text)}"
    return plain


def choose(stem: str, name: str, taken: Container[str]) -> tuple[str, bool]:
    """The name of an agent of the file `stem`, and whether a clash with names already taken changed it.

    Without a stem the agents of a format have names of their own, and files do not count."""
    first, last = label(stem or name), label(name)
    full = label(f"{first}-{last}") if stem else last
    by_rule = [first, full] if last == first else [first] if last == ROOT else [full]
    for candidate in by_rule:
        if candidate not in taken and candidate != SHARED:
            return candidate, False
    number = 1
    while full in taken or full == SHARED:
        number += 1
        full = label(f"{first}-{last}-{number}" if stem else f"{last}-{number}")
    return full, True


def distinct(path: str, taken: Container[str]) -> str:
    """A path of a file that is not taken, by a number before its ending."""
    stem, dot, ending = path.rpartition(".")
    number = 1
    while path in taken:
        number += 1
        path = f"{stem}-{number}{dot}{ending}"
    return path


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
