"""Literal secrets stay behind: every text of a document that is one, or holds one, loses it, and each loss is told.

A reference (`${env.NAME}`, `$NAME`) is no secret and is kept. Decides by the name of a field, by known shapes of
tokens, and by places where programs put credentials (command lines, addresses). Never shows, logs or keeps what it
found.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from agentgov.validate.pointers import child

REMOVED = "removed by import"

_SECRET_NAME = re.compile(
    r"(?:^|[-_.])(?:authorization|cookie|password|passwd|pwd|secret|token|credentials?|api[-_]?key|apikey|access[-_]?key"
    r"|private[-_]?key|secret[-_]?key|client[-_]?secret|auth)(?:$|[-_.])",
    re.IGNORECASE,
)
_NAMES_A_VARIABLE = frozenset({"token_key"})  # holds the name of an environment variable, by the format
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_REFERENCE = re.compile(r"(?:(?:bearer|basic|token)\s+)?\$(?:\{[a-z0-9_.]+\}|[a-z_][a-z0-9_]*)\Z", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_SHAPES = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"\b(?:sk|rk|pk)[-_](?:ant-|proj-|live_|test_|or-)?[A-Za-z0-9_-]{20,}"),
    re.compile(r"\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_[A-Za-z0-9_]{30,}|\bglpat-[A-Za-z0-9_-]{20,}"),
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[A-Za-z0-9_-]{35}|\bxai-[A-Za-z0-9]{30,}|\bhf_[A-Za-z0-9]{30,}"),
    re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bdckr_pat_[A-Za-z0-9_-]{20,}|\bnpm_[A-Za-z0-9]{30,}"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
)
_IN_ADDRESS = re.compile(r"(?<=://)[^/\s@:'\"]*:(?P<secret>(?!\$)[^/\s@'\"]+)(?=@)")
_IN_QUERY = re.compile(
    r"[?&](?:[a-z0-9_-]*[-_])?(?:api_?key|token|secret|password|key|sig)=(?P<secret>(?!\$)[^&\s'\"#]+)", re.IGNORECASE
)
_IN_COMMAND = re.compile(
    r"(?:--?(?:[a-z0-9-]+-)?(?:api-?key|token|secret|password|passwd)(?:=|\s+)"
    r"|\b[A-Z0-9_]*(?:API_?KEY|TOKEN|SECRET|PASSWORD)=)(?P<secret>(?![\s$'\"-])[^\s'\"]+)"
)
_ADDRESSES = (_IN_ADDRESS, _IN_QUERY)
# Fields that hold text for people or models: only what has the shape of a secret is one there.
_PROSE = frozenset({"instruction", "description", "welcome_message", "readme"})
_FLAG = re.compile(r"--?(?:[a-z0-9-]+-)?(?:api-?key|token|secret|password|passwd)\Z")


@dataclass(slots=True)
class Cleaner:
    """Takes secrets out of values; `removed` collects the JSON pointers of the values that lost one."""

    removed: list[str] = field(default_factory=list)

    def clean(self, value: Any, pointer: str = "") -> Any:
        """A copy of plain YAML values without secrets; recursion is bounded by the reader's limit on depth."""
        if isinstance(value, dict):
            return {key: self._member(key, item, child(pointer, key)) for key, item in value.items()}
        if isinstance(value, list):
            return self._list(value, pointer)
        return self._text(value, pointer, (*_ADDRESSES, _IN_COMMAND)) if isinstance(value, str) else value

    def _text(self, text: str, pointer: str, places: tuple[re.Pattern[str], ...]) -> str:
        clean = text
        for shape in _SHAPES:
            clean = shape.sub(REMOVED, clean)
        for place in places:
            clean = place.sub(_without_secret, clean)
        if clean != text:
            self.removed.append(pointer)
        return clean

    def _member(self, key: str, value: Any, pointer: str) -> Any:
        if isinstance(value, str) and key in _PROSE:
            return self._text(value, pointer, _ADDRESSES)
        if not isinstance(value, str) or not is_secret_name(key):
            return self.clean(value, pointer)
        if key in _NAMES_A_VARIABLE and _VARIABLE.match(value) and not any(shape.search(value) for shape in _SHAPES):
            return value
        if not value or _REFERENCE.match(value):
            return value
        self.removed.append(pointer)
        return REMOVED

    def _list(self, values: list[Any], pointer: str) -> list[Any]:
        out: list[Any] = []
        for index, value in enumerate(values):
            here = child(pointer, index)
            before = values[index - 1] if index else None
            after_flag = isinstance(before, str) and _FLAG.match(before) is not None
            if after_flag and isinstance(value, str) and not _REFERENCE.match(value):
                self.removed.append(here)
                out.append(REMOVED)
            else:
                out.append(self.clean(value, here))
        return out


def is_secret_name(name: str) -> bool:
    """Whether a field, header or variable of that name holds a credential."""
    return _SECRET_NAME.search(_CAMEL.sub("_", name)) is not None


def _without_secret(match: re.Match[str]) -> str:
    start, end = match.span("secret")
    whole = match[0]
    return f"{whole[: start - match.start()]}{REMOVED.replace(' ', '-')}{whole[end - match.start() :]}"
