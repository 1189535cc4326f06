"""Answers of verifiers as the documents of `verify` and `journal verify` carry them."""

from typing import Any

from agentgov.cli.context import journal_json
from agentgov.journal.verdicts import Answer
from agentgov.journal.view import View


def where_of(found: Answer) -> dict[str, Any]:
    """Where the first offence stands: what is known of its commit, path, rule and act; empty where there is none."""
    if found.first is None:
        return {}
    where = found.first.where
    known = {"commit": where.commit, "path": where.path, "rule": where.rule or found.code, "seq": where.seq}
    return {name: value for name, value in known.items() if value not in ("", None)}


def reasons_of(found: Answer) -> list[dict[str, str]]:
    """Every reason with its stable id."""
    return [{"rule": point.reason.rule, "message": point.reason.message} for point in found.points]


def journal_of(view: View, now: int) -> dict[str, Any]:
    """Of which journal an answer speaks, how old its last word is in seconds, and whether that is too old."""
    age = max(now - view.state.head.time, 0)
    return {**journal_json(view), "age": age, "stale": view.is_stale(now)}
