"""Which pipeline an agent goes through, by the authorised governance and its own authorised file."""

from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.model.pipeline import Pipeline


def pipeline_of(view: View, agent: AgentId) -> Pipeline:
    """The pipeline of an agent at this place of the journal."""
    return view.governance.pipeline
