"""On which branch a fleet keeps its journal, by the fleet's own word."""

import msgspec

from agentgov.model.document import Document
from agentgov.model.fleet import JournalSettings
from agentgov.model.governed import FLEET_FILE
from agentgov.repo.repository import Repository


class _Settings(Document, frozen=True):
    journal: JournalSettings = JournalSettings()


def journal_branch(repo: Repository, commit: str | None = None) -> str:
    """The branch that agentgov.yaml at a commit (HEAD) names; the default where it cannot be read."""
    from agentgov.validate.yaml_reader import read

    head = commit or repo.head()
    entry = repo.entry(repo.commit(head).tree, FLEET_FILE) if head is not None else None
    if entry is None or not entry.is_file:
        return JournalSettings().branch
    try:
        return msgspec.convert(read(repo.blob(entry.oid), FLEET_FILE).value, _Settings).journal.branch
    except msgspec.ValidationError:
        return JournalSettings().branch
