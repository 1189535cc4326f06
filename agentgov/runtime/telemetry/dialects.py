"""The table of dialects: under which names instrumentations tell the same things. Of several the first one counts.

Sources: OpenTelemetry semantic conventions for generative AI 1.27 to 1.41 (`gen_ai.*`, old and new names),
OpenInference semantic conventions 0.1, Traceloop's OpenLLMetry conventions 0.4 and 0.5. docs/telemetry.md shows this
table; a test holds both together. Another reading of the same span gets another VERSION.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

VERSION = 1
Field = Literal[
    "operation", "kind", "task", "entity", "provider", "asked", "model", "input", "output", "cached", "written",
    "reasoning", "tool", "call", "response", "finish", "error", "session", "release", "rate",
    "subject", "purpose",
]  # fmt: skip
Kind = Literal["model", "tool", "agent", ""]
Dialect = Literal["otel", "otel, old", "openinference", "traceloop", "pydantic-ai", "agentgov", "any"]


@dataclass(frozen=True, slots=True)
class Name:
    """One name of something, and whose it is."""

    field: Field
    dialect: Dialect
    name: str


NAMES: tuple[Name, ...] = (
    Name("operation", "otel", "gen_ai.operation.name"),
    Name("kind", "openinference", "openinference.span.kind"),
    Name("task", "traceloop", "llm.request.type"),
    Name("entity", "traceloop", "traceloop.span.kind"),
    Name("provider", "otel", "gen_ai.provider.name"),
    Name("provider", "otel, old", "gen_ai.system"),
    Name("provider", "openinference", "llm.provider"),
    Name("provider", "openinference", "llm.system"),
    Name("asked", "otel", "gen_ai.request.model"),
    Name("asked", "traceloop", "llm.request.model"),
    Name("model", "otel", "gen_ai.response.model"),
    Name("model", "openinference", "llm.model_name"),
    Name("model", "openinference", "embedding.model_name"),
    Name("model", "traceloop", "llm.response.model"),
    Name("input", "otel", "gen_ai.usage.input_tokens"),
    Name("input", "otel, old", "gen_ai.usage.prompt_tokens"),
    Name("input", "openinference", "llm.token_count.prompt"),
    Name("input", "traceloop", "llm.usage.prompt_tokens"),
    Name("output", "otel", "gen_ai.usage.output_tokens"),
    Name("output", "otel, old", "gen_ai.usage.completion_tokens"),
    Name("output", "openinference", "llm.token_count.completion"),
    Name("output", "traceloop", "llm.usage.completion_tokens"),
    Name("cached", "otel", "gen_ai.usage.cache_read.input_tokens"),
    Name("cached", "otel, old", "gen_ai.usage.cache_read_input_tokens"),
    Name("cached", "pydantic-ai", "gen_ai.usage.details.cache_read_tokens"),
    Name("cached", "openinference", "llm.token_count.prompt_details.cache_read"),
    Name("cached", "traceloop", "llm.usage.cache_read_input_tokens"),
    Name("written", "otel", "gen_ai.usage.cache_creation.input_tokens"),
    Name("written", "otel, old", "gen_ai.usage.cache_creation_input_tokens"),
    Name("written", "openinference", "llm.token_count.prompt_details.cache_write"),
    Name("reasoning", "otel", "gen_ai.usage.reasoning.output_tokens"),
    Name("reasoning", "openinference", "llm.token_count.completion_details.reasoning"),
    Name("reasoning", "traceloop", "gen_ai.usage.reasoning_tokens"),
    Name("reasoning", "traceloop", "llm.usage.reasoning_tokens"),
    Name("reasoning", "pydantic-ai", "gen_ai.usage.details.reasoning_tokens"),
    Name("tool", "otel", "gen_ai.tool.name"),
    Name("tool", "openinference", "tool.name"),
    Name("tool", "traceloop", "traceloop.entity.name"),
    Name("call", "otel", "gen_ai.tool.call.id"),
    Name("call", "openinference", "tool_call.id"),
    Name("response", "otel", "gen_ai.response.id"),
    Name("response", "traceloop", "llm.response.id"),
    Name("finish", "otel", "gen_ai.response.finish_reasons"),
    Name("finish", "openinference", "llm.finish_reason"),
    Name("finish", "traceloop", "llm.response.finish_reason"),
    Name("error", "otel", "error.type"),
    Name("session", "otel", "gen_ai.conversation.id"),
    Name("session", "openinference", "session.id"),
    Name("session", "traceloop", "traceloop.association.properties.session_id"),
    Name("release", "agentgov", "agentgov.release"),
    Name("release", "traceloop", "traceloop.association.properties.agentgov.release"),
    Name("subject", "agentgov", "agentgov.subject"),
    Name("purpose", "agentgov", "agentgov.purpose"),
    Name("rate", "any", "sampling.probability"),
)

# What a span is, by the first of `kind`, `operation`, `task` and `entity` that says something. Usage stands on spans of
# models alone: agents and chains repeat the sum of what is below them.
KINDS: Mapping[Field, Mapping[str, Kind]] = {
    "kind": {"LLM": "model", "EMBEDDING": "model", "TOOL": "tool", "AGENT": "agent", "CHAIN": ""},
    "operation": {
        "chat": "model",
        "text_completion": "model",
        "generate_content": "model",
        "embeddings": "model",
        "execute_tool": "tool",
        "invoke_agent": "agent",
        "invoke_workflow": "agent",
    },
    "task": {"chat": "model", "completion": "model", "embedding": "model", "embeddings": "model"},
    "entity": {"tool": "tool", "agent": "agent", "workflow": "agent", "task": ""},
}

# Providers as price lists name them.
PROVIDERS: Mapping[str, str] = {
    "az.ai.inference": "azure",
    "az.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "aws.bedrock": "bedrock",
    "aws_bedrock": "bedrock",
    "amazon": "bedrock",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": "google",
    "gemini": "google",
    "vertex_ai": "google",
    "vertexai": "google",
    "mistral_ai": "mistral",
    "mistralai": "mistral",
    "x_ai": "xai",
}

# Attributes that hold what was said, by the beginning of their names. Never kept as they are unless the agent's
# `audit.payloads` is `full`.
CONTENTS: tuple[str, ...] = (
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.prompt",
    "gen_ai.completion",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
    "gen_ai.task.input",
    "gen_ai.task.output",
    "input.value",
    "output.value",
    "llm.input_messages.",
    "llm.output_messages.",
    "llm.prompts",
    "llm.completions",
    "embedding.embeddings.",
    "retrieval.documents.",
    "tool_arguments",
    "tool_response",
    "traceloop.entity.input",
    "traceloop.entity.output",
)

# Those of them that are the arguments of a tool on its span, whose dialect comes first counts. Heard, never kept.
ARGUMENTS: tuple[str, ...] = ("gen_ai.tool.call.arguments", "tool_arguments", "input.value", "traceloop.entity.input")

FIELDS: Mapping[str, tuple[Field, int]] = {one.name: (one.field, rank) for rank, one in enumerate(NAMES)}


def is_content(name: str) -> bool:
    """Whether an attribute holds what was said."""
    return name.startswith(CONTENTS)


def provider_of(said: str) -> str:
    """A provider by the name that price lists have for it."""
    plain = said.strip().lower()
    return PROVIDERS.get(plain, plain)
