"""The pull requests of the gallery: verdicts as values, so that a page shows the words and nothing else moves."""

from typing import Any

from unit.diff.diff_sample import DOCUMENT, version

from agentgov.diff.compare import AgentDiff, compare, riskiest_agents_first
from agentgov.model.names import AgentId
from agentgov.report.diff import Answer, Side
from agentgov.report.pull_request_comment import Subject
from agentgov.report.review_told import told_change
from agentgov.review.change import ChangeVerdict, PathChange, PathVerdict, Uncounted
from agentgov.review.decide import Progress
from agentgov.review.passing import Passing
from agentgov.review.requirements import Requirement

HEAD = "9c1185a5c5e9fc54612808977ee8f548b2258d31"
AGENT, PROMPT = "agents/support/refunds/agent.yaml", "agents/support/refunds/prompts/system.md"
TOOLS = DOCUMENT["spec"]["tools"]
CANCEL = {"name": "orders.cancel", "effect": "irreversible", "description": "Cancels an order."}


def needs(
    path: str, name: str, *could: str, given: tuple[str, ...] = (), missing: int = 1, personal: bool = False
) -> Progress:
    """One requirement of a path, and how far it is met."""
    label = {"owners": "@acme/payments", "administrators": "administrators"}.get(name, "team:security")
    people = frozenset((*could, *given))
    asked = Requirement(
        path, name, "review.owners", (people,), missing + len(given), labels=(label,), personal=personal
    )
    return Progress(asked, given, missing, could)


def path(name: str, state: Any, *progress: Progress, message: str = "", **more: Any) -> PathVerdict:
    """The verdict on one path."""
    return PathVerdict(
        PathChange(name, "100644:a", "100644:b"), state, progress, message=message, **{"uncounted": (), **more}
    )


def answer(agents: int = 1) -> Answer:
    """What the change does: a prompt reworded, a tool that cannot be undone; in so many agents."""
    base, head = Side("main", "a" * 40, "commit aaaaaaaaa"), Side("", HEAD, f"commit {HEAD[:9]}")
    names = ["refunds", *(f"agent-{number:03}" for number in range(1, agents))]
    diffs = riskiest_agents_first(_diff(AgentId("support", name)) for name in names)
    return Answer(base, head, diffs, (), (), command=f"agentgov diff main...{HEAD[:9]}")


def _diff(agent: AgentId) -> AgentDiff:
    prompt = f"{agent.folder}/prompts/system.md"
    before = version(texts={prompt: b"Be polite.\n"}, agent_id=agent)
    spec = {"tools": [*TOOLS, CANCEL]}
    return compare(before, version(spec, texts={prompt: b"Be polite and brief.\n"}, agent_id=agent))


def gallery() -> dict[str, Subject]:
    """Every page by its name."""
    owned = needs(AGENT, "owners", missing=0, given=("bo",))
    waiting = (
        path(
            AGENT,
            "pending",
            needs(AGENT, "owners", "ana", "cy", given=("bo",)),
            needs(AGENT, "rule powers", "sam"),
            uncounted=(Uncounted(AGENT, "dan", "author", "dan is among the authors of the change"),),
        ),
        path(PROMPT, "pending", needs(PROMPT, "owners", "ana", "cy", given=("bo",))),
        path("governance/access.yaml", "pending", needs("governance/access.yaml", "administrators", "kim", "lee")),
        path(
            "agents/support/shared/tone.md",
            "pass",
            needs("agents/support/shared/tone.md", "owners", missing=0, given=("bo",)),
            message="reviewed",
        ),
    )
    passed = (path(AGENT, "pass", owned, message="reviewed"),)
    blocked = (
        path(
            AGENT,
            "blocked",
            needs(AGENT, "owners", "ana", "cy"),
            message="bo asked for changes",
            objectors=frozenset({"bo"}),
        ),
    )
    over = (
        path(
            AGENT,
            "pass",
            needs(AGENT, "owners", "ana", "cy"),
            message="overridden by kim, lee in act 41",
            overridden=("kim", "lee"),
        ),
    )
    many = tuple(
        path(
            f"agents/support/agent-{number:03}/agent.yaml",
            "pending",
            needs("x", "owners", "ana", f"owner-{number % 7}"),
        )
        for number in range(300)
    )
    return {
        "pass": Subject(HEAD, told_change(ChangeVerdict(passed)), diff=answer()),
        "pending": Subject(HEAD, told_change(ChangeVerdict(waiting)), Passing(("ana", "kim", "sam")), answer()),
        "blocked": Subject(HEAD, told_change(ChangeVerdict(blocked)), diff=answer()),
        "override": Subject(
            HEAD, told_change(ChangeVerdict(over)), diff=answer(), reason="Refunds are down, owners are away"
        ),
        "huge": Subject(HEAD, told_change(ChangeVerdict(many)), Passing(("ana",)), answer(300)),
        "first-time": Subject(
            HEAD,
            told_change(ChangeVerdict((path(PROMPT, "pending", needs(PROMPT, "owners", "ana", "cy")),))),
            Passing(("ana",)),
            answer(),
            newcomer=True,
        ),
    }
