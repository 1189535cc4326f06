"""What the journal passes over: commits of its branch that are no acts, or that were waived."""

from agentgov.model.document import Document


class Skipped(Document, frozen=True):
    """skipped/<act id>.yaml: commits of the journal's branch that are no acts, which this act passes over."""

    first: str
    last: str
    seq: int
    time: int
    after: str = ""  # the act before it, where `last` lies between; "" where nothing does
    by: tuple[str, ...] = ()  # who waived them; nobody, for an act that only contains
