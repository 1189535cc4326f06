"""A review verdict for GitHub Actions, made of the document that `check --json` prints: one annotation, and the log."""

from collections.abc import Mapping
from typing import Any

from agentgov.report.findings import plural
from agentgov.report.formats.github import command, harmless


def github(document: Mapping[str, Any], log: str) -> str:
    """An annotation where the verdict is not a pass, then the page for people, in which nothing is a command."""
    lines = [harmless(line) for line in log.splitlines()]
    if document["verdict"] != "pass":
        lines.insert(0, command("error", {"title": f"reviews: {document['verdict']}"}, _sentence(document)))
    return "".join(f"{line}\n" for line in lines)


def _sentence(document: Mapping[str, Any]) -> str:
    """What the verdict rests on, in a few words."""
    unmet = [one for one in document["requirements"] if one["missing"]]
    if document["blocked_by"]:
        return f"{', '.join(document['blocked_by'])} asked for changes"
    if unmet:
        needed = ", ".join(dict.fromkeys(f"{one['count']} of {one['name']}" for one in unmet))
        return f"{len(unmet):,} of {plural(len(document['requirements']), 'requirement')} not met: {needed}"
    return f"{plural(len(document['missing_paths']), 'path')} cannot pass yet; the log of this step says why"
