"""A semantic diff as JSON, `agentgov.diff/1`: additive only, as schemas/output/diff.schema.json says."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from agentgov.diff.change import FieldChange
from agentgov.diff.compare import AgentDiff
from agentgov.diff.effects import Effect
from agentgov.diff.words import WordEdit
from agentgov.report import findings as findings_report
from agentgov.report.diff import TEXTS, Answer, Side, exact_edits
from agentgov.review.needs import Need


def document(answer: Answer) -> dict[str, Any]:
    """The diff as JSON."""
    return {
        "schema": "agentgov.diff/1",
        "base": _side(answer.base),
        "head": _side(answer.head),
        "agents": [_agent(answer, diff) for diff in answer.agents],
        "sharing": [{"path": more.path, "agents": list(map(str, more.agents))} for more in answer.sharing],
        "governance": [_change(change) for change in answer.governance],
        "practice": [_change(change) for change in answer.practice],
        "problems": [findings_report.document(found) for found in answer.problems],
    }


def _agent(answer: Answer, diff: AgentDiff) -> dict[str, Any]:
    return {
        "agent": str(diff.agent_id),
        "status": diff.status,
        "class": diff.klass,
        "risk": diff.risk,
        "summary": answer.summary(diff),
        "needs": _needs(answer.needs.get(diff.agent_id, ())) if answer.needs is not None else None,
        "effects": [_effect(effect) for effect in diff.effects],
        "changes": [_change(change) for change in diff.changes],
    }


def _needs(needs: Sequence[Need]) -> list[dict[str, Any]]:
    return [
        {
            "who": list(need.who),
            "approvals": need.count,
            "each": need.each,
            "rule": need.rule,
            "paths": list(need.paths),
        }
        for need in needs
    ]


def _effect(effect: Effect) -> dict[str, Any]:
    values = {
        value.environment: {
            "before": _plain(value.before),
            "after": _plain(value.after),
            "overridden": value.overridden,
        }
        for value in effect.values
    }
    return {"name": effect.name, "environments": values}


def _side(side: Side) -> dict[str, Any]:
    return {"rev": side.rev, "commit": side.commit, "name": side.name}


def _change(change: FieldChange) -> dict[str, Any]:
    found: dict[str, Any] = {
        "field": change.field,
        "class": change.klass,
        "summary": change.sentence,
        "path": change.path,
        "pointer": change.pointer,
        "also": list(change.also),
        "before": _plain(change.before),
        "after": _plain(change.after),
        "environments": list(change.environments),
    }
    if change.field in TEXTS:
        found["words"] = [_edit(edit) for edit in exact_edits(change)]
    return found


def _plain(value: Any) -> Any:
    """A value that JSON can hold: it has no word for infinity. Depth is what the YAML reader lets through."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _edit(edit: WordEdit) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": edit.kind, "text": edit.text}
    return {**found, "moved": True} if edit.moved else found
