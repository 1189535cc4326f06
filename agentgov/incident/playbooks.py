"""Which playbook an incident follows, as authorised: the one it names, and what it says about people and messages."""

from agentgov.journal.parts import Overlay, Part
from agentgov.journal.view import View
from agentgov.model.playbook import Playbook
from agentgov.repo.objects import ObjectError
from agentgov.validate.load import load_document


def playbook_of(view: View, path: str) -> Playbook | None:
    """The authorised playbook at a path; None where there is none, or none that can be read."""
    try:
        entry = view.repo.entry(view.authorised, path)
        if entry is None or not entry.is_file:
            return None
        part = Part(Overlay(view.repo), view.authorised, "authorised contents", (path,))
        return load_document(part, "Playbook", Playbook, path).draft
    except ObjectError:
        return None
