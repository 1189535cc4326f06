"""Which pipeline an agent goes through: by the authorised governance and the agent's own file, as last authorised.

Every verifier derives it again at the place of each act, so nobody chooses it by what they write into an act, and a
change that is not authorised yet moves nothing. An agent whose file is gone or cannot be read goes through the first
stages of the file.
"""

from agentgov.journal.released_agent import authorised_agent
from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.model.pipeline import Pipeline, pipeline_for


def pipeline_of(view: View, agent: AgentId) -> Pipeline:
    """The pipeline of an agent at this place of the journal."""
    whole = view.governance.pipeline
    if not whole.pipelines:
        return whole
    found = authorised_agent(view, agent)
    return whole if found is None else pipeline_for(whole, found.spec.risk, found.metadata.labels)
