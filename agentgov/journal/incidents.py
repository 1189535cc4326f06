"""Steps of incidents, and drills that were done, as acts: what they change where they hold.

A step that says `Mode` pauses every agent of the incident in the same act, so there is no moment between. What a step
does is `model.incident_steps`'; here it meets the journal: who is in Access, what is authorised, what stands already.
"""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Literal

from agentgov.journal.outcome import Outcome
from agentgov.journal.practised import left_out
from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.model.document import Environment
from agentgov.model.incident import DrillRun, Incident, Objective, drill_path, incident_path, pause_key, review_path
from agentgov.model.incident_steps import StepSetting, apply_to_incident
from agentgov.model.names import AgentId, agent_id, is_label
from agentgov.model.state import Changes, Pause
from agentgov.model.transitions import Refusal

_UNTIL = re.compile(r"(?:0|[1-9][0-9]{0,10})\Z")
_SECONDS = re.compile(r"[1-9][0-9]{0,10}\Z")
_COUNT = re.compile(r"(?:0|[1-9][0-9]{0,3})\Z")
_OBJECTIVE = re.compile(r"([a-z0-9][a-z0-9-]{0,62}) (met|missed) (\S{1,64})\Z")
_MOST_OBJECTIVES = 64
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_TYPES: Mapping[str, Literal["tabletop", "live", "recovery"]] = MappingProxyType(
    {"tabletop": "tabletop", "live": "live", "recovery": "recovery"}
)


def judge_incident(view: View, act: Act, time: int) -> Outcome | Refusal:
    """One step of an incident: its record, and the pauses of its agents where the step pauses them."""
    if _UNTIL.match(act.get("Until") or "0") is None:
        return Refusal("pause.words", "the pause does not say until when as it must")
    at = view.state.incident(act.get("Incident"))
    setting = StepSetting(
        time=time,
        seq=view.state.head.seq + 1,
        is_person=lambda who: view.directory.person(who) is not None,
        reviewed=is_reviewed(view, act.get("Incident")),
        standing=_standing_like(view, act),
    )
    after = apply_to_incident(act, at, setting) if _may_ask(view, act) else _not_asked(act)
    if isinstance(after, Refusal):
        return after
    changes: Changes = {} if after == at else {incident_path(after.id): after}
    return Outcome({**changes, **dict(_pauses(act, setting))})


def is_reviewed(view: View, incident: str) -> bool:
    """Whether the review of an incident stands authorised."""
    entry = view.repo.entry(view.authorised, review_path(incident))
    return entry is not None and entry.is_file


def verbs_of(act: Act) -> Iterator[tuple[str, Environment | None]]:
    """The rights that a step takes on each of its agents, beside that of its row: who pauses by it may pause."""
    if act.kind == "incident" and act.get("Mode"):
        yield "pause", "production"


def standing_on(view: View, agent: AgentId, kind: str = "real") -> Incident | None:
    """The oldest incident of an agent that is to be contained; None where nothing stands."""
    found = (one for one in view.state.incidents().values() if one.is_standing and one.kind == kind)
    return min((one for one in found if str(agent) in one.agents), key=lambda one: one.opened.seq, default=None)


def judge_drill(view: View, act: Act, time: int) -> Outcome | Refusal:
    """A drill that was done: the last run of its name."""
    objectives = [_OBJECTIVE.match(text) for text in act.all("Objective")]
    known = [one for one in objectives if one is not None]
    if not _drill_words(act) or len(known) != len(objectives) or len({one[1] for one in known}) != len(known):
        return Refusal("drill.words", "the act does not say which drill, when, or how it went as it must")
    missing = left_out(view, act.get("Drill"), act.all("Agent"))
    if missing:
        return Refusal("drill.agents", f"the drill {act.get('Drill')} is about {missing[0]}, and the act leaves it out")
    incident = act.get("Incident")
    if incident:
        made = view.state.incident(incident)
        if made is None or made.kind != "drill":
            return Refusal("drill.incident", f"the journal has no incident {incident} of a drill")
    run = DrillRun(
        name=act.get("Drill"),
        type=_TYPES[act.get("Type")],
        agents=act.all("Agent"),
        by=act.actor_id,
        act=act.id,
        seq=view.state.head.seq + 1,
        time=time,
        started=int(act.get("Started")),
        ended=int(act.get("Ended")),
        score=int(act.get("Score")),
        gaps=int(act.get("Gaps")),
        objectives=tuple(Objective(id=one[1], met=one[2] == "met", observed=one[3]) for one in known),
        incident=incident,
        report=act.get("Report"),
    )
    return Outcome({drill_path(run.name): run})


def _drill_words(act: Act) -> bool:
    agents, started, ended = act.all("Agent"), act.get("Started"), act.get("Ended")
    if not (is_label(act.get("Drill")) and act.get("Type") in _TYPES and all(map(agent_id, agents))):
        return False
    if list(agents) != sorted(set(agents)) or len(act.all("Objective")) > _MOST_OBJECTIVES:
        return False
    if not (_SECONDS.match(started) and _SECONDS.match(ended) and int(started) <= int(ended)):
        return False
    if act.get("Report") and _DIGEST.match(act.get("Report")) is None:
        return False
    counts = (act.get("Score"), act.get("Gaps"))
    return all(map(_COUNT.match, counts)) and int(act.get("Score")) <= 100


def _standing_like(view: View, act: Act) -> str:
    """The id of an incident of the same kind that stands for one of the agents of an act that opens one."""
    if act.get("Step") != "open":
        return ""
    agents = filter(None, map(agent_id, act.all("Agent")))
    found = map(partial(standing_on, view, kind=act.get("Kind")), agents)
    return next((one.id for one in found if one is not None), "")


def _may_ask(view: View, act: Act) -> bool:
    """Whether whoever a bot says that it speaks for may speak of every agent."""
    person = act.get("For")
    rights = [("incident", None), *verbs_of(act)] if person and not act.is_personal else []
    agents = [agent for agent in map(agent_id, act.all("Agent")) if agent is not None]
    return all(
        view.directory.permission(person, verb, agent, where, view.today).allowed
        for verb, where in rights
        for agent in agents
    )


def _not_asked(act: Act) -> Refusal:
    return Refusal("authority.permission", f"{act.get('For')}, for whom the bot speaks, may not do that")


def _pauses(act: Act, setting: StepSetting) -> Iterator[tuple[str, Pause]]:
    """The pauses that a step sets: the first by the id of the act, as any pause, and the others beside it."""
    mode = act.get("Mode")
    for number, agent in enumerate(act.all("Agent") if mode else (), 1):
        yield (
            f"pauses/{pause_key(act.id, number)}.yaml",
            Pause(
                selector=agent,
                by=act.get("For") or act.actor_id,
                seq=setting.seq,
                time=setting.time,
                mode="read-only" if mode == "read-only" else "stop",
                until=int(act.get("Until") or "0"),
                reason=act.reason or act.get("Title") or act.subject,
            ),
        )
