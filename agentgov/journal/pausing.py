"""Orders that stop agents: which pause holds for an agent, and what `pause` and `resume` change.

Who may give them is decided in `authority`; what a paused agent may still do is the runtime's.
"""

import re
from collections.abc import Iterable, Mapping

from agentgov.journal.moves import former_ids
from agentgov.journal.outcome import Outcome
from agentgov.journal.traits import selects
from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.model.names import AgentId
from agentgov.model.selector import by_name, parse_selector
from agentgov.model.state import Pause
from agentgov.model.transitions import Refusal

_UNTIL = re.compile(r"(?:0|[1-9][0-9]{0,10})\Z")  # epoch seconds, up to the year 5138


def pause_of(view: View, agent: AgentId, time: int) -> Pause | None:
    """The pause that stops an agent at this journal time, the strictest first; None where it may run."""
    return strictest(pauses_on(view, agent).values(), time)


def pauses_on(view: View, agent: AgentId) -> Mapping[str, Pause]:
    """The pauses that mean an agent, over or not, by the ids of their acts. One of an id that it had before means it,
    too; of a workspace that it left only while it was there."""
    pauses = view.state.pauses()
    found = {key: pause for key, pause in pauses.items() if selects(view, pause.selector, agent)}
    if pauses and (former := tuple(former_ids(view, agent))):
        moved = min((release.seen for release in view.state.releases(agent)), default=0)
        for key, pause in pauses.items():
            wide = pause.time <= moved and any(by_name(pause.selector, one) for one in former)
            if wide or pause.selector in map(str, former):
                found[key] = pause
    return found


def strictest(pauses: Iterable[Pause], time: int) -> Pause | None:
    """Of some pauses the one that counts at this journal time, None where all of them are over."""
    running = [pause for pause in pauses if pause.until == 0 or time < pause.until]
    return min(running, key=lambda pause: (pause.mode != "stop", pause.seq), default=None)


def judge_pause(view: View, act: Act, time: int) -> Outcome | Refusal:
    selector, mode, until = act.get("Selector"), act.get("Mode"), act.get("Until") or "0"
    if parse_selector(selector) is None or mode not in ("stop", "read-only") or _UNTIL.match(until) is None:
        return Refusal("pause.words", "the pause does not say whom, how or until when as it must")
    pause = Pause(
        selector=selector,
        by=act.actor_id,
        seq=view.state.head.seq + 1,
        time=time,
        mode="read-only" if mode == "read-only" else "stop",
        until=int(until),
        reason=act.reason,
    )
    return Outcome({f"pauses/{act.id}.yaml": pause})


def judge_resume(view: View, act: Act) -> Outcome | Refusal:
    selector = act.get("Selector")
    found = {key for key, pause in view.state.pauses().items() if pause.selector == selector}
    if not found:
        return Refusal("pause.none", f"nothing is paused by {selector!r}")
    return Outcome({f"pauses/{key}.yaml": None for key in found})
