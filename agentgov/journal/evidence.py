"""Results for a content: may they be recorded, and what is missing before a stage.

No act of it stands yet.
"""

from agentgov.journal.outcome import Outcome
from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.model.evidence import StageName
from agentgov.model.state import Release
from agentgov.model.transitions import Refusal

RELEASE = "evidence.release"
RESULT = "evidence.result"
THRESHOLD = "evidence.threshold"
OWN_CHANGE = "evidence.own-change"
FULL = "evidence.full"
UNREADABLE = "evidence.unreadable"


def judge_evidence(view: View, act: Act, time: int) -> Outcome | Refusal:
    """What a result changes."""
    return Refusal("act.place", f"an act {act.kind} cannot stand here")


def missing_for(view: View, release: Release, stage: StageName) -> tuple[str, ...]:
    """What a release lacks before a stage."""
    return ()
