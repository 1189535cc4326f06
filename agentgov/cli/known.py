"""Whether there is such an agent, before anything is signed about it: a slip of the keyboard is told at once."""

from agentgov.errors import UsageError
from agentgov.journal.traits import selected, traits_of
from agentgov.journal.view import View
from agentgov.model import guess
from agentgov.model.names import AgentId, agent_id
from agentgov.model.selector import parse_selector

_ALL = "all of them: agentgov status"


def require_agent(view: View, agent: AgentId) -> AgentId:
    """The agent, where it is authorised or was ever released; UsageError with what was meant where it is neither."""
    if view.repo.entry(view.authorised, agent.file) is not None or view.state.releases(agent):
        return agent
    message, head = f"there is no authorised agent {agent}", view.repo.head()
    if head is not None and view.repo.entry(view.repo.commit(head).tree, agent.file) is not None:
        raise UsageError(message, f"it stands in commit {head[:9]} and waits for reviews: agentgov check")
    known = [str(one) for one in sorted({*view.agents(), *view.state.released()})]
    raise UsageError(message, _hint(str(agent), known))


def require_selected(view: View, selector: str) -> str:
    """The selector, where it means at least one agent; UsageError with what was meant where it means none."""
    agent = agent_id(selector)
    if agent is not None:
        return str(require_agent(view, agent))
    if next(selected(view, selector), None) is not None:
        return selector
    parsed = parse_selector(selector)
    if parsed is not None and parsed.needs_traits:
        raise UsageError(f"no agent has {selector}", _hint(selector, sorted(_spelled(view, parsed.kind))))
    workspaces = sorted({f"{one.workspace}/*" for one in view.agents()})
    raise UsageError(f"there is no authorised agent in {selector}", _hint(selector, workspaces))


def _spelled(view: View, kind: str) -> set[str]:
    """Every selector of a kind that means somebody."""
    found: set[str] = set()
    for agent in view.agents():
        traits = traits_of(view, agent)
        if kind == "label":
            found |= {f"{key}={value}" for key, value in traits.labels}
        else:
            found |= {f"{kind}:{name}" for name in (traits.tools if kind == "tool" else traits.models)}
    return found


def _hint(text: str, known: list[str]) -> str:
    meant = guess.question(text, known)
    if meant:
        return f"{meant} {_ALL}"
    if not known:
        return "the fleet has none yet: agentgov new WORKSPACE/AGENT"
    return f"what is new has to be reviewed first (agentgov check); {_ALL}"
