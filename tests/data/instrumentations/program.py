"""One small agent, under the instrumentation that is named: it looks an order up, and answers.

    python program.py openinference-openai http://127.0.0.1:PORT/v1

Traces go where OTEL_EXPORTER_OTLP_ENDPOINT says, with OTEL_EXPORTER_OTLP_HEADERS, as every program of OpenTelemetry
sends them. Runs in an environment of its own (requirements.txt), never in that of the tests.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

MODEL = "gpt-4o-mini"
QUESTION = "Where is order A-1?"
TOOL = {
    "type": "function",
    "function": {
        "name": "lookup",
        "description": "Where an order is.",
        "parameters": {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]},
    },
}


def lookup(order: str) -> str:
    """Where an order is."""
    return f"{order} left the warehouse."


def by_openai(url: str) -> None:
    """The bare client: the loop and the tool are the program's own."""
    from openai import OpenAI

    client = OpenAI(api_key="none", base_url=url)
    messages: list[Any] = [{"role": "user", "content": QUESTION}]
    first = client.chat.completions.create(model=MODEL, messages=messages, tools=[TOOL]).choices[0].message
    for call in first.tool_calls or ():
        found = lookup(**json.loads(call.function.arguments))
        messages += [first, {"role": "tool", "tool_call_id": call.id, "content": found}]
    client.chat.completions.create(model=MODEL, messages=messages, tools=[TOOL])
    client.embeddings.create(model="text-embedding-3-small", input="order A-1")


def by_langchain(url: str) -> None:
    """An agent of LangChain."""
    from langchain.agents import create_agent
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI

    agent = create_agent(ChatOpenAI(model=MODEL, api_key="none", base_url=url), [tool(lookup)])
    agent.invoke({"messages": [{"role": "user", "content": QUESTION}]})


def by_pydantic_ai(url: str) -> None:
    """An agent of Pydantic AI, which needs no other instrumentation."""
    from pydantic_ai import Agent
    from pydantic_ai.capabilities import Instrumentation
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    model = OpenAIChatModel(MODEL, provider=OpenAIProvider(base_url=url, api_key="none"))
    Agent(model, name="orders", tools=[lookup], capabilities=[Instrumentation()]).run_sync(QUESTION)


def by_openai_agents(url: str) -> None:
    """An agent of OpenAI's Agents SDK."""
    from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool
    from openai import AsyncOpenAI

    model = OpenAIChatCompletionsModel(MODEL, AsyncOpenAI(api_key="none", base_url=url))
    Runner.run_sync(Agent(name="orders", model=model, tools=[function_tool(lookup)]), QUESTION)


def _nothing() -> None:
    return None


def _openinference_openai() -> None:
    from openinference.instrumentation.openai import OpenAIInstrumentor

    OpenAIInstrumentor().instrument()


def _openinference_langchain() -> None:
    from openinference.instrumentation.langchain import LangChainInstrumentor

    LangChainInstrumentor().instrument()


def _openinference_both() -> None:
    _openinference_langchain()
    _openinference_openai()


def _traceloop_openai() -> None:
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor

    OpenAIInstrumentor().instrument()


def _traceloop_langchain() -> None:
    from opentelemetry.instrumentation.langchain import LangchainInstrumentor

    LangchainInstrumentor().instrument()


def _openai_agents() -> None:
    from openinference.instrumentation.openai_agents import OpenAIAgentsInstrumentor

    OpenAIAgentsInstrumentor().instrument()


PROGRAMS: dict[str, tuple[Callable[[], None], Callable[[str], None]]] = {
    "openinference-openai": (_openinference_openai, by_openai),
    "openinference-langchain": (_openinference_langchain, by_langchain),
    "openinference-both": (_openinference_both, by_langchain),
    "traceloop-openai": (_traceloop_openai, by_openai),
    "traceloop-langchain": (_traceloop_langchain, by_langchain),
    "pydantic-ai": (_nothing, by_pydantic_ai),
    "openai-agents": (_openai_agents, by_openai_agents),
}


def main(name: str, url: str) -> None:
    """Run one program, and send what it told."""
    from opentelemetry import trace

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    instrument, run = PROGRAMS[name]
    instrument()
    run(url)
    provider.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
