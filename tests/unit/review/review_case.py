"""A small fleet without git, and changes of it: what a verdict on a change is decided from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from msgspec.structs import replace as with_fields

from agentgov.diff.version import AgentVersion, version_of
from agentgov.model.access import Access, Administrators, Binding, Bot, ForgeAccount, Person, Team
from agentgov.model.fleet import Codeowners, Fleet, Governance, ReviewRule, Reviews, When
from agentgov.model.imported import Imported
from agentgov.model.names import AgentId
from agentgov.model.pipeline import Pipeline
from agentgov.model.snapshot import MemorySnapshot
from agentgov.model.state import OpenReview, ReviewedPath
from agentgov.review.change import AuthorSet, Change, ChangeVerdict, PathChange, TouchedAgent, decide_change
from agentgov.trust.identity import Directory
from agentgov.validate.load import load_agent

NOW = 1_700_000_000
TRIAGE = AgentId("support", "triage")
PAYROLL = AgentId("finance", "payroll")
PROMPT = f"{TRIAGE.folder}/prompts/system.md"
FILE = TRIAGE.file
PAY_PROMPT = f"{PAYROLL.folder}/prompts/system.md"
TONE = "agents/support/shared/tone.md"
A, B, C, D = (f"100644:{letter * 64}" for letter in "abcd")
NOTHING = "-"
CODEOWNERS = "* @acme/platform\n/agents/support/ @acme/support\n/agents/finance/ @acme/finance\n/playbooks/\n"

_AGENT = """apiVersion: agentgov.dev/v1
kind: Agent
metadata: {{name: {name}}}
spec:
  description: An agent.
  owner: team:support
  risk: {risk}
  model: {{primary: anthropic/claude-sonnet-4-5, params: {{max_output_tokens: {tokens}}}}}
  prompts: {{system: {{file: prompts/system.md}}, partials: [{partial}]}}
  tools: [{tools}]
"""


def agent(
    name: AgentId = TRIAGE,
    *,
    risk: str = "low",
    text: str = "Be kind.",
    tools: str = "",
    tone: str = "",
    tokens: int = 500,
) -> AgentVersion:
    """An agent in memory; `tone` is the shared text that it names, "" for none."""
    partial = '"../shared/tone.md"' if tone else ""
    spec = _AGENT.format(name=name.name, risk=risk, tools=tools, partial=partial, tokens=tokens)
    files = {name.file: spec.encode(), f"{name.folder}/prompts/system.md": text.encode()}
    if tone:
        files[f"agents/{name.workspace}/shared/tone.md"] = tone.encode()
    snapshot = MemorySnapshot(files)
    document, findings = load_agent(snapshot, name)
    assert document is not None, findings
    return version_of(name, document, snapshot)


def touched(
    before: AgentVersion | None, after: AgentVersion | None, *paths: str, broken: bool = False, opaque: bool = False
) -> TouchedAgent:
    """An agent that a change touches at these paths."""
    name = (before or after or agent()).agent_id
    return TouchedAgent(name, before, after, frozenset(paths), broken, opaque)


RULES = Reviews()
ACCESS = Access(
    administrators=Administrators(who=("carol", "team:platform"), threshold=2),
    people=tuple(
        Person(id=name, gitlab=ForgeAccount(login=name, id=number))
        for number, name in enumerate(("alice", "bob", "carol", "dave", "erin", "frank", "gina"), 1)
    ),
    bots=(Bot(id="reconciler", kind="reconciler"),),
    teams=(
        Team(id="platform", members=("carol", "dave"), handles=("@acme/platform",)),
        Team(id="support", members=("alice", "bob", "frank"), handles=("@acme/support",)),
        Team(id="finance", members=("alice", "bob", "dave"), handles=("@acme/finance",)),
        Team(id="security", members=("erin",)),
    ),
    bindings=(
        Binding(role="operator", who=("team:support", "team:finance", "erin"), agents=("**",)),
        Binding(role="viewer", who=("gina",), agents=("**",)),
    ),
)


@dataclass(frozen=True)
class Case:
    """A change with its reviews, in a fleet whose rules can be varied."""

    paths: Mapping[str, tuple[str, str]]
    agents: tuple[TouchedAgent, ...] = ()
    authors: Mapping[str, AuthorSet] = field(default_factory=dict)
    reviews: tuple[OpenReview, ...] = ()
    imported: Mapping[str, Imported] = field(default_factory=dict)
    rules: Reviews = RULES
    access: Access = ACCESS
    codeowners: str = CODEOWNERS
    dialect: Literal["github", "gitlab"] = "github"
    time: int = NOW
    problem: str = ""

    def approved(self, who: str, path: str = PROMPT, step: tuple[str, str] = (A, B), *, time: int = NOW) -> "Case":
        """The same with one more approval of one step of a path."""
        return self.with_review(who, {path: step}, time=time)

    def objected(self, who: str, path: str = PROMPT, step: tuple[str, str] = (A, B)) -> "Case":
        """The same with a request for changes."""
        return self.with_review(who, {path: step}, objects=True)

    def with_review(
        self, who: str, paths: Mapping[str, tuple[str, str]], *, objects: bool = False, time: int = NOW
    ) -> "Case":
        """The same with one more review of several paths."""
        entries = tuple(ReviewedPath(path=path, old=old, new=new) for path, (old, new) in paths.items())
        review = OpenReview(
            by=who, verdict="request-changes" if objects else "approve", seq=1, time=time, paths=entries
        )
        return replace(self, reviews=(*self.reviews, review))

    def from_forge(self, who: str, account: int, path: str = PROMPT, step: tuple[str, str] = (A, B)) -> "Case":
        """The same with one more approval, which was imported for an account of gitlab."""
        source = Imported(
            by=who,
            bot="importer",
            forge="gitlab",
            account=account,
            login="login",
            review_id=str(len(self.reviews)),
            commit="c" * 40,
            opener=7,
            pushers=(7,),
            paths=(path,),
        )
        found = self.approved(who, path, step)
        return replace(found, imported={**self.imported, str(len(self.reviews)): source})

    def ruled(self, *rules: ReviewRule, **changes: object) -> "Case":
        """The same under other review rules."""
        return replace(self, rules=with_fields(self.rules, rules=rules or self.rules.rules, **changes))

    def by(self, *people: str, doubt: str = "") -> "Case":
        """The same with these authors of every path."""
        return replace(self, authors=dict.fromkeys(self.paths, AuthorSet(frozenset(people), doubt)))

    @property
    def governance(self) -> Governance:
        """The governance that judges it."""
        return Governance(
            fleet=Fleet(id="f", name="case", reviews=self.rules, codeowners=Codeowners(dialect=self.dialect)),
            access=self.access,
            pipeline=Pipeline(stages=()),
            codeowners=self.codeowners,
            codeowners_file=".github/CODEOWNERS",
        )

    @property
    def change(self) -> Change:
        """The change itself."""
        return Change(
            paths=tuple(PathChange(path, old, new) for path, (old, new) in self.paths.items()),
            agents=self.agents,
            authors=self.authors or dict.fromkeys(self.paths, AuthorSet(frozenset({"gina"}))),
            governance_problem=self.problem,
        )

    @property
    def verdict(self) -> ChangeVerdict:
        """The verdict on it."""
        reviews = {str(number): review for number, review in enumerate(self.reviews)}
        directory = Directory(self.access)
        return decide_change(self.change, self.governance, directory, reviews, self.time, imported=self.imported)

    @property
    def state(self) -> str:
        """The state of the change as a whole."""
        return self.verdict.state

    def uncounted(self) -> set[tuple[str, str]]:
        """Who is not counted, and why."""
        return {(one.person, one.reason) for path in self.verdict.paths for one in path.uncounted}


def prompt_change(**changes: object) -> Case:
    """A change of the prompt of triage from A to B, by gina."""
    return replace(Case({PROMPT: (A, B)}, (touched(agent(), agent(text="Be brief."), PROMPT),)), **changes)  # type: ignore[arg-type]


def security(**when: object) -> ReviewRule:
    """A rule that asks security."""
    return ReviewRule(sources=("team:security",), when=When(**when))  # type: ignore[arg-type]
