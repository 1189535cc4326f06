"""Answers that are good until the forge says that something changed: kept whole, with the ETag they came with.

Relied on only after the forge answered 304 (RFC 9110 section 15.4.5); a damaged one is none.
"""

from hashlib import sha256
from typing import Protocol

import msgspec

from agentgov.net.exchange import Answer
from agentgov.net.tokens import Token

_LARGEST = 2 * 2**20
_HEADERS = ("etag", "link", "content-type", "x-next-page")


class Kept(Protocol):
    """Where whole answers are kept between runs, by name; losing one costs a request."""

    def load(self, name: str) -> bytes | None: ...
    def store(self, name: str, content: bytes) -> None: ...


class _Entry(msgspec.Struct, frozen=True):
    url: str
    headers: dict[str, str]
    body: bytes


class Answers:
    """The answers of one run, and of earlier ones where there is a place for them."""

    def __init__(self, token: Token | None, kept: Kept | None) -> None:
        self._who = token.fingerprint if token is not None else ""
        self._kept = kept
        self._here: dict[str, Answer] = {}

    def known(self, url: str, accept: str) -> Answer | None:
        """The answer that stood there last time, with its ETag in the headers."""
        name = self._name(url, accept)
        if name not in self._here and self._kept is not None and (found := self._kept.load(name)) is not None:
            try:
                entry = msgspec.msgpack.decode(found, type=_Entry)
            except msgspec.DecodeError:
                return None
            if entry.url == url and "etag" in entry.headers:
                self._here[name] = Answer(200, entry.headers, entry.body)
        return self._here.get(name)

    def keep(self, url: str, accept: str, answer: Answer) -> None:
        """Keep an answer that says how to ask whether it changed. Not one that is broken: under a good ETag the forge
        would say for ever that nothing changed."""
        if answer.status != 200 or not answer.headers.get("etag") or len(answer.body) > _LARGEST:
            return
        if not accept and not _is_json(answer.body):
            return
        name = self._name(url, accept)
        headers = {name: answer.headers[name] for name in _HEADERS if name in answer.headers}
        self._here[name] = Answer(200, headers, answer.body)
        if self._kept is not None:
            self._kept.store(name, msgspec.msgpack.encode(_Entry(url, headers, answer.body)))

    def _name(self, url: str, accept: str) -> str:
        return sha256("\0".join((self._who, url, accept)).encode()).hexdigest()


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True
