"""A drill that was held, as an act of the journal. Whether it holds is judged there, now and for ever after."""

from hashlib import sha256

from agentgov.incident.drill_score import Result
from agentgov.journal.draft import Actor, Draft, sign, write_act
from agentgov.journal.view import View


def order_drill(view: View, actor: Actor, result: Result, *, now: int, report: str = "") -> Draft:
    """The act that says how a drill came out; `report` in Markdown, of which it carries the digest."""
    met = sum(1 for one in result.objectives if one.met)
    fields = [
        ("Drill", result.drill),
        ("Type", result.type),
        *(("Agent", agent) for agent in sorted(set(result.agents))),
        ("Started", str(result.started)),
        ("Ended", str(result.ended)),
        ("Score", str(result.score)),
        *(("Objective", f"{one.id} {'met' if one.met else 'missed'} {one.observed}") for one in result.objectives),
        ("Gaps", str(len(result.gaps))),
        *((("Report", sha256(report.encode()).hexdigest()),) if report else ()),
    ]
    subject = f"hold drill {result.drill}: {met} of {len(result.objectives)} objectives met, score {result.score}"
    return sign(write_act(view, actor, "drill", subject, fields, now=now), actor.appender.signer)
