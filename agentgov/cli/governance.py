"""The governance that a question is asked of: as it lies in the working tree, or as it was at a revision.

Reads for the commands that answer from files alone, without the journal; decides nothing. Whether that governance is
authorised is not asked here.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from agentgov.errors import ConfigurationError
from agentgov.model.fleet import Governance
from agentgov.model.snapshot import Snapshot
from agentgov.model.verdict import Location

if TYPE_CHECKING:
    from agentgov.validate.positions import Positions


@dataclass(frozen=True, slots=True)
class Source:
    """Governance with the snapshot that it was read from, which holds the governance set and nothing else."""

    governance: Governance
    snapshot: Snapshot

    def locate(self, where: Location) -> Location:
        """A place given by JSON pointer, with its line and column in this snapshot."""
        return _positions(self.snapshot.read(where.file)).value(where.file, where.pointer)


def read_governance(start: str, rev: str | None) -> Source:
    """The governance of the work tree around `start`, or of a revision of its repository.

    ConfigurationError where a governed file cannot be read or Access cannot be used: then nobody's right can be told.
    """
    from agentgov.trust.identity import problems
    from agentgov.validate.load import load_governance

    snapshot = _snapshot(start, rev)
    governance, findings = load_governance(snapshot)
    if governance is None:
        broken = [f"{finding.where}: {finding.message}" for finding in findings if finding.severity == "error"]
        raise _unusable(snapshot, broken)
    source = Source(governance, snapshot)
    wrong = problems(governance.access)
    if wrong:
        raise _unusable(snapshot, [f"{source.locate(r.where) if r.where else ''}: {r.message}" for r in wrong])
    return source


def today() -> date:
    """The day in UTC, by this machine's clock: what a binding's `until` is compared with where no journal is asked."""
    from agentgov.repo.clock import now

    return datetime.fromtimestamp(now(), UTC).date()


def location_json(where: Location) -> dict[str, object]:
    """A place as every command prints it."""
    return {"file": where.file, "line": where.line, "column": where.column, "pointer": where.pointer}


def _snapshot(start: str, rev: str | None) -> Snapshot:
    from agentgov.model.governed import GOVERNANCE_ROOTS
    from agentgov.repo.location import find_repository
    from agentgov.repo.snapshot import WorkTreeSnapshot, commit_snapshot

    location = find_repository(start)
    if rev is not None:
        from agentgov.repo.repository import Repository

        repo = Repository(location)
        return commit_snapshot(repo, repo.resolve(rev), GOVERNANCE_ROOTS)
    if location.root is None:
        raise ConfigurationError("this repository has no working tree", "name a revision: --at main")
    return WorkTreeSnapshot(location.root, GOVERNANCE_ROOTS)


def _unusable(snapshot: Snapshot, sentences: list[str]) -> ConfigurationError:
    more = f" (and {len(sentences) - 1} more)" if len(sentences) > 1 else ""
    message = f"the governance of the {snapshot.name} cannot be used: {sentences[0]}{more}"
    return ConfigurationError(message, "see all of it with: agentgov validate")


@lru_cache(maxsize=8)
def _positions(content: bytes) -> "Positions":
    from agentgov.validate.positions import positions

    return positions(content)
