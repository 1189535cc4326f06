"""Look back: the acts of the journal newest first, and the journal as it was at an act or a moment."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice

from msgspec.structs import replace

from agentgov.errors import IncompleteError
from agentgov.journal.anchoring import FIELD, read_anchors
from agentgov.journal.line import passed_over
from agentgov.journal.overriding import concerns
from agentgov.journal.traits import selects
from agentgov.journal.view import TreeReader, View, view_at
from agentgov.model.act import PREFIX, Act, ActError, parse
from agentgov.model.anchored import Anchored
from agentgov.model.names import AgentId
from agentgov.model.selector import by_name, parse_selector
from agentgov.model.state import AUTHORISED, Head, State
from agentgov.repo.repository import Repository

_AT_ONCE = 256  # commits read in one go


@dataclass(frozen=True)  # without slots, so that the head is read once
class Logged:
    """One act in the journal, with where it stands: its commit, the journal's head after it, who appended it."""

    commit: str
    parent: str | None
    tree: str
    act: Act
    appender: str
    _repo: Repository = field(repr=False, compare=False)

    @cached_property
    def head(self) -> Head:
        """The journal's head after the act, read when it is asked for."""
        return State(TreeReader(self._repo, self.tree)).head

    @property
    def moment(self) -> datetime:
        """Journal time after the act, in UTC."""
        return datetime.fromtimestamp(self.head.time, UTC)


def acts(repo: Repository, tip: str) -> Iterator[Logged]:
    """Every act from the one at the tip back to the first. IncompleteError where a commit is no act or is missing."""
    commit: str | None = tip
    past = passed_over(repo, tip)
    while commit is not None:
        raw = repo.commit(commit)
        act = _parsed(commit, raw.message)
        parent = past.get(raw.parents[0], raw.parents[0]) if raw.parents else None
        yield Logged(commit, parent, raw.tree, act, raw.committer.name, repo)
        commit = parent


def acts_on(repo: Repository, tip: str, agent: AgentId) -> Iterator[Logged]:
    """The acts that concern one agent, newest first: its releases and stages, pauses that select it, reviews of its
    files, and advances that moved its authorised contents."""
    for logged in acts(repo, tip):
        if concerns_agent(repo, logged, agent):
            yield logged


def acts_naming(view: View, agent: str) -> Iterator[tuple[int, str, Act]]:
    """Number, commit and text of every act whose trailers name an agent, newest first. IncompleteError where one is
    missing or none."""
    wanted = f"\n{PREFIX}Agent: {agent}\n".encode()
    commits = view.memory.line.commits(view.tip)
    for end in range(len(commits), 0, -_AT_ONCE):
        start = max(end - _AT_ONCE, 0)
        view.repo.read_ahead("commit", commits[start:end])
        for seq in range(end - 1, start - 1, -1):
            message = view.repo.commit(commits[seq]).message
            if wanted in message and (act := _parsed(commits[seq], message)).get("Agent") == agent:
                yield seq, commits[seq], act


def reviews_after(view: View, seq: int) -> Iterator[tuple[int, Act]]:
    """Every review after the act of that number, imported ones too, with its own number, oldest first.

    IncompleteError where an act is missing or none.
    """
    wanted = f"\n{PREFIX}Act: review/".encode()
    commits = view.memory.line.commits(view.tip)
    for start in range(seq + 1, len(commits), _AT_ONCE):
        part = commits[start : start + _AT_ONCE]
        view.repo.read_ahead("commit", part)
        for number, commit in enumerate(part, start):
            message = view.repo.commit(commit).message
            if wanted in message and (act := _parsed(commit, message)).kind == "review":
                yield number, act


def acts_from(view: View, seq: int) -> Iterator[Logged]:
    """Every act from the one of that number on, oldest first. IncompleteError where one is missing or none."""
    commits = view.memory.line.commits(view.tip)
    for start in range(seq, len(commits), _AT_ONCE):
        part = commits[start : start + _AT_ONCE]
        view.repo.read_ahead("commit", part)
        for number, commit in enumerate(part, start):
            raw = view.repo.commit(commit)
            parent = commits[number - 1] if number else None
            yield Logged(commit, parent, raw.tree, _parsed(commit, raw.message), raw.committer.name, view.repo)


def anchors_in(view: View) -> Iterator[Anchored]:
    """Every word of the journal on how far a tree of the ledger was, oldest first, with the number of its act.

    IncompleteError where an act is missing or none.
    """
    wanted = f"\n{PREFIX}{FIELD}: ".encode()
    commits = view.memory.line.commits(view.tip)
    for start in range(0, len(commits), _AT_ONCE):
        part = commits[start : start + _AT_ONCE]
        view.repo.read_ahead("commit", part)
        for number, commit in enumerate(part, start):
            message = view.repo.commit(commit).message
            if wanted in message:
                yield from (replace(one, seq=number) for one in read_anchors(_parsed(commit, message)))


def _parsed(commit: str, message: bytes) -> Act:
    try:
        return parse(message)
    except ActError as error:
        raise IncompleteError(f"journal commit {commit[:12]} is no act: {error}", "agentgov journal verify") from error


def last_acts(repo: Repository, tip: str, actors: Collection[str]) -> dict[str, Logged]:
    """The last act of each actor (`person:<id>`, `bot:<id>`) up to a tip; without those who never acted."""
    found: dict[str, Logged] = {}
    for logged in acts(repo, tip):
        if logged.act.actor in actors:
            found.setdefault(logged.act.actor, logged)
        if len(found) == len(actors):
            break
    return found


def act_numbered(view: View, seq: int) -> Logged | None:
    """The act of that number; None where the journal has no such act."""
    back = view.state.head.seq - seq
    found = next(islice(acts(view.repo, view.tip), back, None), None) if back >= 0 else None
    return found if found is not None and found.head.seq == seq else None


def act_by(view: View, time: int) -> Logged | None:
    """The last act by a moment of journal time (epoch seconds); None before the first.

    Acts of people carry no time, they inherit that of the act before; so only acts that move it have to be looked at.
    """
    inherits: list[Logged] = []
    for logged in acts(view.repo, view.tip):
        inherits.append(logged)
        moves = logged.act.time is not None or bool(logged.act.get("Set-Time"))
        if moves and logged.head.time > time:
            inherits.clear()
        elif moves:
            break
    return next((one for one in inherits if one.head.time <= time), None)


def view_at_act(view: View, seq: int) -> View:
    """The journal just after its act number `seq`; IncompleteError where it has no such act."""
    found = act_numbered(view, seq)
    if found is None:
        raise IncompleteError(f"the journal has no act {seq}")
    return view_at(view.repo, found.commit, view)


def view_at_time(view: View, time: int) -> View | None:
    """The journal as it was at a moment of journal time (epoch seconds); None before its first act."""
    found = act_by(view, time)
    return view_at(view.repo, found.commit, view) if found is not None else None


def concerns_agent(repo: Repository, logged: Logged, agent: AgentId) -> bool:
    """Whether an act concerns an agent, as `acts_on` has it."""
    act = logged.act
    if act.get("Agent"):
        return str(agent) in act.all("Agent")
    if act.get("Selector"):
        parsed = parse_selector(act.get("Selector"))
        if parsed is None or not parsed.needs_traits:
            return by_name(act.get("Selector"), agent)
        return selects(view_at(repo, logged.commit), act.get("Selector"), agent)
    if act.kind in ("override", "confirm"):
        record = State(TreeReader(repo, logged.tree)).overrides().get(act.get("Override") or act.id)
        return record is not None and concerns(record, agent)
    if act.kind == "review":
        return any(value.startswith(f"{agent} ") for value in act.all("Closure"))
    if act.kind in ("advance", "init"):
        before = repo.commit(logged.parent).tree if logged.parent is not None else None
        after = repo.entry(logged.tree, f"{AUTHORISED}/{agent.folder}")
        return after != (repo.entry(before, f"{AUTHORISED}/{agent.folder}") if before is not None else None)
    return False
