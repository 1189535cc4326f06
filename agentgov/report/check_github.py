"""A review verdict for GitHub Actions, made of the document that `check --json` prints: one annotation for the verdict,
one for each of the first paths that wait, and the log.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from agentgov.report.findings import plural
from agentgov.report.formats.github import command, harmless
from agentgov.review.requirements import WHOLE

_MOST = 9  # paths; GitHub takes ten annotations of a kind from one step


def github(document: Mapping[str, Any], log: str) -> str:
    """Annotations where the verdict is not a pass, then the page for people, in which nothing is a command."""
    lines = [harmless(line) for line in log.splitlines()]
    if document["verdict"] != "pass":
        first = command("error", {"title": f"reviews: {document['verdict']}"}, _sentence(document))
        lines = [first, *_paths(document), *lines]
    return "".join(f"{line}\n" for line in lines)


def _paths(document: Mapping[str, Any]) -> Iterator[str]:
    """What each path lacks, at its first line."""
    lacking: dict[str, list[str]] = {}
    for one in document["requirements"]:
        if one["missing"] and one["path"] != WHOLE:
            could = ", ".join(one["candidates"]) or "nobody"
            lacking.setdefault(one["path"], []).append(f"{one['missing']} more of {one['name']}: {could}")
    for path, said in list(lacking.items())[:_MOST]:
        yield command("warning", {"file": path, "line": "1", "title": "waits for a review"}, "; ".join(said))


def _sentence(document: Mapping[str, Any]) -> str:
    """What the verdict rests on, in a few words."""
    unmet = [one for one in document["requirements"] if one["missing"]]
    if document["blocked_by"]:
        return f"{', '.join(document['blocked_by'])} asked for changes"
    if unmet:
        needed = ", ".join(dict.fromkeys(f"{one['count']} of {one['name']}" for one in unmet))
        return f"{len(unmet):,} of {plural(len(document['requirements']), 'requirement')} not met: {needed}"
    return f"{plural(len(document['missing_paths']), 'path')} cannot pass yet; the log of this step says why"
