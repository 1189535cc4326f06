"""Which unrecorded tags a tick looks at, and which wait for the next: in fair order, some at a time.

One merge can bring ten thousand tags, and somebody who pushes can bring as many that are none. A tick looks at them for
so long alone, since what takes risk away may have come due meanwhile. A round holds every agent that has such tags;
who has waited longest is first, and ties are broken by a salt, so that no name is. What comes meanwhile joins at the
end, whoever takes long goes to the end, and a new round begins once nobody waits: nothing is starved. Losing what is
remembered here loses nothing but the order. Writes nothing; what a tag is, `sightings` tells.
"""

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field

from agentgov.journal.view import View
from agentgov.model.names import AgentId, ReleaseName
from agentgov.model.state import Release
from agentgov.model.verdict import Reason
from agentgov.release.order import tie
from agentgov.release.refs import Refs
from agentgov.release.sightings import Sighting, Snapshots, fresh_tags, look_at, refusals

_MOST_COMMITS = 8  # whose contents are kept from one tick to the next
Tags = dict[ReleaseName, str]  # the objects of an agent's unrecorded tags, lowest version first


@dataclass(slots=True)
class Looks:
    """What a reconciler remembers of tags from tick to tick."""

    ticks: int = 0
    _tags: dict[AgentId, Tags] = field(default_factory=dict)  # all that are not recorded
    _since: dict[AgentId, int] = field(default_factory=dict)  # who waits, and since which tick
    _after: dict[AgentId, ReleaseName] = field(default_factory=dict)  # the last tag of an agent that was looked at
    _refused: dict[ReleaseName, Reason] = field(default_factory=dict)
    _snapshots: Snapshots = field(default_factory=dict)  # what many tags of a merge point at, read once
    _began: tuple[int, str] = (0, "")  # the tick in which the round began, and the tip of the journal then

    @property
    def waiting(self) -> int:
        """How many agents have tags that this round has not looked at."""
        return len(self._since)

    @property
    def refused(self) -> tuple[Reason, ...]:
        """Why each tag that is no release is none, as it was seen last."""
        names = (name for agent in sorted(self._tags) for name in self._tags[agent])
        return tuple(self._refused[name] for name in names if name in self._refused)

    def is_late(self, view: View) -> bool:
        """Whether the journal has moved on since the round began in an earlier tick: what was refused then may be a
        release now, and another round tells."""
        tick, tip = self._began
        return tick != self.ticks and tip != view.tip

    def begin(self, view: View, refs: Refs, recorded: Container[str]) -> None:
        """A tick begins: what is not recorded by now, and who waits."""
        before, self._tags = self._tags, fresh_tags(view, refs, recorded)
        self.ticks += 1
        if len(self._snapshots) > _MOST_COMMITS:
            self._snapshots.clear()
        waits = {agent: since for agent, since in self._since.items() if agent in self._tags}
        if waits:
            came = [agent for agent, tags in self._tags.items() if before.get(agent) != tags]
        else:
            came, self._began = list(self._tags), (self.ticks, view.tip)
        self._since = dict.fromkeys(came, self.ticks) | waits
        known = {name for tags in self._tags.values() for name in tags}
        self._after = {agent: name for agent, name in self._after.items() if agent in waits and name in known}
        self._refused = {name: reason for name, reason in self._refused.items() if name in known}

    def go_on(self, view: View, salt: int, most: int, enough: Callable[[], bool]) -> tuple[Sighting, ...]:
        """The lowest release of each of so many agents, of those whose turn it is; none where nobody waits, or it was
        `enough` before there was one. What follows one is judged when that is recorded: alone it may be a release, and
        after that one hide older content under a higher number."""
        found = list[Sighting]()
        for agent in sorted(self._since, key=lambda one: (self._since[one], tie(one, salt))):
            for sighting in self._walk(view, agent):
                if isinstance(sighting.found, Release):
                    found.append(sighting)
                if enough():
                    return tuple(found)
            if len(found) >= most:
                break
        return tuple(found)

    def _walk(self, view: View, agent: AgentId) -> Iterator[Sighting]:
        """The tags of an agent up to the first that is a release, after those that an earlier walk came to."""
        names = list(self._tags[agent])
        if agent in self._after:
            names = names[names.index(self._after[agent]) + 1 :]
        for name in names:
            sighting = look_at(view, name, self._tags[agent][name], self._snapshots)
            self._saw(agent, sighting, last=name == names[-1])
            yield sighting
            if isinstance(sighting.found, Release):
                return
        self._done(agent)

    def _saw(self, agent: AgentId, sighting: Sighting, *, last: bool) -> None:
        """Who has more to be looked at goes to the end; who has not, waits no more."""
        name, released = sighting.name, isinstance(sighting.found, Release)
        self._refused.pop(name, None)
        if released:
            self._tags[agent] = {one: oid for one, oid in self._tags[agent].items() if one != name}
            self._after.pop(agent, None)
        else:
            self._refused[name] = refusals([sighting])[0]
            self._after[agent] = name
        if self._tags[agent] and (released or not last):
            self._since[agent] = self.ticks + 1
        else:
            self._done(agent)

    def _done(self, agent: AgentId) -> None:
        self._since.pop(agent, None)
        self._after.pop(agent, None)
        if not self._since:
            self._snapshots.clear()
