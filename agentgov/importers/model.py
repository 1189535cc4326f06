"""`spec.model` in the making: what a source says of a model, as far as agent.yaml has words for it.

A name is taken over where it is provider/model; a bare name is told, because which provider answers is not in it.
Parameters are taken over within the range that agent.yaml allows, and told where they are outside.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agentgov.importers import unknown
from agentgov.importers.unknown import Line, Placeholder

MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}/[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,127}\Z")
MOST_TOKENS = 10_000_000

# The range that agent.yaml allows.
RANGES: Mapping[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
}
_WHOLE: Mapping[str, tuple[int, int]] = {
    "max_output_tokens": (1, MOST_TOKENS),
    "top_k": (0, 1_000_000),
    "seed": (-(2**53), 2**53),
}


@dataclass(slots=True)
class ModelChoice:
    """`spec.model` in the making, and the environment variables that hold its credentials."""

    primary: str | Placeholder
    params: dict[str, Any] = field(default_factory=lambda: {"max_output_tokens": unknown.MAX_OUTPUT_TOKENS})
    fallback: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    variables: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """The field as it is written."""
        out: dict[str, Any] = {"primary": self.primary}
        if self.lines:
            out["to settle"] = tuple(self.lines)
        out["params"] = self.params
        if self.fallback:
            out["fallback"] = self.fallback
        return out

    def take(self, name: str, value: Any, called: str = "") -> None:
        """Take a parameter over; `called` is its name in the source. None says nothing."""
        if value is None:
            return
        if (allowed := _allowed(name, value)) is not None:
            self.params[name] = allowed
        else:
            self.lines.append(Line(f"model.params: {called or name} is not as {name} may be here and stays in runtime"))

    def take_all(self, names: Mapping[str, str], said: Mapping[str, Any]) -> None:
        """Take the parameters of a section over; `names` has what each is called here, by its name in the source."""
        for key, value in said.items():
            if key in names:
                self.take(names[key], value, key)

    def take_fallback(self, name: Any) -> None:
        """Take a further model over, or tell it."""
        if isinstance(name, str) and MODEL_NAME.match(name):
            if name != self.primary and name not in self.fallback:
                self.fallback.append(name)
        else:
            self.lines.append(Line(f"model.fallback: {_said(name)}"))


def named(name: Any, provider: Any = None) -> ModelChoice:
    """The model that a source names, with the provider where the source says that apart."""
    if name is None or name == "":
        return ModelChoice(unknown.model("the source names none; provider/model"))
    if isinstance(name, str) and isinstance(provider, str) and provider:
        full = f"{provider.lower()}/{name}"
        if MODEL_NAME.match(full):
            return ModelChoice(full)
    if isinstance(name, str) and not provider and MODEL_NAME.match(name):
        return ModelChoice(name)
    return ModelChoice(unknown.model(_said(name)))


def elsewhere(words: str) -> Line:
    """A line about a model that a service of the source's own serves."""
    return Line(
        f"model: a service of its own answers ({words} in runtime); check that name and price are that service's"
    )


def _said(name: Any) -> str:
    return f"the source says {str(name)[:120]!r}, which is not provider/model"


def _allowed(name: str, value: Any) -> Any:
    if name == "stop":
        texts = [item for item in value if isinstance(item, str) and item] if isinstance(value, list) else []
        return texts if 0 < len(texts) <= 16 and len(texts) == len(value) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if name in RANGES:
        low, high = RANGES[name]
        return value if low <= value <= high else None
    least, most = _WHOLE[name]
    return value if isinstance(value, int) and least <= value <= most else None
