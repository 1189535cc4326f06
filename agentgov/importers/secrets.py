"""Literal secrets stay behind: every text of a document that is one, or holds one, loses it, and each loss is told.

A reference (`${env.NAME}`, `$NAME`) is no secret and is kept. Decides by the name of a field, by known shapes of
tokens, and by places where programs put credentials (command lines, addresses). Never shows, logs or keeps what it
found.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from agentgov.validate import literals
from agentgov.validate.pointers import child

REMOVED = "removed by import"

_SECRET_NAME = re.compile(
    r"(?:^|[-_.])(?:authorization|cookie|password|passwd|pwd|secret|token|credentials?|api[-_]?key|apikey|access[-_]?key"
    r"|private[-_]?key|secret[-_]?key|client[-_]?secret|auth)(?:$|[-_.])",
    re.IGNORECASE,
)
_NAMES_A_VARIABLE = frozenset({"token_key"})  # holds the name of an environment variable, by the format
# Kubernetes: the name of a Secret, or the key in it. Both are names of files there, never what is in them.
_NAMES_A_RESOURCE = re.compile(r"[A-Za-z]*(?:Secret|SecretRef|SecretKey|SecretName)\Z")
_RESOURCE = re.compile(r"[a-z0-9](?:[a-z0-9./_-]{0,251}[a-z0-9])?\Z", re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_REFERENCE = re.compile(
    r"(?:(?:bearer|basic|token)\s+)?\$(?:\{(?:env:)?[a-z0-9_.]+\}|[a-z_][a-z0-9_]*)\Z", re.IGNORECASE
)
_WITH_DEFAULT = re.compile(r"(\$\{env:[A-Za-z_][A-Za-z0-9_]*):[^{}]+\}\Z")  # what stands for a variable that is not set
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_IN_ADDRESS = re.compile(r"(?<=://)(?P<user>[^/\s@:'\"]*):(?!\$)[^/\s@'\"]+(?=@)")
_IN_QUERY = re.compile(
    r"[?&](?:[a-z0-9_-]*[-_])?(?:api_?key|token|secret|password|key|sig)=(?P<secret>(?!\$)[^&\s'\"#]+)", re.IGNORECASE
)
_IN_COMMAND = re.compile(
    r"(?:--?(?:[a-z0-9-]{1,64}-)?(?:api-?key|token|secret|password|passwd)(?:=|\s+)"
    r"|\b[A-Z0-9_]*(?:API_?KEY|TOKEN|SECRET|PASSWORD)=)(?P<secret>(?![\s$'\"-])[^\s'\"]+)"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?"
    r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)",
    re.DOTALL,
)
_WORD = re.compile(rb"[^\s'\"`,;<>]+")
# Fields that hold text for people or models: only what has the shape of a secret is one there.
_PROSE = frozenset(
    {"instruction", "description", "welcome_message", "readme", "role", "goal", "backstory", "expected_output"}
    | {"systemMessage", "system_prompt", "prompt_template", "additional_instructions"}
)
_FLAG = re.compile(r"--?(?:[a-z0-9-]{1,64}-)?(?:api-?key|token|secret|password|passwd)\Z")


@dataclass(slots=True)
class Cleaner:
    """Takes secrets out of values; `removed` collects the JSON pointers of the values that lost one."""

    removed: list[str] = field(default_factory=list)
    resources: bool = False  # whether fields called ...Secret hold names of Kubernetes, as in its manifests
    values: int = 0  # how many were looked at, aliases written out

    def clean(self, value: Any, pointer: str = "") -> Any:
        """A copy of plain YAML values without secrets; recursion is bounded by the reader's limit on depth."""
        self.values += 1
        if isinstance(value, dict):
            return {key: self._member(key, item, child(pointer, key)) for key, item in value.items()}
        if isinstance(value, list):
            return self._list(value, pointer)
        return self._text(value, pointer) if isinstance(value, str) else value

    def prose(self, text: str, pointer: str) -> str:
        """A text for people or models without what has the shape of a secret."""
        return self._text(text, pointer, prose=True)

    def _text(self, text: str, pointer: str, *, prose: bool = False) -> str:
        clean = _IN_QUERY.sub(_without_secret, _IN_ADDRESS.sub(r"\g<user>", text))
        if not prose:
            clean = REMOVED if literals.looks_random(clean) else _IN_COMMAND.sub(_without_secret, clean)
        clean = _without_shapes(clean)
        if clean != text:
            self.removed.append(pointer)
        return clean

    def _member(self, key: str, value: Any, pointer: str) -> Any:
        if isinstance(value, str) and key in _PROSE:
            return self._text(value, pointer, prose=True)
        if not isinstance(value, str) or not (is_secret_name(key) or any(literals.suspicious({key: value}))):
            return self.clean(value, pointer)
        if key in _NAMES_A_VARIABLE and _VARIABLE.match(value) and not has_shape(value):
            return value
        if not value or _REFERENCE.match(value) or self._is_resource(key, value):
            return value
        self.removed.append(pointer)
        default = _WITH_DEFAULT.match(value)
        return f"{default[1]}}}" if default else REMOVED

    def _is_resource(self, key: str, value: str) -> bool:
        """Whether a field holds the name of a Secret of Kubernetes: `apiKeySecret: kagent-openai`."""
        named = self.resources and _NAMES_A_RESOURCE.match(key) and _RESOURCE.match(value)
        return bool(named) and not has_shape(value) and not literals.looks_random(value)

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


def has_shape(text: str) -> bool:
    """Whether a token of a known shape stands in a text."""
    return next(literals.shapes(text.encode("utf-8", "surrogatepass")), None) is not None


def _without_shapes(text: str) -> str:
    """The text with every word that has the shape of a token taken out, and every private key as a whole."""
    text = _PRIVATE_KEY.sub(REMOVED, text)
    while has_shape(text):
        data = text.encode("utf-8", "surrogatepass")
        start, _ = next(literals.shapes(data))
        word = _WORD.match(data, start)
        end = word.end() if word is not None else len(data)
        text = (data[:start] + REMOVED.encode() + data[end:]).decode("utf-8", "surrogatepass")
    return text


def _without_secret(match: re.Match[str]) -> str:
    start, end = match.span("secret")
    whole = match[0]
    return f"{whole[: start - match.start()]}{REMOVED.replace(' ', '-')}{whole[end - match.start() :]}"
