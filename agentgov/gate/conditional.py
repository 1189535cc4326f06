"""Answers that a client has already: `If-None-Match`, as RFC 9110 has it (section 13.1.2)."""

import re

_TAG = re.compile(rb'[ \t]*(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?:,|\Z)')


def has_already(headers: list[tuple[bytes, bytes]], etag: bytes) -> bool:
    """Whether a request says that its client has what is tagged so: by `*`, or by a list that holds the tag. Tags are
    compared weakly; of what is no list nothing is believed."""
    for name, value in headers:
        if name == b"if-none-match":
            return value == etag or value.strip() == b"*" or etag in _tags(value)
    return False


def _tags(value: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(value):
        match = _TAG.match(value, at)
        if match is None:
            return []
        found.append(match[1])
        at = match.end()
    return found
