"""What Prometheus answered to an instant query: one number, or why there is none. Pure and total.

"No data" is never zero: an empty result, two series, NaN, infinity, a negative number, a warning or an error each give
a reason instead of a number. Source: https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries
"""

import json
import math
import re
from typing import Any

LARGEST = 10**12  # units
_NUMBER = re.compile(r"[+-]?\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?\Z")
_SHOWN = 120  # characters of what Prometheus says of an error


def sample_of(status: int, body: bytes) -> float | str:
    """The one number of an answer, or why it gives none."""
    document = _document(body)
    if document is None:
        return f"Prometheus answered {status} with something other than its JSON"
    if status != 200 or document.get("status") != "success":
        return f"Prometheus answered {status}{_told(document.get('error'))}"
    if warnings := document.get("warnings"):
        first = warnings[0] if isinstance(warnings, list) else warnings
        return f"Prometheus warns{_told(first)}"
    data = document.get("data")
    data = data if isinstance(data, dict) else {}
    kind, result = data.get("resultType"), data.get("result")
    if kind == "scalar":
        return _number(result)
    if kind != "vector" or not isinstance(result, list):
        return "the query gives neither a vector nor a scalar"
    if not result:
        return "the query finds no series"
    if len(result) > 1:
        return f"the query finds {len(result)} series instead of one: sum() them"
    return _number(result[0].get("value") if isinstance(result[0], dict) else None)


def _document(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _number(value: object) -> float | str:
    text = value[1] if isinstance(value, list) and len(value) == 2 else None
    if not isinstance(text, str) or _NUMBER.match(text) is None:
        known = text if text in ("NaN", "+Inf", "-Inf") else "something"
        return f"the query gives {known}, which is no number of units"
    number = float(text)
    if not math.isfinite(number) or not 0 <= number <= LARGEST:
        return f"the query gives {text[:40]}, which is no number of units"
    return number


def _told(said: object) -> str:
    """What Prometheus says, as `: text`: one printable line."""
    text = said if isinstance(said, str) else ""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return f": {line[:_SHOWN]}" if line else ""
