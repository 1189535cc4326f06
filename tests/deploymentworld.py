"""One agent, its releases and its deployment, moved by real acts: what tests of the release plane build on."""

from collections.abc import Callable

from agentgov.model.act import GRAMMAR, Act
from agentgov.model.evidence import StageName
from agentgov.model.pipeline import Judge, Metric, Pipeline, Promoters, RollbackSettings, Stage, Step
from agentgov.model.state import Deployment, Release, Vote
from agentgov.model.transitions import Refusal, Setting, apply_to_deployment, release_trailer
from agentgov.release.view import none_missing

AGENT = "support/refund-assistant"
STEPS = (Step(share="5%", soak="30m", min_units=200), Step(share="25%", soak="1h"), Step(share="50%", soak="1h"))
PERSON, BOT = "person:carol", "bot:reconciler"
PERSONS_WORDS = ("promote", "withdraw", "clear", "hold", "rollback", "abort", "retire")
DAY = 86_400


def pipeline(
    *,
    steps: tuple[Step, ...] = STEPS,
    judge: Judge | None = None,
    judged: bool = True,
    count: int = 0,
    soak: str = "30m",
    bake: str = "2h",
    auto_rollback: bool = True,
    evidence: tuple[str, ...] = (),
) -> Pipeline:
    """A pipeline; `count` promoters of release-managers for production, none at 0."""
    promoters = Promoters(count=count, sources=("team:release-managers",)) if count else None
    return Pipeline(
        stages=(
            Stage(name="staging", environment="staging", soak=soak, evidence=evidence),
            Stage(
                name="canary",
                environment="production",
                steps=steps,
                judge=(judge or Judge(metrics={"error": Metric(ceiling=0.02)})) if judged else "none",
            ),
            Stage(
                name="production",
                environment="production",
                promoters=promoters,
                bake=bake,
                auto_rollback=auto_rollback,
            ),
        ),
        rollback=RollbackSettings(window="90d"),
    )


def release(version: str, content: str = "", *, authorised_at: int = 0, agent: str = AGENT, seen: int = 0) -> Release:
    """A recorded release; its content is its version's own unless given."""
    return Release(
        name=f"{agent}/v{version}",
        tag=f"tag-{version}",
        commit=f"commit-{version}",
        closure=f"closure-{content or version}",
        authorised_at=authorised_at,
        seen=seen,
        by="alice",
    )


def share_of(step: int, steps: tuple[Step, ...] = STEPS) -> str:
    """The share of a step, as an act says it."""
    return steps[step].share


class Line:
    """The deployment of one agent and everything an act on it is judged by."""

    def __init__(self, *releases: Release, rules: Pipeline | None = None) -> None:
        self.releases = {one.tag: one for one in releases}
        self.rules = rules or pipeline()
        self.at = Deployment(agent=AGENT)
        self.now = 1_000_000
        self.seq = 10
        self.paused = False
        self.may_promote: Callable[[Vote], bool] = lambda vote: True
        self.aborting = frozenset[str]()
        self.lacking: Callable[[Release, StageName], tuple[str, ...]] = none_missing

    def setting(self, people: int = 1) -> Setting:
        """Where the next act lands."""
        return Setting(
            self.now,
            self.seq,
            self.rules,
            self.paused,
            self.releases.get,
            self.may_promote,
            people,
            aborting=self.aborting,
            missing_evidence=self.lacking,
        )

    def act(self, kind: str, one: Release | None, actor: str = "", **values: str | tuple[str, ...]) -> Act:
        """An act as its author would write it on the present deployment; `values` override trailers."""
        left = {"stage": self.at.staging.release, "canary": self.at.canary.release}
        known: dict[str, str | tuple[str, ...]] = {
            "Agent": AGENT,
            "Release": release_trailer(one) if one else "",
            "Leaves": left.get(kind, self.at.production.release) or "none",
            "Share": self._share(kind),
            "Judged": "pass",
            "Rule": (),
            "Metric": "error",
            "Stage": "production",
            "State": "set",
            "Observed": "none",
            "Counts": ("error canary 5/412 stable 51/8021",),
            **values,
        }
        fields: list[tuple[str, str]] = []
        for name, _ in GRAMMAR[kind]:
            value = known[name]
            fields += [(name, text) for text in ((value,) if isinstance(value, str) else value)]
        who = actor or (PERSON if kind in PERSONS_WORDS else BOT)
        return Act(kind, "0" * 26, "fleet", "governance", who, f"{kind} it", tuple(fields), reason="because")

    def _share(self, kind: str) -> str:
        steps = self.rules.stage("canary").steps
        step = 0 if kind == "canary" else self.at.canary.step + 1
        return steps[step].share if step < len(steps) else "100%"

    def attempt(
        self, kind: str, one: Release | None = None, actor: str = "", people: int = 1, **values: str | tuple[str, ...]
    ) -> Deployment | Refusal:
        """What an act would do, without doing it."""
        return apply_to_deployment(self.act(kind, one, actor, **values), self.at, self.setting(people))

    def do(
        self, kind: str, one: Release | None = None, actor: str = "", people: int = 1, **values: str | tuple[str, ...]
    ) -> Deployment:
        """Does an act, which must be legal."""
        outcome = self.attempt(kind, one, actor, people, **values)
        assert isinstance(outcome, Deployment), outcome
        self.at, self.seq = outcome, self.seq + 1
        return outcome

    def refusal(
        self, kind: str, one: Release | None = None, actor: str = "", people: int = 1, **values: str | tuple[str, ...]
    ) -> str:
        """The code with which an act is refused, "" where it is legal."""
        outcome = self.attempt(kind, one, actor, people, **values)
        return outcome.code if isinstance(outcome, Refusal) else ""

    def wait(self, seconds: int = DAY) -> None:
        """Lets journal time pass."""
        self.now += seconds

    def to_staging(self, one: Release) -> None:
        """Stages a release and lets it pass."""
        self.do("stage", one)
        self.wait()
        self.do("pass", one)

    def to_canary(self, one: Release, step: int = 0) -> None:
        """Brings a release into canary, up to a step."""
        self.to_staging(one)
        self.do("canary", one)
        for _ in range(step):
            self.wait()
            self.do("share", one)

    def to_production(self, one: Release) -> None:
        """Brings a release all the way, settled."""
        first = self.at.production.state in ("EMPTY", "RETIRED")
        self.to_canary(one, step=len(self.rules.stage("canary").steps) - 1)
        self.wait()
        self.do("promote", one)
        self.do("graduate", one, Judged="unjudged" if first else "pass")
        self.wait()
        if self.at.production.state == "BAKING":
            self.do("settle", one)
