"""What each step does to an incident, and when it is legal there, whoever signed it.

Pure, total and strict, like `transitions`: every verifier replays the journal through `apply_to_incident`.

    open -acknowledge-> acknowledged -mitigate-> mitigated -resolve-> resolved -close-> closed
    open, acknowledged, mitigated -cancel-> cancelled

- States only go forward. A later step stands for those before it: who mitigates has acknowledged.
- Whoever opens leads; of an incident that nobody leads, whoever first acknowledges or contains it, or ends it.
- `assign` names whom the role is taken from, so that two who hand over at once hand over once.
- An incident closes when its review stands authorised; the mildest and those of drills need none.
- A gate's bot opens (one per agent while one stands), adds alerts, calls the next of the chain, tells people, and says
  that an agent is contained. Asked by somebody who is logged in (`For`) it also acknowledges, notes, hands roles over,
  and says that it is worse than it looked, or over: what is paused stays paused, and the review is owed. Who says that
  it was none, is milder, or is closed lets go of what is owed, and signs with a key of their own.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from msgspec.structs import replace

from agentgov.model.act import Act
from agentgov.model.incident import LEAD, NOBODY, STANDING, Incident, IncidentState, Mark, incident_id
from agentgov.model.names import agent_id, is_label
from agentgov.model.transition_case import Refusal

MOST_AGENTS, MOST_ALERTS, MOST_SENT = 64, 256, 256
_COMMON = frozenset({"Incident", "Step", "For", "Agent"})
# What each step says beside these: (has to, may).
STEPS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = MappingProxyType(
    {
        "open": (
            frozenset({"Kind", "Title", "Severity"}),
            frozenset({"Alert", "Playbook", "Drill", "Mode", "Until"}),
        ),
        "acknowledge": (frozenset(), frozenset()),
        "assign": (frozenset({"Role", "Who", "Leaves"}), frozenset()),
        "note": (frozenset(), frozenset()),
        "severity": (frozenset({"Severity"}), frozenset()),
        "alert": (frozenset({"Alert"}), frozenset()),
        "mitigate": (frozenset(), frozenset({"Mode", "Until"})),
        "resolve": (frozenset(), frozenset()),
        "close": (frozenset(), frozenset()),
        "cancel": (frozenset(), frozenset()),
        "message": (frozenset({"To"}), frozenset({"Comms"})),
        "escalate": (frozenset({"Level", "To"}), frozenset()),
    }
)
OF_BOTS = frozenset({"open", "alert", "mitigate", "message", "escalate"})
OF_BOTS_ASKED = OF_BOTS | {"acknowledge", "assign", "note", "severity", "resolve"}  # when somebody logged in asks
_REASONED = frozenset({"note", "cancel", "message"})  # steps that say something in words
_GOING: tuple[IncidentState, ...] = (*STANDING, "resolved")
_FROM: Mapping[str, tuple[IncidentState, ...]] = MappingProxyType(
    {
        "acknowledge": ("open",),
        "assign": _GOING,
        "severity": _GOING,
        "alert": STANDING,
        "mitigate": ("open", "acknowledged"),
        "resolve": STANDING,
        "close": ("resolved",),
        "cancel": STANDING,
        "message": _GOING,
        "escalate": ("open",),
    }
)
_FINGERPRINT = re.compile(r"[0-9a-f]{32}\Z")
_PLAYBOOK = re.compile(r"playbooks/[a-z0-9][a-z0-9/-]{0,200}\.yaml\Z")
_WHO = re.compile(r"(?:(?:team|role):)?[a-z0-9][a-z0-9._-]{0,63}\Z")
_KEY = re.compile(r"[a-z0-9][a-z0-9:._-]{0,127}\Z")


@dataclass(frozen=True, slots=True)
class StepSetting:
    """Where a step lands. `standing` is the id of a real incident, or of a drill's for a drill's, that stands already
    for one of the agents; `reviewed` whether the review of this one stands authorised."""

    time: int
    seq: int
    is_person: Callable[[str], bool]
    reviewed: bool = False
    standing: str = ""


def apply_to_incident(act: Act, at: Incident | None, setting: StepSetting) -> Incident | Refusal:
    """The incident after a step; `at` is None where the journal has none of that id."""
    step = act.get("Step")
    refusal = _words(act, step) or _of_bot(act, step, setting)
    if refusal is not None:
        return refusal
    if step == "open":
        return _opened(act, at, setting)
    if at is None:
        return Refusal("incident.unknown", f"the journal has no incident {act.get('Incident')}")
    if act.all("Agent") != at.agents:
        return Refusal("incident.agents", f"the act names other agents than {at.id} is about")
    if at.state not in _FROM.get(step, (at.state,)):
        return Refusal("incident.state", f"{at.id} is {at.state}: it cannot be followed by {step!r}")
    mark = Mark(by=_by(act), act=act.id, seq=setting.seq, time=setting.time)
    return _EFFECTS[step](act, at, mark, setting)


def _words(act: Act, step: str) -> Refusal | None:
    if step not in STEPS:
        return Refusal("incident.words", f"there is no step {step!r} of an incident")
    has, may = STEPS[step]
    names = {name for name, _ in act.fields}
    if not _COMMON - {"For"} <= names or not has <= names or names - _COMMON - has - may:
        return Refusal("incident.words", f"the act does not say what a step {step} has to say, or says more")
    if not _fit(act):
        return Refusal("incident.words", f"the act says something of {act.get('Incident')} that has no such spelling")
    if step in _REASONED and not act.reason:
        return Refusal("incident.reason", f"a step {step} says something in words, and this one does not")
    return None


def _fit(act: Act) -> bool:
    """Whether every value is spelled as such values are."""
    agents, alerts = act.all("Agent"), act.all("Alert")
    return all(
        (
            list(agents) == sorted(set(agents)) and len(agents) <= MOST_AGENTS and all(map(agent_id, agents)),
            list(alerts) == sorted(set(alerts)) and len(alerts) <= MOST_ALERTS and all(map(_FINGERPRINT.match, alerts)),
            act.get("Kind") in ("", "real", "drill") and (act.get("Kind") == "drill" or not act.get("Drill")),
            act.get("Severity") in ("", "1", "2", "3", "4"),
            not act.get("Playbook") or _PLAYBOOK.match(act.get("Playbook")),
            not act.get("Drill") or is_label(act.get("Drill")),
            not act.get("Role") or is_label(act.get("Role")),
            all(map(_WHO.match, act.all("To"))),
            not act.get("Comms") or _KEY.match(act.get("Comms")),
            act.get("Mode") in ("", "stop", "read-only") and (bool(act.get("Mode")) or not act.get("Until")),
            len(act.get("Title")) <= 200,
        )
    )


def _of_bot(act: Act, step: str, setting: StepSetting) -> Refusal | None:
    asked = act.get("For")
    if act.is_personal:
        return Refusal("incident.words", "a person speaks for nobody else") if asked else None
    if step not in (OF_BOTS_ASKED if asked else OF_BOTS):
        return Refusal("incident.bot", f"a bot does not {step} an incident")
    if asked and not setting.is_person(asked):
        return Refusal("incident.who", f"nobody in Access is called {asked}")
    if not asked and step == "open" and setting.standing:
        return Refusal("incident.standing", f"{setting.standing} stands already for one of these agents")
    return None


def _by(act: Act) -> str:
    return act.get("For") or act.actor_id


def _opened(act: Act, at: Incident | None, setting: StepSetting) -> Incident | Refusal:
    if at is not None or act.get("Incident") != incident_id(act.id):
        return Refusal("incident.id", f"{act.get('Incident')} is taken, or is not the id that this act gives")
    by = _by(act)
    leads = act.is_personal or bool(act.get("For"))
    return Incident(
        id=act.get("Incident"),
        title=act.get("Title"),
        kind="drill" if act.get("Kind") == "drill" else "real",
        state="open",
        severity=int(act.get("Severity")),
        agents=act.all("Agent"),
        opened=Mark(by=by, act=act.id, seq=setting.seq, time=setting.time),
        roles={LEAD: by} if leads else {},
        alerts=act.all("Alert"),
        playbook=act.get("Playbook"),
        drill=act.get("Drill"),
    )


def _acknowledge(act: Act, at: Incident, mark: Mark, _setting: StepSetting) -> Incident:
    return replace(at, state="acknowledged", acknowledged=mark, roles=_led(act, at))


def _assign(act: Act, at: Incident, _mark: Mark, setting: StepSetting) -> Incident | Refusal:
    role, who = act.get("Role"), act.get("Who")
    if act.get("Leaves") != at.roles.get(role, NOBODY):
        return Refusal("incident.leaves", f"{role} of {at.id} is {at.roles.get(role, 'nobody')} by now")
    if not setting.is_person(who):
        return Refusal("incident.who", f"nobody in Access is called {who}")
    return replace(at, roles=dict(sorted({**at.roles, role: who}.items())))


def _note(_act: Act, at: Incident, _mark: Mark, _setting: StepSetting) -> Incident:
    return at


def _severity(act: Act, at: Incident, _mark: Mark, _setting: StepSetting) -> Incident | Refusal:
    level = int(act.get("Severity"))
    if level > at.severity and not act.is_personal:
        return Refusal("incident.bot", "a bot makes no incident milder: that takes a person's own signature")
    return replace(at, severity=level)


def _alert(act: Act, at: Incident, _mark: Mark, _setting: StepSetting) -> Incident | Refusal:
    alerts = tuple(sorted({*at.alerts, *act.all("Alert")}))
    if len(alerts) > MOST_ALERTS:
        return Refusal("incident.full", f"{at.id} has {MOST_ALERTS} alerts, and that is the most")
    return replace(at, alerts=alerts)


def _mitigate(act: Act, at: Incident, mark: Mark, _setting: StepSetting) -> Incident:
    known = at.acknowledged or mark
    return replace(at, state="mitigated", acknowledged=known, mitigated=mark, roles=_led(act, at))


def _resolve(act: Act, at: Incident, mark: Mark, _setting: StepSetting) -> Incident:
    known, contained = at.acknowledged or mark, at.mitigated or mark
    roles = _led(act, at)
    return replace(at, state="resolved", acknowledged=known, mitigated=contained, resolved=mark, roles=roles)


def _led(act: Act, at: Incident) -> Mapping[str, str]:
    """The roles, with the person who takes the step as the lead where nobody leads."""
    takes = not at.lead and (act.is_personal or bool(act.get("For")))
    return {**at.roles, LEAD: _by(act)} if takes else at.roles


def _close(_act: Act, at: Incident, mark: Mark, setting: StepSetting) -> Incident | Refusal:
    if at.needs_review and not setting.reviewed:
        how = f"write it: agentgov incident review {at.id}"
        return Refusal("incident.review", f"the review of {at.id} is not on main, with its approvals, yet; {how}")
    return replace(at, state="closed", ended=mark)


def _cancel(_act: Act, at: Incident, mark: Mark, _setting: StepSetting) -> Incident:
    return replace(at, state="cancelled", ended=mark)


def _message(act: Act, at: Incident, _mark: Mark, _setting: StepSetting) -> Incident | Refusal:
    key = act.get("Comms")
    if key in at.sent:
        return Refusal("incident.sent", f"the message {key} of {at.id} is sent already")
    if len(at.sent) >= MOST_SENT:
        return Refusal("incident.full", f"{at.id} has {MOST_SENT} messages that were due, and that is the most")
    return replace(at, sent=(*at.sent, key)) if key else at


def _escalate(act: Act, at: Incident, _mark: Mark, _setting: StepSetting) -> Incident | Refusal:
    if act.get("Level") != str(at.escalated + 1):
        return Refusal("incident.level", f"the next to be called for {at.id} is number {at.escalated + 1} of its chain")
    return replace(at, escalated=at.escalated + 1)


_EFFECTS: Mapping[str, Callable[[Act, Incident, Mark, StepSetting], Incident | Refusal]] = MappingProxyType(
    {
        "acknowledge": _acknowledge,
        "assign": _assign,
        "note": _note,
        "severity": _severity,
        "alert": _alert,
        "mitigate": _mitigate,
        "resolve": _resolve,
        "close": _close,
        "cancel": _cancel,
        "message": _message,
        "escalate": _escalate,
    }
)
