"""Counts from a file that somebody else writes, read again at every tick."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentgov.model.names import AgentId
from agentgov.model.pipeline import Pipeline
from agentgov.release.counts import Reading, Wanted, parse_counts


@dataclass(frozen=True, slots=True)
class FileSource:
    """The document at a path."""

    path: Path

    def read(self, wanted: Sequence[Wanted], pipeline_of: Callable[[AgentId], Pipeline], now: int) -> Reading:
        """What stands in the file, for whomever it holds."""
        try:
            return parse_counts(self.path.read_bytes())
        except OSError as error:
            return Reading(problem=f"{self.path} cannot be read: {error.strerror}")


@dataclass(frozen=True, slots=True)
class NoSource:
    """Nobody said where counts come from."""

    def read(self, wanted: Sequence[Wanted], pipeline_of: Callable[[AgentId], Pipeline], now: int) -> Reading:
        """No data, and what to do about it."""
        return Reading(problem="no source of counts: give one with --counts")
