"""One span, as it came and as it is understood: what was used, by which model or tool, when, in which session.

Refuses a span whose values cannot be (ids that are none, times in the future, negative or endless numbers), and repairs
one thing only: where a dialect tells cached or reasoning tokens beside the others and not among them, they are added.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from agentgov.runtime.telemetry.dialects import FIELDS, KINDS, Field, Kind, is_content, provider_of

AHEAD = 300_000  # milliseconds that a clock may be ahead of the gate's
OLDEST = 7 * 86_400_000  # milliseconds; nobody could tell any more whether an older span came before
MOST_TOKENS = 100_000_000  # of one call: ten times of what the largest models read
LONGEST_NAME = 128  # characters
_NS = 1_000_000  # nanoseconds of a millisecond
_REMOTE = 0x300  # of the flags: the parent is known to be in another process
_PURPOSE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_THRESHOLD = re.compile(r"[0-9a-f]{1,14}")
_LONGEST_STATE = 512  # characters of a trace state: what W3C asks everybody to pass on
_LONGEST_KEY = 256  # characters of the name of an attribute that is looked up, and so remembered
_ANSWER = re.compile(r'"id":\s*"((?:chatcmpl|resp|msg|gen|cmpl)[-_][\w-]{1,120})"')

Fields = dict[Field, Any]
T = TypeVar("T")


class Raw(msgspec.Struct):
    """A span as it came, without what nobody asks for. Times in nanoseconds."""

    trace: bytes
    span: bytes
    parent: bytes
    start: int
    end: int
    failed: bool
    flags: int
    state: str
    fields: Fields
    contents: list[tuple[str, Any]]


class Use(msgspec.Struct):
    """A span as it is understood. Times in epoch milliseconds; tokens are None where nobody told."""

    id: bytes
    parent: bytes
    kind: Kind
    root: bool  # of this process
    start: int
    end: int
    failed: bool
    error: str = ""
    provider: str = ""
    asked: str = ""
    model: str = ""
    tool: str = ""
    input: int | None = None
    cached: int = 0
    written: int = 0
    output: int | None = None
    reasoning: int = 0
    response: str = ""
    finish: str = ""
    session: str = ""
    release: str = ""
    sampled: bool = False
    subject: str = ""  # whom it is about
    purpose: str = ""
    contents: list[tuple[str, Any]] = []


@lru_cache(maxsize=8192)
def _place(name: str) -> tuple[Field, int] | bool:
    """Where an attribute goes: to a field with a rank, to what was said (True), or nowhere."""
    return FIELDS.get(name) or is_content(name)


def gathered(
    attributes: Iterable[tuple[str, T]], plain: Callable[[T], Any], known: Fields
) -> tuple[Fields, list[tuple[str, Any]]]:
    """The fields and the contents among attributes, beside those that hold for all spans of a resource. Only what is
    wanted is made `plain`."""
    fields, contents, ranks = dict(known), list[tuple[str, Any]](), dict[Field, int]()
    for name, value in attributes:
        place = _place(name) if len(name) <= _LONGEST_KEY else is_content(name)
        if place is True:
            contents.append((name, plain(value)))
        elif place:
            field, rank = place
            if rank <= ranks.get(field, rank):
                fields[field], ranks[field] = plain(value), rank
    return fields, contents


def understood(raw: Raw, now_ms: int) -> Use | str:
    """A span by the table of dialects, or in a few words why it cannot be."""
    if len(raw.trace) != 16 or len(raw.span) != 8 or not any(raw.trace) or not any(raw.span):
        return "an id that is none"
    if len(raw.parent) not in (0, 8):
        return "a parent that is none"
    start, end = raw.start // _NS, raw.end // _NS
    if not 0 < raw.start <= raw.end:
        return "it ends before it begins"
    if end > now_ms + AHEAD:
        return "it ends in the future"
    if end < now_ms - OLDEST:
        return "it is older than seven days"
    fields = raw.fields
    kind = _kind(fields)
    remote = raw.flags & _REMOTE == _REMOTE
    parent = raw.trace + raw.parent if any(raw.parent) else b""
    found = Use(raw.trace + raw.span, parent, kind, not parent or remote, start, end, raw.failed)
    found.release, found.session = text_of(fields.get("release"), 300), text_of(fields.get("session"))
    found.sampled = _is_sampled(raw.state, fields.get("rate"))
    if not kind:
        return found
    found.error = text_of(fields.get("error")) if raw.failed else ""
    found.subject, purpose = text_of(fields.get("subject"), 128), text_of(fields.get("purpose"), 64)
    found.purpose = purpose if _PURPOSE.fullmatch(purpose) else ""
    found.contents = raw.contents
    return _of_model(found, fields) if kind == "model" else _of_tool(found, fields) if kind == "tool" else found


def _kind(fields: Fields) -> Kind:
    for field, kinds in KINDS.items():
        said = fields.get(field)
        if said is not None:
            return kinds.get(said, "") if isinstance(said, str) else ""
    return ""


def _of_tool(use: Use, fields: Fields) -> Use:
    use.tool = text_of(fields.get("tool")) or "(unnamed)"
    call = text_of(fields.get("call"))
    use.response = f"call {call}" if call else ""
    return use


def _of_model(use: Use, fields: Fields) -> Use | str:
    use.provider = provider_of(text_of(fields.get("provider")))
    use.asked, use.model = text_of(fields.get("asked")), text_of(fields.get("model"))
    numbers = [_tokens(fields.get(name)) for name in ("input", "cached", "written", "output", "reasoning")]
    if -1 in numbers:
        return "a number of tokens that cannot be"
    fresh, cached, written, output, reasoning = numbers
    if fresh is not None:
        beside = (cached or 0) + (written or 0)
        use.input = fresh + beside if beside > fresh else fresh
        use.cached, use.written = cached or 0, written or 0
    if output is not None:
        use.output = output + (reasoning or 0) if (reasoning or 0) > output else output
        use.reasoning = reasoning or 0
    use.finish = _finish(fields.get("finish"))
    use.response = text_of(fields.get("response")) or _answered(use.contents)
    return use


def _tokens(said: Any) -> int | None:
    """A number of tokens; None where nothing was said, -1 for what is none."""
    if said is None:
        return None
    if type(said) is float and said.is_integer():
        said = int(said)
    return said if type(said) is int and 0 <= said <= MOST_TOKENS else -1


def _answered(contents: list[tuple[str, Any]]) -> str:
    """The id of a response, where a dialect has it in the answer alone."""
    said = next((value for name, value in contents if name == "output.value"), None)
    found = _ANSWER.search(said) if isinstance(said, str) else None
    return found[1] if found is not None else ""


def _finish(said: Any) -> str:
    first = said[0] if isinstance(said, (list, tuple)) and said else said
    return text_of(first, 32)


def _is_sampled(state: str, rate: Any) -> bool:
    """Whether spans like this one were left out, so that sums of them are lower bounds."""
    if state and _threshold(state[:_LONGEST_STATE]).strip("0"):
        return True
    return isinstance(rate, (int, float)) and 0 <= rate < 1


def _threshold(state: str) -> str:
    """The threshold of consistent sampling (`ot=th:...`) in a trace state of W3C, "" without one. In parts, and not by
    one pattern, which would take the square of its length."""
    for member in state.split(","):
        name, _, said = member.partition("=")
        if name.strip() == "ot":
            found = next((one.removeprefix("th:") for one in said.split(";") if one.startswith("th:")), "")
            return found if _THRESHOLD.fullmatch(found) else ""
    return ""


def text_of(said: Any, longest: int = LONGEST_NAME) -> str:
    """A short text that can be kept and shown; "" for what is none."""
    if not isinstance(said, str):
        return ""
    short = said[:longest]
    if short.isprintable():
        return short
    return "".join(letter if letter.isprintable() else "?" for letter in short)
