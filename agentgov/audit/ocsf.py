"""Exports as events of the Open Cybersecurity Schema Framework: API Activity (class 6003), one a line.

Written for version 1.3, which most that read OCSF know; later versions read the same. `raw_data` is what the proof is
about, so that an event in somebody's data lake can still be held against a checkpoint or the journal.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from agentgov import __version__
from agentgov.audit.exported import Exported

VERSION = "1.3.0"
CATEGORY, CLASS = 6, 6003  # Application Activity, API Activity
_CREATE, _READ, _UPDATE, _DELETE, _OTHER = 1, 2, 3, 4, 99
_NAMES = {_CREATE: "Create", _READ: "Read", _UPDATE: "Update", _DELETE: "Delete"}
# What a type does to what it is about. Other types keep their own name, as OCSF has it for 99.
_ACTIVITIES: Mapping[str, int] = {
    **dict.fromkeys(("lease", "read"), _READ),
    **dict.fromkeys(("login", "token.create", "pause", "budget.reserve", "action.ask", "action.allow"), _CREATE),
    **dict.fromkeys(("review", "release-seen", "evidence", "init", "override", "hold"), _CREATE),
    **dict.fromkeys(("budget.settle", "token.rotate", "advance", "stage", "canary", "share", "graduate"), _UPDATE),
    **dict.fromkeys(("rollback", "promote", "settle", "permit.approve", "permit.deny", "permit.consume"), _UPDATE),
    **dict.fromkeys(("logout", "token.revoke", "resume", "revoke", "retire", "budget.release"), _DELETE),
}
_INFORMATIONAL, _LOW, _MEDIUM = 1, 2, 3
_SEVERITIES = {_INFORMATIONAL: "Informational", _LOW: "Low", _MEDIUM: "Medium"}
_GRAVE = frozenset({"pause", "rollback", "alarm", "override", "revoke", "fail", "waive", "ledger.renew"})
_USER, _SYSTEM = 1, 3


def ocsf_lines(found: Iterable[Exported], fleet: str) -> bytes:
    """One event a line."""
    return b"".join(msgspec.json.encode(event(one, fleet)) + b"\n" for one in found)


def event(one: Exported, fleet: str) -> dict[str, Any]:
    """One event."""
    activity, severity, refused = _ACTIVITIES.get(one.type, _OTHER), severity_of(one.type), is_refusal(one.type)
    name = _NAMES.get(activity, one.type)
    return {
        "activity_id": activity,
        "activity_name": name,
        "category_uid": CATEGORY,
        "category_name": "Application Activity",
        "class_uid": CLASS,
        "class_name": "API Activity",
        "type_uid": CLASS * 100 + activity,
        "type_name": f"API Activity: {name if activity != _OTHER else 'Other'}",
        "severity_id": severity,
        "severity": _SEVERITIES[severity],
        "status_id": 2 if refused else 1,
        "status": "Failure" if refused else "Success",
        "time": one.time,
        "metadata": _metadata(one, fleet),
        "api": {"operation": one.type, "request": {"uid": one.place}, "service": {"name": "agentgov"}},
        "actor": {"user": _user(one.actor)},
        "src_endpoint": {"name": one.actor or "agentgov"},
        "resources": list(_resources(one)),
        "raw_data": one.text,
        "unmapped": _unmapped(one),
    }


def severity_of(kind: str) -> int:
    """How grave a type is: orders that stop something, or go around a rule, before refusals, before the rest."""
    return _MEDIUM if kind in _GRAVE else _LOW if is_refusal(kind) else _INFORMATIONAL


def is_refusal(kind: str) -> bool:
    """Whether a type says that something was not done."""
    return kind.endswith((".deny", ".refuse", ".expire")) or kind in ("fail", "stall")


def _metadata(one: Exported, fleet: str) -> dict[str, Any]:
    product = {"name": "agentgov", "vendor_name": "agentgov", "version": __version__}
    return {"version": VERSION, "product": product, "uid": one.place, "log_name": one.source, "tenant_uid": fleet}


def _user(actor: str) -> dict[str, Any]:
    kind = {"type_id": _USER, "type": "User"} if actor.startswith("person:") else {"type_id": _SYSTEM, "type": "System"}
    return {"uid": actor or "agentgov", "name": actor.partition(":")[2] or actor or "agentgov", **kind}


def _resources(one: Exported) -> Iterable[dict[str, str]]:
    if one.agent:
        yield {"uid": one.agent, "name": one.agent, "type": "agent"}
    if one.release:
        yield {"uid": one.release, "type": "release"}


def _unmapped(one: Exported) -> dict[str, Any]:
    names = ("environment", "purpose", "commitment", "payload", "refs")
    return {"hash": one.hash, **{name: value for name in names if (value := getattr(one, name))}}
