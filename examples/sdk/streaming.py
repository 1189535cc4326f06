"""A stream of an OpenAI-compatible API: money is set aside before it begins, and what it really used is booked when it
ends. Stopped in the middle, nobody knows what it cost, and all that was set aside counts. The model here is a fake one;
set OPENAI_BASE_URL and OPENAI_API_KEY for a real."""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator

import agentgov
from agentgov import sdk
from fake_model import serve


class NotSentError(Exception):
    """No connection came about, so that the model saw nothing."""


def events(base: str, body: dict) -> Iterator[dict]:
    """What the API streams."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {os.environ.get('OPENAI_API_KEY', '')}"}
    request = urllib.request.Request(f"{base}/chat/completions", json.dumps(body).encode(), headers)
    try:
        answer = urllib.request.urlopen(request, timeout=60)
    except urllib.error.URLError as error:
        if isinstance(error.reason, ConnectionRefusedError):
            raise NotSentError(str(error)) from error
        raise
    with answer:
        for line in answer:
            name, _, data = line.decode().strip().partition(": ")
            if name == "data" and data != "[DONE]":
                yield json.loads(data)


def main() -> int:
    base = os.environ.get("OPENAI_BASE_URL") or serve()
    with agentgov.agent("support/refund-assistant") as agent:
        messages = [
            {"role": "system", "content": agent.prompt(customer_name="Ada Lovelace")},
            {"role": "user", "content": "A poem about refunds, please."},
        ]
        body = {"model": agent.model, "messages": messages, "stream": True, "stream_options": {"include_usage": True}}
        body["max_tokens"] = most = agent.params["max_output_tokens"]
        letters = len(json.dumps(messages))  # no text has more tokens than letters
        with agent.spend(input_tokens=letters, max_output_tokens=most, unsent=(NotSentError,)) as money:
            for event in events(base, body):
                agent.check()  # paused or expired: the stream ends here
                for choice in event["choices"]:
                    print(choice["delta"].get("content", ""), end="")
                if usage := event.get("usage"):
                    money.used(input_tokens=usage["prompt_tokens"], output_tokens=usage["completion_tokens"])
        print(f"\nset aside {money.amount / 1e9:.6f} {money.currency}, and what it used is booked")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except sdk.AgentgovError as error:
        print(error.in_one_line, file=sys.stderr)
        sys.exit(1)
