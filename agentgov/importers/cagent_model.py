"""Models of a cagent file to `spec.model`: inline `provider/model`, named entries, alloys, `auto`.

Parameters are carried over where both formats mean the same by them; whatever else a model says stays in `runtime`.
A model that only runs inside a tool or a router is told as a line to settle: `spec.model` has no word for it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agentgov.importers import unknown
from agentgov.importers.model import MODEL_NAME, MOST_TOKENS, RANGES, ModelChoice, elsewhere
from agentgov.importers.unknown import Line
from agentgov.importers.values import dicts, section, texts

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\Z")
_EFFORTS = ("none", "minimal", "low", "medium", "high", "max")
_AUTO = "auto"


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a reference stands for: `provider/model`, None where it cannot be told, and how it is configured."""

    name: str | None
    config: Mapping[str, Any]
    provider: Mapping[str, Any]


def choose_model(agent: Mapping[str, Any], document: Mapping[str, Any]) -> ModelChoice:
    """The model of one agent of a cagent file, with its parameters and fallbacks."""
    references = _references(agent.get("model"))
    if not references:
        choice = ModelChoice(unknown.model("the source names none; provider/model"))
    elif references == [_AUTO] and _AUTO not in section(document, "models"):
        choice = ModelChoice(unknown.model("cagent picks one by itself (auto); say which, provider/model"))
    else:
        entry = _resolve(references[0], document)
        words = f"the source says {references[0]!r}, which is not provider/model"
        choice = ModelChoice(entry.name or unknown.model(words))
        _take_parameters(choice, entry.config)
        _take_service(choice, entry)
    _take_fallback(choice, agent, references, document)
    others = sorted(set(_others(agent, references, document)))
    if others:
        words = f"it also calls {', '.join(others)}; put each into fallback or take it out of runtime"
        choice.lines.append(Line(f"model: {words}"))
    return choice


def _references(model: Any) -> list[str]:
    """An alloy is several models, separated by commas."""
    return texts(model.split(",") if isinstance(model, str) else model)


def _resolve(reference: str, document: Mapping[str, Any]) -> _Entry:
    models = section(document, "models")
    config = section(models, reference)
    name = f"{config.get('provider', '')}/{config.get('model', '')}" if reference in models else reference
    provider = section(section(document, "providers"), name.partition("/")[0])
    return _Entry(name if MODEL_NAME.match(name) else None, config, provider)


def _take_parameters(choice: ModelChoice, config: Mapping[str, Any]) -> None:
    for key, (low, high) in RANGES.items():
        value = config.get(key)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high:
            choice.params[key] = value
        elif value is not None:
            choice.lines.append(Line(f"model.params: {key} is not between {low} and {high} and stays in runtime"))
    # For Docker Model Runner the same field sets the size of the context (cagent's documentation of the provider).
    limit = _whole(config.get("max_tokens"))
    if limit is not None and 0 < limit <= MOST_TOKENS and config.get("provider") != "dmr":
        choice.params["max_output_tokens"] = limit
    thinking = config.get("thinking_budget")
    tokens = _whole(thinking)
    if isinstance(thinking, str) and thinking in _EFFORTS:
        choice.params["reasoning_effort"] = thinking
    elif tokens is not None and tokens >= 0:
        choice.params["reasoning_tokens"] = tokens
    elif thinking is not None:
        choice.lines.append(Line("model.params: thinking_budget has no equal here and stays in runtime"))


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _take_service(choice: ModelChoice, entry: _Entry) -> None:
    """Where a model is served, and the variable with the key for it."""
    if "base_url" in entry.config or "base_url" in entry.provider:
        choice.lines.append(elsewhere("base_url"))
    for config in (entry.config, entry.provider):
        if isinstance(key := config.get("token_key"), str) and _VARIABLE.match(key) and key not in choice.variables:
            choice.variables.append(key)


def _take_fallback(
    choice: ModelChoice, agent: Mapping[str, Any], references: list[str], document: Mapping[str, Any]
) -> None:
    if len(references) > 1:
        words = "cagent alternates between these models at random, agentgov tries them in this order"
        choice.lines.append(Line(f"model.fallback: {words}"))
    for reference in [*references[1:], *texts(section(agent, "fallback").get("models"))]:
        entry = _resolve(reference, document)
        if entry.name is None:
            choice.lines.append(Line(f"model.fallback: the source says {reference!r}, which is not provider/model"))
            continue
        if entry.name != choice.primary and entry.name not in choice.fallback:
            choice.fallback.append(entry.name)
        _take_service(choice, entry)


def _others(agent: Mapping[str, Any], references: list[str], document: Mapping[str, Any]) -> Iterator[str]:
    """Models that the agent calls besides its own, each with the place that names it."""
    for where, reference in _mentions(agent, references, document):
        if isinstance(reference, str) and reference:
            yield f"{_resolve(reference, document).name or reference} ({where})"


def _mentions(
    agent: Mapping[str, Any], references: list[str], document: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    for reference in references:
        for rule in dicts(_resolve(reference, document).config.get("routing")):
            yield "routing", rule.get("model")
    for toolset in dicts(agent.get("toolsets")):
        yield f"toolset {toolset.get('type')}", toolset.get("model")
        yield from (("model_picker", reference) for reference in texts(toolset.get("models")))
    for source in texts(agent.get("rag")):
        config = section(section(document, "rag"), source)
        for strategy in dicts(config.get("strategies")):
            yield f"rag {source}", strategy.get("embedding_model")
            yield f"rag {source}", strategy.get("chat_model")
        yield f"rag {source}", section(section(config, "results"), "reranking").get("model")
