"""What the drill agent tells in a live drill: a week in which all was well, then what goes wrong. Pure.

OTLP's JSON, events and calls, as an agent's own SDK would send them. Times are those of the gate.
"""

import secrets
from collections.abc import Iterator, Sequence
from typing import Any

from agentgov.model.names import AgentId
from agentgov.model.playbook import Fault

FAILING, LOOPING = 12, 40  # runs; fewer than would be a loop, and more
CALLS = 30  # that are refused
_EVERY = 1_800_000  # milliseconds between two runs of a normal week
_WEEK = 7 * 86_400_000
_SILENT = 4 * 3_600_000  # milliseconds since the last run, where silence is played
_NORMAL, _LARGE = 500, 20_000_000  # tokens of a run
_TOOL, _UNSEEN, _REFUSED = "drill.look-up", "drill.never-seen", "drill.not-granted"
_NS = 1_000_000


def normal(agent: AgentId, model: str, fault: Fault, began: int) -> dict[str, Any]:
    """A week of runs before the drill."""
    last = began - (_SILENT if fault == "silence" else _EVERY)
    spans: list[dict[str, Any]] = []
    for number, ended in enumerate(range(last, began - _WEEK + 3 * _EVERY, -_EVERY)):
        spans += _run(agent, model, f"normal-{number}", ended, _TOOL, tokens=_NORMAL + number % 7 * 10)
    return _request(spans)


def failing(agent: AgentId, model: str, fault: Fault, began: int, name: str) -> dict[str, Any]:
    """Runs that go wrong, now; none where nothing is to be heard."""
    spans: list[dict[str, Any]] = []
    for number in sessions(fault, name):
        tool = _UNSEEN if fault == "unseen-tool" else _TOOL
        tokens = {"cost": _LARGE, "loop": 1}.get(fault, _NORMAL)
        spans += _run(agent, model, number, began, tool, tokens=tokens, failed=fault in ("", "errors"))
    return _request(spans)


def sessions(fault: Fault, name: str) -> Sequence[str]:
    """What the runs that go wrong are called; `name` is never one of another drill."""
    runs = {"silence": 0, "denials": 0, "loop": LOOPING}.get(fault, FAILING)
    return tuple(f"{name}-{number}" for number in range(runs))


def endings(sessions: Sequence[str]) -> dict[str, Any]:
    """Events that say that runs are over."""
    return {"events": [{"key": one, "name": "run.over", "session": one, "over": True} for one in sessions]}


def refused(name: str) -> Iterator[dict[str, Any]]:
    """Calls of a tool that no agent was ever given."""
    for number in range(CALLS):
        yield {"tool": _REFUSED, "args": {"number": number}, "key": f"{name}-{number}"}


def _run(
    agent: AgentId, model: str, session: str, ended: int, tool: str, *, tokens: int, failed: bool = False
) -> list[dict[str, Any]]:
    trace, root = secrets.token_hex(16), secrets.token_hex(8)
    provider, _, name = model.rpartition("/")
    whole = {"gen_ai.operation.name": "invoke_agent", "gen_ai.conversation.id": session}
    said: dict[str, str | int] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": name,
    }
    said |= {"gen_ai.usage.input_tokens": tokens, "gen_ai.usage.output_tokens": 10}
    used = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool}
    spans = [_span(trace, root, "", f"invoke_agent {agent.name}", ended, {**whole, **_error(failed)})]
    spans.append(_span(trace, secrets.token_hex(8), root, f"chat {name}", ended, said))
    spans.append(_span(trace, secrets.token_hex(8), root, f"execute_tool {tool}", ended, used))
    if failed:
        spans[0]["status"] = {"code": 2, "message": "drill"}
    return spans


def _error(failed: bool) -> dict[str, str]:
    return {"error.type": "drill"} if failed else {}


def _span(trace: str, span: str, parent: str, name: str, ended: int, said: dict[str, Any]) -> dict[str, Any]:
    attributes = [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for key, value in said.items()
    ]
    times = {"startTimeUnixNano": str((ended - 1000) * _NS), "endTimeUnixNano": str(ended * _NS)}
    made = {"traceId": trace, "spanId": span, "name": name, "kind": 1, **times, "attributes": attributes}
    return {**made, "parentSpanId": parent} if parent else made


def _request(spans: list[dict[str, Any]]) -> dict[str, Any]:
    return {"resourceSpans": [{"scopeSpans": [{"scope": {"name": "agentgov.drill"}, "spans": spans}]}]}
