"""Agents that moved without saying so: one that is gone and one that is new, with nearly the same files.

As git sees renames, and as strict: at least half of all lines are the same, and no two candidates are as good as each
other. Only the comparison is helped by it: who inherits pauses and bad marks is `formerly`, and nobody's guess.
"""

from collections import Counter
from collections.abc import Iterable

from agentgov.diff.version import AgentVersion
from agentgov.model.names import AgentId

Pair = tuple[AgentVersion | None, AgentVersion | None]

_ALIKE = 0.5  # of all lines of both
_MOST = 60  # agents that came or went: above that, a reorganisation is told as what came and went


def moved_agents(pairs: Iterable[Pair]) -> list[Pair]:
    """The pairs with each agent that went joined to the one that came in its place, where there is such a one."""
    known = list(pairs)
    gone = [old for old, new in known if old is not None and new is None]
    come = [new for old, new in known if old is None and new is not None]
    if not gone or not come or len(gone) + len(come) > _MOST:
        return known
    joined = _joined(gone, come)
    left = {old.agent_id for old in joined.values()}
    rest = [
        pair
        for pair in known
        if not (pair[0] is None and pair[1] is not None and pair[1].agent_id in joined)
        and not (pair[1] is None and pair[0] is not None and pair[0].agent_id in left)
    ]
    return rest + [(joined[new.agent_id], new) for new in come if new.agent_id in joined]


def _joined(gone: list[AgentVersion], come: list[AgentVersion]) -> dict[AgentId, AgentVersion]:
    """New id to the agent that it was: the most alike first, each used once, and a tie decides nothing."""
    before, after = [_lines(version) for version in gone], [_lines(version) for version in come]
    scores = [(_likeness(one, other), i, j) for i, one in enumerate(before) for j, other in enumerate(after)]
    ties = Counter(("gone", i, score) for score, i, _ in scores)
    ties.update(("come", j, score) for score, _, j in scores)
    found: dict[AgentId, AgentVersion] = {}
    used: set[int] = set()
    for score, i, j in sorted(scores, key=lambda item: (-item[0], item[1], item[2])):
        if score < _ALIKE or i in used or come[j].agent_id in found:
            continue
        if ties["gone", i, score] == ties["come", j, score] == 1:
            used.add(i)
            found[come[j].agent_id] = gone[i]
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
