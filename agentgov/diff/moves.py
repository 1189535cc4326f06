"""Agents that moved without saying so: one that is gone and one that is new, with nearly the same files.

As git sees renames, and as strict: at least half of all lines are the same, and no two candidates are as good as each
other. Only the comparison is helped by it: who inherits pauses and bad marks is `formerly`, and nobody's guess.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from agentgov.diff.version import AgentVersion
from agentgov.model.names import AgentId

Pair = tuple[AgentVersion | None, AgentVersion | None]

Read = tuple[AgentVersion, Counter[bytes]]

_LEAST = 0.5  # of all lines of both
_MOST = 60  # agents that came or went and are compared one with the other; the same files are found among any number


def moved_agents(pairs: Iterable[Pair]) -> list[Pair]:
    """The pairs with each agent that went joined to the one that came in its place, where there is such a one."""
    known = list(pairs)
    gone = [(old, _lines(old)) for old, new in known if old is not None and new is None]
    come = [(new, _lines(new)) for old, new in known if old is None and new is not None]
    joined = _same(gone, come)
    left = {old.agent_id for old in joined.values()}
    gone = [item for item in gone if item[0].agent_id not in left]
    come = [item for item in come if item[0].agent_id not in joined]
    if gone and come and len(gone) + len(come) <= _MOST:
        joined |= _alike(gone, come)
    left = {old.agent_id for old in joined.values()}
    found: list[Pair] = []
    for old, new in known:
        if new is not None and new.agent_id in joined:
            found.append((joined[new.agent_id], new))
        elif new is not None or (old is not None and old.agent_id not in left):
            found.append((old, new))
    return found


def _same(gone: Sequence[Read], come: Sequence[Read]) -> dict[AgentId, AgentVersion]:
    """New id to the agent that it was, where their lines are the same and no other agent has these: any number."""
    before, after = _once(gone), _once(come)
    return {after[lines].agent_id: before[lines] for lines in after.keys() & before.keys()}


def _once(agents: Sequence[Read]) -> dict[frozenset[tuple[bytes, int]], AgentVersion]:
    keys = [frozenset(lines.items()) for _, lines in agents]
    counts = Counter(keys)
    return {key: version for key, (version, _) in zip(keys, agents, strict=True) if counts[key] == 1 and key}


def _alike(gone: Sequence[Read], come: Sequence[Read]) -> dict[AgentId, AgentVersion]:
    """The same for those that are most alike, each used once; a tie decides nothing."""
    scores = [(_likeness(one, other), i, j) for i, (_, one) in enumerate(gone) for j, (_, other) in enumerate(come)]
    ties = Counter(("gone", i, score) for score, i, _ in scores)
    ties.update(("come", j, score) for score, _, j in scores)
    found: dict[AgentId, AgentVersion] = {}
    used: set[int] = set()
    for score, i, j in sorted(scores, key=lambda item: (-item[0], item[1], item[2])):
        if score < _LEAST or i in used or come[j][0].agent_id in found:
            continue
        if ties["gone", i, score] == ties["come", j, score] == 1:
            used.add(i)
            found[come[j][0].agent_id] = gone[i][0]
    return found


def _lines(version: AgentVersion) -> Counter[bytes]:
    """The lines of its own texts, and what it may do as one line each."""
    spec = version.agent.spec
    own = (text for path, text in version.texts.items() if path.startswith(f"{version.agent_id.folder}/"))
    lines = Counter(line for text in own for line in text.split(b"\n") if line.strip())
    said = (spec.description, spec.owner, spec.model.primary, *(tool.name for tool in spec.tools))
    lines.update(value.encode("utf-8", "surrogatepass") for value in said)
    return lines


def _likeness(one: Counter[bytes], other: Counter[bytes]) -> float:
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 0.0
