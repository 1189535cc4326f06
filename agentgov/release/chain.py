"""The promotion chain of a release: by which acts it came where it stands, told again from the acts alone.

The journal's replay has judged every one of these acts already. This is the second opinion: it knows nothing of soaks,
votes and judges, keeps no records, and asks only what an auditor would ask of a list of acts. Content enters production
by stage, pass, canary and graduate, in that order and none left out; the only way down is a rollback, to what is older;
and every act names the release exactly as it was recorded, tag object, commit and closure. Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from agentgov.model.act import Act
from agentgov.model.state import Release
from agentgov.model.transitions import Refusal, is_newer, release_trailer

_WORDS = {
    "stage": "entered staging",
    "pass": "passed staging",
    "canary": "entered canary",
    "share": "got a larger share",
    "graduate": "went to production",
    "rollback": "was returned to",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One act on an agent: its number, its commit in the journal, and what it says."""

    seq: int
    commit: str
    act: Act


@dataclass(frozen=True, slots=True)
class Chain:
    """How the content of a release came where it stands, oldest act first; or the first act that has no right to stand
    there, with why."""

    steps: tuple[Step, ...]
    offence: Refusal | None = None
    at: Step | None = None

    @property
    def words(self) -> str:
        """One sentence of it; "" where nothing has moved it yet."""
        told = [f"{_WORDS[one.act.kind]} (act {one.seq})" for one in self.steps if one.act.kind in _WORDS]
        return ", ".join(told)


def promotion_chain(acts: Iterable[Step], release: Release, releases: Mapping[str, Release]) -> Chain:
    """The chain of one release. `acts` are those on its agent, oldest first; `releases` those of the agent by tag."""
    walk, steps = _Walk(releases), list[Step]()
    for step in acts:
        refusal = walk.take(step.act)
        if refusal is not None:
            return Chain(tuple(steps), refusal, step)
        named = walk.named(step.act)
        if named is not None and named.closure == release.closure:
            steps.append(step)
    return Chain(tuple(steps))


@dataclass(slots=True)
class _Walk:
    """Which content each stage holds, by what the acts so far have said."""

    releases: Mapping[str, Release]
    staging: Release | None = None
    passed: bool = False
    canary: Release | None = None
    production: Release | None = None
    last: Release | None = None  # what ran last before the agent was retired
    bad: set[str] = field(default_factory=set)  # closures, so that a `clear` is told from one of a canary

    def named(self, act: Act) -> Release | None:
        """The recorded release that an act names, by its tag object."""
        parts = act.get("Release").split(" ")
        return self.releases.get(parts[1]) if len(parts) == 4 else None

    def take(self, act: Act) -> Refusal | None:
        """Follow one act; why it cannot stand there."""
        moves = {
            "stage": self._stage,
            "pass": self._pass,
            "canary": self._canary,
            "share": self._in_canary,
            "graduate": self._graduate,
            "settle": self._settle,
            "rollback": self._rollback,
            "fail": self._fail,
            "abort": self._out,
            "withdraw": self._out,
            "clear": self._clear,
        }
        if act.kind == "retire":
            self.last, self.production = self.production or self.last, None
            self.staging, self.canary, self.passed = None, None, False
            return None
        if act.kind == "release-seen" or not act.get("Release"):
            return None
        release = self.named(act)
        if release is None or act.get("Release") != release_trailer(release):
            return Refusal("promotion.bound", f"{act.kind} names a release otherwise than the journal recorded it")
        return moves[act.kind](act, release) if act.kind in moves else None

    def _stage(self, _: Act, release: Release) -> Refusal | None:
        if _same(self.production, release):
            if not is_newer(release, self.production):
                return _downgrade(release, self.production)
            self.production = release
            self.staging, self.passed = release, self.passed and _same(self.staging, release)
        elif _same(self.canary, release):
            self.canary = self.staging = release
        elif self.canary is not None:
            return _skipped(f"{release.name} enters staging while a canary runs")
        else:
            self.passed = self.passed and _same(self.staging, release)
            self.staging = release
        return None

    def _pass(self, _: Act, release: Release) -> Refusal | None:
        if not _same(self.staging, release):
            return _skipped(f"{release.name} passes staging and never entered it")
        self.passed = True
        return None

    def _canary(self, _: Act, release: Release) -> Refusal | None:
        if not (self.passed and _same(self.staging, release)):
            return _skipped(f"{release.name} enters canary and has not passed staging")
        if self.canary is not None or _same(self.production, release):
            return _skipped(f"{release.name} enters canary where another one is, or where it runs already")
        self.canary = release
        return None

    def _in_canary(self, act: Act, release: Release) -> Refusal | None:
        if not _same(self.canary, release):
            return _skipped(f"{act.kind} of {release.name}, which is not in canary")
        return None

    def _graduate(self, act: Act, release: Release) -> Refusal | None:
        refusal = self._in_canary(act, release)
        before = self.production or self.last
        if refusal is None and not is_newer(release, before):
            refusal = _downgrade(release, before)
        if refusal is None:
            self.production, self.canary, self.last = release, None, None
        return refusal

    def _settle(self, _: Act, release: Release) -> Refusal | None:
        return None if _same(self.production, release) else _skipped(f"{release.name} settles where it does not run")

    def _rollback(self, act: Act, release: Release) -> Refusal | None:
        left = self.releases.get(act.get("Leaves"))
        if self.production is None or left is None or left.closure != self.production.closure:
            return None if self.production is not None else _skipped("a rollback where nothing runs")  # no effect
        if not is_newer(self.production, release):
            return Refusal("promotion.downgrade", f"a rollback to {release.name}, which is not older than what ran")
        self.bad = (self.bad | {self.production.closure}) - {release.closure}
        if _same(self.staging, self.production):
            self.passed = False
        self.production, self.canary = release, None
        return None

    def _fail(self, act: Act, release: Release) -> Refusal | None:
        refusal = self._in_canary(act, release)
        if refusal is None:
            self.bad.add(release.closure)
            self.canary, self.passed = None, False
        return refusal

    def _out(self, _: Act, release: Release) -> Refusal | None:
        if self.canary is not None and self.canary.tag == release.tag:
            self.canary = None
        if self.staging is not None and self.staging.tag == release.tag:
            self.staging, self.passed = None, False
        return None

    def _clear(self, _: Act, release: Release) -> Refusal | None:
        if release.closure in self.bad:
            self.bad.discard(release.closure)
        else:
            self.canary = None
        return None


def _same(one: Release | None, other: Release | None) -> bool:
    return one is not None and other is not None and one.closure == other.closure


def _skipped(message: str) -> Refusal:
    return Refusal("promotion.skipped", message)


def _downgrade(release: Release, running: Release | None) -> Refusal:
    than = running.name if running is not None else "nothing"
    return Refusal("promotion.downgrade", f"{release.name} is not newer than {than}, and only a rollback goes down")
