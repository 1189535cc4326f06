"""Drills that were held in this clone, kept in its git directory: what the journal's act has no room for."""

from pathlib import Path

import msgspec

from agentgov.cli.place import fleet_root
from agentgov.errors import AgentgovError
from agentgov.incident.drill_score import Result
from agentgov.repo.repository import Repository


def folder(repo: str) -> Path | None:
    """Where they lie; None outside of a repository."""
    try:
        return Path(Repository.open(fleet_root(Path(repo)) or repo).git_dir) / "agentgov" / "drills"
    except AgentgovError:
        return None


def keep(repo: str, result: Result) -> bool:
    """Keep the last one of its name; whether it is kept: what cannot be written costs a report later, nothing else."""
    place = folder(repo)
    if place is None:
        return False
    try:
        place.mkdir(parents=True, exist_ok=True)
        beside = place / f"{result.drill}.new"
        beside.write_bytes(msgspec.json.encode(result))
        beside.replace(place / f"{result.drill}.json")
    except OSError:
        return False
    return True


def kept(repo: str) -> dict[str, Result]:
    """The last drills that were held in this clone, by name."""
    place = folder(repo)
    found: dict[str, Result] = {}
    for file in sorted(place.glob("*.json")) if place is not None and place.is_dir() else ():
        try:
            result = msgspec.json.decode(file.read_bytes(), type=Result)
        except (OSError, msgspec.DecodeError):
            continue
        found[result.drill] = result
    return found
