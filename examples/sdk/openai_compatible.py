"""The loop of an agent around any OpenAI-compatible API: prompt, model, parameters and tools come from the lease, no
call is made without money for it, and no tool is used without a permission. The model here is a fake one; set
OPENAI_BASE_URL and OPENAI_API_KEY for a real."""

import json
import os
import sys
import urllib.request

import agentgov
from agentgov import sdk
from fake_model import serve


def complete(agent: agentgov.sdk.Agent, base: str, body: dict) -> dict:
    """One call of the model, once money is set aside for the most that it can cost."""
    most = len(json.dumps(body))  # no text has more tokens than letters
    with agent.spend(input_tokens=most, max_output_tokens=body["max_tokens"]) as money:
        answer = post(base, body)
        usage = answer["usage"]
        money.used(input_tokens=usage["prompt_tokens"], output_tokens=usage["completion_tokens"])
        return answer["choices"][0]["message"]


def post(base: str, body: dict) -> dict:
    """The answer of the API."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {os.environ.get('OPENAI_API_KEY', '')}"}
    request = urllib.request.Request(f"{base}/chat/completions", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def use(agent: agentgov.sdk.Agent, name: str, args: dict, key: str) -> str:
    """Use a tool if that is permitted; what the model is told of it."""
    try:
        with agent.act(name, args, key=key) as action:
            return f"{name} done with {json.dumps(dict(action.args))}"
    except sdk.Denied as denied:
        return f"not permitted: {denied}"


def main() -> int:
    base = os.environ.get("OPENAI_BASE_URL") or serve()
    with agentgov.agent("support/refund-assistant") as agent:
        names = {tool.name.replace(".", "_"): tool.name for tool in agent.tools}
        tools = [{"type": "function", "function": {"name": one, "parameters": {"type": "object"}}} for one in names]
        messages = [
            {"role": "system", "content": agent.prompt(customer_name="Ada Lovelace")},
            {"role": "user", "content": "My kettle came broken, order AC-12345678."},
        ]
        params = {"max_tokens": agent.params["max_output_tokens"]}
        for _ in range(8):
            agent.check()  # paused or expired: the loop ends here, whatever the model wants
            message = complete(agent, base, {"model": agent.model, "messages": messages, "tools": tools, **params})
            messages.append(message)
            if not message.get("tool_calls"):
                print(message["content"])
                return 0
            for call in message["tool_calls"]:
                wanted = call["function"]
                told = use(agent, names[wanted["name"]], json.loads(wanted["arguments"]), key=f"run-1-{call['id']}")
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": told})
    return 1


if __name__ == "__main__":
    sys.exit(main())
