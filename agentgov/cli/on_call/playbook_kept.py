"""A playbook that is being followed, kept in this clone's git directory so that it goes on where it stood."""

import re
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agentgov.errors import ConfigurationError
from agentgov.incident.playbook_run import Run


@dataclass(frozen=True, slots=True)
class KeptRun:
    """The run of one playbook about one agent, in one incident or in none."""

    git_dir: Path
    playbook: str
    agent: str
    incident: str

    @property
    def file(self) -> Path:
        """Where it lies."""
        name = re.sub(r"[^a-z0-9-]", "-", f"{self.playbook}--{self.agent}--{self.incident or 'none'}".lower())
        return Path(self.git_dir) / "agentgov" / "playbooks" / f"{name}.json"

    def read(self) -> Run | None:
        """The run as it was left; None where there is none, or it cannot be read."""
        try:
            return msgspec.json.decode(self.file.read_bytes(), type=Run)
        except (OSError, msgspec.DecodeError):
            return None

    def write(self, run: Run) -> None:
        """Keep it, in one step. ConfigurationError where that cannot be done."""
        beside = self.file.with_suffix(".new")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(msgspec.json.encode(run))
            beside.replace(self.file)
        except OSError as error:
            raise ConfigurationError(f"{self.file} cannot be written: {error.strerror}", "make room for it") from error
