"""What a finding is called from run to run, so that a forge knows a new one from an old one that moved.

Made of rule, path and JSON pointer, never of the line or the words: a line above, or a better message, makes no new
finding. Findings that are the same in these are numbered in their order, so one more of them is one new fingerprint.
"""

from collections.abc import Iterable
from hashlib import sha256

from agentgov.model.finding import Finding

SCHEME = "agentgov/v1"  # SARIF 3.27.17: the name of a fingerprint says how it was computed


def fingerprints(found: Iterable[Finding], inside: str = "") -> dict[Finding, str]:
    """A distinct fingerprint of 32 hexadecimal digits for each finding; `inside` is the fleet's folder."""
    seen: dict[tuple[str, str, str], int] = {}
    out = {}
    for one in found:
        key = (one.code, f"{inside}{one.where.file}", one.where.pointer)
        number = seen[key] = seen.get(key, 0) + 1
        text = "\0".join((SCHEME, *key, str(number)))
        out[one] = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return out
