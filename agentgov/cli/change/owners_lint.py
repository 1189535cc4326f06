"""What `agentgov owners --lint` looks at: CODEOWNERS with all files of the repository, and in a fleet with its people.

Reads and puts together; `owners.lint` and `validate.ownership` judge.
"""

from collections.abc import Iterator
from itertools import groupby

from agentgov.cli.change.sources import Source, read_codeowners
from agentgov.model.finding import Finding, Severity, order
from agentgov.model.governed import ACCESS_FILE, FLEET_FILE, in_governance_set
from agentgov.model.partition import folder_of
from agentgov.model.snapshot import MemorySnapshot, path_text
from agentgov.model.verdict import Location
from agentgov.owners.codeowners import Codeowners, Dialect, match
from agentgov.owners.lint import INDIVIDUAL, lint
from agentgov.report.findings import Checked, Report

COMMAND = "owners-lint"


def linted(source: Source, dialect: Dialect | None, select: tuple[str, ...], ignore: tuple[str, ...]) -> Report:
    """Everything about the CODEOWNERS that decides, in the order of its lines."""
    codeowners = read_codeowners(source, dialect)
    text = path_text(source.read(codeowners.file) or b"") if codeowners.file else ""
    files = tuple(source.expand(""))
    fleet = ACCESS_FILE in files and FLEET_FILE in files and dialect is None
    found = [one for one in lint(codeowners, text, files) if not (fleet and one.code == "owner.too-few")]
    if fleet:
        found += [one for one in _of_fleet(source, codeowners, files) if one.code != "codeowners.matches-nothing"]
    wanted = {one for one in found if _wanted(one.code, select, ignore)}
    return Report(
        command=COMMAND,
        findings=tuple(sorted(wanted, key=order)),
        checked=Checked(0, len(files), codeowners.file or "no CODEOWNERS", lambda: files),
        failing=frozenset(Severity),
        read=source.read,
    )


def _of_fleet(source: Source, codeowners: Codeowners, files: tuple[str, ...]) -> Iterator[Finding]:
    """What governance adds: owners whom Access does not know, who may not review, who are too few; unowned agents."""
    from agentgov.validate import ownership
    from agentgov.validate.facts import Facts
    from agentgov.validate.load import load_parts
    from agentgov.validate.view import View

    governance = {path: source.read(path) or b"" for path in files if in_governance_set(path)}
    snapshot = MemorySnapshot(governance)
    parts = load_parts(snapshot)
    view = View(snapshot, snapshot.entries(), parts)
    folders = {folder: list(paths) for folder, paths in groupby(sorted(files, key=folder_of), key=folder_of)}
    owned = [Facts(owned=ownership.decided(parts, paths)) for paths in folders.values()]
    yield from ownership.check(view, owned, folders)
    for folder, paths in folders.items():
        unowned = [path for path in paths if folder and not match(codeowners, path).owners]
        if unowned:
            more = f" and {len(unowned) - 1} more" if len(unowned) > 1 else ""
            message = f"{unowned[0]}{more} of {folder} has no owner"
            yield Finding("owner.unowned", Severity.ERROR, Location(unowned[0], 1, 1), message, "name its owners")


def _wanted(code: str, select: tuple[str, ...], ignore: tuple[str, ...]) -> bool:
    names = {code, code.partition(".")[0]}
    if not names.isdisjoint(ignore) or (code == INDIVIDUAL and code not in select):
        return False
    return not select or not names.isdisjoint(select)
