"""Whether a request is sent again, and after how many seconds. Pure: times come in.

After GitHub's "best practices for using the REST API" and RFC 9110 section 10.2.3: `Retry-After`, else the moment at
which the limit is lifted, else a minute; other failures of the other side after a half, one and two seconds. What
writes is sent again only where it is certain that nothing was written.
"""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from agentgov.net.exchange import Answer, BrokenError

TRIES = 4
_SAFE = ("GET", "PUT", "PATCH", "DELETE")  # doing it twice is doing it once
_AGAIN = (500, 502, 503, 504)
_MINUTE = 60.0


def is_limit(answer: Answer) -> bool:
    """Whether the forge asks to wait: 429, or 403 as GitHub says it."""
    if answer.status == 429:
        return True
    if answer.status != 403:
        return False
    headers = answer.headers
    return (
        "retry-after" in headers
        or headers.get("x-ratelimit-remaining") == "0"
        or b"secondary rate limit" in answer.body[:4096].lower()
    )


def wait_after_answer(method: str, answer: Answer, attempt: int) -> float | None:
    """Seconds until the request may be sent again, None where this answer is the last word."""
    if is_limit(answer):
        return asked_to_wait(answer.headers) or _lifted(answer.headers) or _MINUTE
    if answer.status in _AGAIN and method in _SAFE:
        return max(asked_to_wait(answer.headers), backoff(attempt))
    return None


def wait_after_break(method: str, broken: BrokenError, attempt: int) -> float | None:
    """Seconds until a request without an answer may be sent again, None where it may not."""
    if broken.final or (broken.sent and method not in _SAFE):
        return None
    return backoff(attempt)


def backoff(attempt: int) -> float:
    """Half a second, one, two: by the number of tries before."""
    return float(2**attempt) / 2


def moment(answer: Answer) -> float | None:
    """When it was for the other side, in seconds since 1970."""
    return moment_of(answer.headers.get("date", ""))


def asked_to_wait(headers: Mapping[str, str]) -> float:
    """What Retry-After says, in seconds, 0 for nothing; a date is taken from the date of the very answer."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    then, now = moment_of(text), moment_of(headers.get("date", ""))
    return max(then - now, 1.0) if then is not None and now is not None else 0.0


def _lifted(headers: Mapping[str, str]) -> float | None:
    """Seconds until the limit is lifted (`x-ratelimit-reset` at GitHub, `ratelimit-reset` at GitLab)."""
    text = headers.get("x-ratelimit-reset") or headers.get("ratelimit-reset") or ""
    now = moment_of(headers.get("date", ""))
    if now is None or not (text.isascii() and text.isdigit() and len(text) < 14):
        return None
    return max(float(text) - now, 0.0) + 1.0


def moment_of(text: str) -> float | None:
    """Epoch seconds of a date as HTTP writes it; None for what is none."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
