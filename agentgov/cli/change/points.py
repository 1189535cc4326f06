"""What BASE and HEAD of `agentgov diff` name: commits, tags, releases, what runs in an environment; and in which
environment it is looked at. A name that means two things is refused, never guessed. Reads refs and the journal only.

    main, v1, 1a2b3c4, HEAD~2             a commit
    support/refund-assistant@1.2.0        a release of an agent; with --agent also 1.2.0 or v1.2.0
    env:production                        what runs there now, by the journal; with --agent also production
    main:staging, 1.2.0:production        the same as above, with the overrides of an environment applied
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from agentgov.errors import UsageError
from agentgov.model.document import ENVIRONMENTS, Environment
from agentgov.model.names import AgentId, ReleaseName, agent_id, release_name

if TYPE_CHECKING:
    from agentgov.journal.view import View
    from agentgov.model.state import Release
    from agentgov.repo.repository import Repository


@dataclass(frozen=True, slots=True)
class Point:
    """One side: what the user called it, its commit, its name in sentences.

    `agent` is the only one that it speaks of, None for the whole fleet; `environment` the one whose overrides apply,
    None for the agent as it is written.
    """

    rev: str
    commit: str
    name: str
    agent: AgentId | None = None
    environment: Environment | None = None


class Running:
    """What the journal of a repository says, verified once however often it is asked."""

    def __init__(self, start: str) -> None:
        self._start = start

    @cached_property
    def view(self) -> "View":
        """The verified present of the journal; ConfigurationError where there is none."""
        from agentgov.cli.context import open_context

        return open_context(self._start).view()

    def agents(self, environment: Environment) -> list[AgentId]:
        """Every agent of which a release runs in an environment."""
        return sorted(agent for agent in self.view.state.released() if self.release(agent, environment))

    def release(self, agent: AgentId, environment: Environment) -> "Release | None":
        """The release of an agent that runs in an environment."""
        from agentgov.release.orders import by_tag

        deployment = self.view.state.deployment(agent)
        tag = (deployment.production if environment == "production" else deployment.staging).release
        return by_tag(self.view, agent, tag) if tag else None


@dataclass
class Points:
    """Finds points in a repository; `only` is the agent that the user asked for."""

    repo: "Repository"
    running: Running
    only: AgentId | None = None

    def between(self, text: str) -> tuple[Point, Point]:
        """`A...B`: from where B left A to B; `A..B`: from A to B. An empty name is HEAD."""
        dots = "..." if "..." in text else ".."
        first, _, second = (part or "HEAD" for part in text.partition(dots))
        before, after = self.find(first), self.find(second)
        if dots == "..":
            return before, after
        fork = self.repo.merge_base(before.commit, after.commit)
        if fork is None:
            raise UsageError(f"{first} and {second} have no history in common")
        return replace(before, rev=fork, commit=fork, name=_commit(fork)), after

    def find(self, text: str) -> Point:
        """The point that a name means; UsageError where it means nothing, or more than one thing."""
        base, colon, last = text.rpartition(":")
        environment = next((known for known in ENVIRONMENTS if known == last), None)
        if colon and environment is None:
            hint = f"what runs in an environment is env:{ENVIRONMENTS[-1]}; a commit seen from one is main:staging"
            raise UsageError(f"{text!r} names nothing that can be compared", hint)
        if base == "env" and environment is not None:
            return self._running(text, environment)
        if colon:
            point = self._plain(base)
            return replace(point, rev=text, name=f"{point.name} in {environment}", environment=environment)
        if environment is not None and (self.only is not None or self._commit(text) is None):
            if self._commit(text) is not None:
                raise _two(text, f"what runs in {text}", f"env:{text}", "a branch or tag", f"refs/heads/{text}")
            return self._running(text, environment)
        return self._plain(text)

    def _plain(self, text: str) -> Point:
        release = self._release_named(text)
        commit = self._commit(text)
        if release is None:
            return Point(text, commit if commit is not None else self._none(text), _commit(commit or ""))
        tagged = self.repo.ref(release.ref)
        if tagged is None:
            raise UsageError(f"there is no release {release.agent}@{release.version} here", self._known(release.agent))
        if commit is not None and commit != self.repo.resolve(release.ref):
            raise _two(text, "a release", f"{release.agent}@{release.version}", "a branch or tag", f"refs/tags/{text}")
        return Point(text, self.repo.resolve(release.ref), f"release {release.version}", release.agent)

    def _release_named(self, text: str) -> ReleaseName | None:
        """The release that a text spells: with its agent and @, or its version alone where the agent is known."""
        name, at, version = text.partition("@")
        agent = agent_id(name) if at else self.only
        if agent is None:
            return None
        found = release_name(f"{agent}/v{(version if at else text).removeprefix('v')}")
        if at and found is None:
            raise UsageError(f"{version!r} is no version", f"write {agent}@1.2.0; {self._known(agent)}")
        if at and self.only not in (None, agent):
            raise UsageError(f"{text} is no release of {self.only}", "leave --agent out, or name a release of it")
        return found

    def _running(self, text: str, environment: Environment) -> Point:
        if self.only is None:
            hint = f"--agent WORKSPACE/AGENT says which; for all of them: agentgov diff env:{environment} HEAD"
            raise UsageError(f"{text} is what runs in {environment}, and every agent has its own release there", hint)
        release = self.running.release(self.only, environment)
        if release is None:
            raise UsageError(f"nothing of {self.only} runs in {environment}", f"see: agentgov status {self.only}")
        name = f"release {release.release_name.version} in {environment}"
        return Point(text, release.commit, name, self.only, environment)

    def _commit(self, text: str) -> str | None:
        """The commit that git has by this name; None where it has none. UsageError where it has two."""
        try:
            return self.repo.resolve(text)
        except UsageError as error:
            if "ambiguous" in error.message:
                raise
            return None

    def _none(self, text: str) -> str:
        """Raises what git's own reading of the name has to say."""
        if agent_id(text) is not None:
            raise UsageError(f"{text!r} names no commit; is it an agent?", f"agentgov diff --agent {text}")
        return self.repo.resolve(text)

    def _known(self, agent: AgentId) -> str:
        names = (release_name(ref.removeprefix("refs/tags/")) for ref in self.repo.refs(f"refs/tags/{agent}/"))
        versions = [name.version for name in sorted((name for name in names if name), key=lambda name: name.precedence)]
        return f"its releases: {', '.join(versions[-5:])}" if versions else "it has none; list tags with: git tag"


def _commit(oid: str) -> str:
    return f"commit {oid[:7]}"


def _two(text: str, one: str, write_one: str, other: str, write_other: str) -> UsageError:
    return UsageError(f"{text!r} means two things: {one}, and {other}", f"write {write_one}, or {write_other}")
