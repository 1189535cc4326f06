"""Drills to begin with: a tabletop about one agent, an alarm of it that is only rehearsed, a restore of everything.

The right answers of the tabletop are what the fleet says on the day that it is written: who is on call, who may go back
to the release before. Only the story is made up, and is there to be written anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from agentgov.model.names import AgentId
from agentgov.scaffold.editor import modeline
from agentgov.scaffold.text import quoted

DrillType = Literal["tabletop", "live", "recovery"]
TYPES: tuple[DrillType, ...] = get_args(DrillType)
_MOST = 20  # words that a question accepts

_OBJECTIVES: Mapping[DrillType, tuple[tuple[str, str, str], ...]] = {
    "tabletop": (
        ("answered", "time-to-acknowledge", "5m"),
        ("stopped", "time-to-pause", "10m"),
        ("back", "time-to-roll-back", "15m"),
        ("told", "time-to-tell", "30m"),
        ("known", "questions-answered", "80%"),
    ),
    "live": (
        ("taken", "runs-taken", "100%"),
        ("told", "time-to-alert", "2m"),
        ("answered", "time-to-acknowledge", "10m"),
    ),
    "recovery": (
        ("journal", "journal-restored", "100%"),
        ("store", "store-restored", "100%"),
        ("soon", "time-to-restore", "4h"),
        ("fresh", "backup-age", "1d"),
    ),
}
_EVERY: Mapping[DrillType, str] = {"tabletop": "90d", "live": "90d", "recovery": "180d"}


@dataclass(frozen=True, slots=True)
class Cast:
    """Whom the answers name: who is called first, who may go back in production, who has to know."""

    first: Sequence[str]
    may_roll_back: Sequence[str]
    told: Sequence[str]


def drill_file(type_: DrillType, agent: AgentId) -> str:
    """Where the first drill of a type lies; a recovery is about the whole fleet."""
    about = {"tabletop": f"{agent.workspace}-{agent.name}", "live": f"{agent.workspace}-{agent.name}-alarm"}
    return f"drills/{about.get(type_, 'recovery')}.yaml"


def drill_text(type_: DrillType, agent: AgentId, playbook: str, cast: Cast) -> str:
    """A drill that validates."""
    file = drill_file(type_, agent)
    titles = {
        "tabletop": f"{agent} tells customers something wrong",
        "live": f"The runs of {agent} fail",
        "recovery": "Everything is restored from its copies",
    }
    lines = [
        f"{modeline(file)}apiVersion: agentgov.dev/v1",
        "kind: Drill",
        f"name: {file.removeprefix('drills/').removesuffix('.yaml')}",
        f"title: {quoted(titles[type_])}",
        f"type: {type_}",
        f"playbook: {playbook}",
    ]
    if type_ != "recovery":
        lines.append(f"agent: {agent}")
    if type_ == "live":
        lines.append("fault: errors")
    if type_ == "tabletop":
        lines += ["injects:", *_story(agent, cast)]
    lines.append("objectives:")
    lines += [f"  - {{id: {name}, metric: {metric}, target: {target}}}" for name, metric, target in _OBJECTIVES[type_]]
    return "\n".join([*lines, f"every: {_EVERY[type_]}"]) + "\n"


def _story(agent: AgentId, cast: Cast) -> list[str]:
    pause, back = f"agentgov pause {agent}", f"agentgov rollback {agent}"
    return [
        *_inject("0m", f"A customer writes that {agent} told her something that is not so."),
        *_question("who-answers", "Who takes this on, now?", cast.first, _names(cast.first), "time-to-acknowledge"),
        *_inject("5m", "Eleven others write the same. It began yesterday at noon."),
        *_question(
            "contain",
            "It has to stop. What do you type?",
            [pause, f"agentgov incident mitigate {agent}", f"agentgov incident open {agent} --pause"],
            f'{pause} --reason "Wrong answers"',
            "time-to-pause",
        ),
        *_question(
            "others",
            "Which other agents does that stop?",
            ["none", "no other", "nobody else"],
            "None. A pause of one agent leaves all others alone.",
        ),
        *_inject("10m", "A release went out yesterday at 11:40. Its author is on leave."),
        *_question(
            "back",
            "What do you type to return to the release before it?",
            [back, f"agentgov incident mitigate {agent} --rollback"],
            f'{back} --reason "Wrong since yesterday"',
            "time-to-roll-back",
        ),
        *_question(
            "without-author",
            "Who may do that in production?",
            cast.may_roll_back,
            f"{_names(cast.may_roll_back)} Ask with: agentgov who rollback {agent}",
        ),
        *_inject("20m", "Somebody from the press asks about it."),
        *_question("tell", "Who has to know before the press does?", cast.told, _names(cast.told), "time-to-tell"),
    ]


def _inject(at: str, text: str) -> list[str]:
    return [f"  - at: {at}", f"    text: {quoted(text)}", "    ask:"]


def _question(id_: str, text: str, accept: Sequence[str], answer: str, metric: str = "") -> list[str]:
    lines = [f"      - id: {id_}", f"        text: {quoted(text)}"]
    if accept:
        lines.append(f"        accept: [{', '.join(map(quoted, accept[:_MOST]))}]")
    lines.append(f"        answer: {quoted(answer)}")
    return [*lines, f"        metric: {metric}"] if metric else lines


def _names(people: Sequence[str]) -> str:
    return f"{', '.join(people)}." if people else "Nobody, as things stand: that is what has to change."
