"""An agent of pydantic-ai: its instructions come from the lease, its run has money set aside, and its tools ask before
they act.

The model is pydantic-ai's own TestModel, which calls every tool once and needs no provider.
"""

import asyncio
import sys

import agentgov
from agentgov import sdk

try:
    from pydantic_ai import Agent, ModelRetry
    from pydantic_ai.models.test import TestModel
except ImportError:
    print("this takes: pip install pydantic-ai-slim", file=sys.stderr)
    sys.exit(2)


ORDER = {"order_id": "AC-12345678", "line": 1, "currency": "USD", "reason": "damaged"}


async def main() -> int:
    async with agentgov.async_agent("support/refund-assistant") as governed:
        agent = Agent(TestModel(), instructions=governed.prompt(customer_name="Ada Lovelace"))

        @agent.tool_plain
        async def create_refund(amount_minor: int) -> str:
            """Refund so many cents of the order."""
            args = {**ORDER, "amount_minor": max(amount_minor, 1), "idempotency_key": "refund-AC-12345678"}
            try:
                async with await governed.act("refund.create", args) as action:
                    return f"refunded {action.args['amount_minor']}"
            except sdk.Denied as denied:
                raise ModelRetry(f"not permitted: {denied}") from denied

        async with await governed.spend(input_tokens=2000, max_output_tokens=1000) as money:
            result = await agent.run("My kettle came broken.")
            usage = result.usage() if callable(result.usage) else result.usage
            money.used(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens)
        print(result.output)
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
