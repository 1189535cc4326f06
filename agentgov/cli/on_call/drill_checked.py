"""What `agentgov drill report --check` does: are the reports of drills those that the journal's acts name by digest?"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from agentgov.cli.context import open_context
from agentgov.cli.on_call import drill_kept
from agentgov.cli.on_call.drill_held import markdown_of
from agentgov.cli.options import answer
from agentgov.cli.place import fleet_root
from agentgov.errors import UsageError
from agentgov.journal.query import acts
from agentgov.journal.view import View
from agentgov.report.page import Page, Span

_KEPT = "kept in this clone"


@dataclass(frozen=True, slots=True)
class _Report:
    """A report that is here: of which drill, where it lies, and its digest."""

    drill: str
    where: str
    digest: str


def check_reports(repo: str, which: str | None, last: bool, output: str) -> int:
    """Say of each report here whether an act names it; 1 where one is named by none, or an act's report is not here."""
    view = open_context(repo).view()
    name = _name(repo, which, last)
    here = [one for one in _here(repo) if name in ("", one.drill)]
    named, digests = _named(view, name), {(one.drill, one.digest) for one in here}
    rows = [(one, named.get((one.drill, one.digest))) for one in here]
    lacking = [one for one in _last(view, name) if one not in digests]
    if not rows and not lacking:
        raise UsageError(
            f"there is no report of {f'the drill {name}' if name else 'a drill'} here, and no act tells of one",
            "which there are: agentgov drill list",
        )
    holds = not lacking and all(seq is not None for _, seq in rows)
    reports = [{"drill": one.drill, "where": one.where, "digest": one.digest, "act": seq} for one, seq in rows]
    missing = [{"drill": drill, "digest": said or None} for drill, said in lacking]
    document = {"schema": "agentgov.drill-check/1", "holds": holds, "reports": reports, "missing": missing}
    answer(output, _page(rows, lacking), document)
    return int(not holds)


def _page(rows: list[tuple[_Report, int | None]], lacking: list[tuple[str, str]]) -> Page:
    page = Page()
    for one, seq in rows:
        word = Span("same  ", "good") if seq is not None else Span("OTHER ", "bad")
        told = f"the one of act {seq}" if seq is not None else "no act of the journal names it"
        page.line(word, f"{one.drill}, {one.where}: {told}")
    for drill, said in lacking:
        told = "its report is not in this clone" if said else "the act names no report, so nobody can tell"
        page.line(Span("CANNOT TELL ", "bad"), f"{drill}, when it was last held: {told}")
    return page


def _name(repo: str, which: str | None, last: bool) -> str:
    """The drill that is asked about, "" for all of them."""
    if which is not None:
        return which.rpartition("/")[2].removesuffix(".yaml")
    kept = drill_kept.kept(repo) if last else {}
    if last and not kept:
        raise UsageError("no drill was held in this clone", "check all reports: agentgov drill report --check")
    return max(kept.values(), key=lambda one: one.ended).drill if kept else ""


def _here(repo: str) -> Iterator[_Report]:
    """What is kept in this clone, and what was written into incidents/."""
    for result in drill_kept.kept(repo).values():
        yield _Report(result.drill, _KEPT, sha256(markdown_of(result).encode()).hexdigest())
    root = fleet_root(Path(repo))
    for file in sorted(root.glob("incidents/*/drill-*/report.md")) if root is not None else ():
        head, parted, text = file.read_bytes().partition(b"\n---\n\n")
        first = head.partition(b"\ndrill: ")[2].partition(b"\n")[0]
        if parted and first:
            where = file.relative_to(root).as_posix() if root is not None else str(file)
            yield _Report(first.decode(errors="replace"), where, sha256(text).hexdigest())


def _named(view: View, name: str) -> dict[tuple[str, str], int]:
    """The acts that name reports, by drill and digest."""
    found = (one for one in acts(view.repo, view.tip) if one.act.kind == "drill" and name in ("", one.act.get("Drill")))
    return {(one.act.get("Drill"), one.act.get("Report")): one.head.seq for one in found if one.act.get("Report")}


def _last(view: View, name: str) -> list[tuple[str, str]]:
    """The drills that were held, with the digest of their last report, "" where the act names none."""
    return [(run.name, run.report) for run in view.state.drills().values() if name in ("", run.name)]
