"""What `agentgov drill report` does: a drill that was held here, once more, or as a file to be reviewed."""

from agentgov.cli.on_call import drill_kept
from agentgov.cli.on_call.drill_held import document_of, markdown_of
from agentgov.cli.options import show, show_json
from agentgov.cli.place import fleet_around, write_new
from agentgov.errors import RefusedError, UsageError
from agentgov.incident.drill_score import Result
from agentgov.journal.view import day_of
from agentgov.report.page import Page, Span


def report_drill(repo: str, which: str | None, last: bool, write: bool, output: str) -> int:
    """Print it, or write it."""
    result = _found(repo, which, last)
    if output == "json":
        show_json({"schema": "agentgov.drill-report/1", **document_of(result), "recorded": None})
    elif not write:
        import click

        click.echo(markdown_of(result), nl=False)
    if write:
        path = _write(repo, result)
        show(Page().line(Span("wrote ", "good"), path).line("  commit it, and have it reviewed"), err=output == "json")
    return 0


def _found(repo: str, which: str | None, last: bool) -> Result:
    found = drill_kept.kept(repo)
    if which is None and not last:
        raise UsageError("it does not say which drill", "name one, or the last that was held: --last")
    if not found:
        raise UsageError("no drill was held in this clone", "which there are: agentgov drill list")
    if which is None:
        return max(found.values(), key=lambda one: one.ended)
    name = which.rpartition("/")[2].removesuffix(".yaml")
    if name not in found:
        raise UsageError(f"the drill {name} was not held in this clone", f"held here: {', '.join(sorted(found))}")
    return found[name]


def _write(repo: str, result: Result) -> str:
    root = fleet_around(repo)
    day = day_of(result.started)
    path = f"incidents/{day.year}/drill-{result.drill}-{day.isoformat()}/report.md"
    actions = "".join(
        f"  - {{id: {gap.id}, owner: {gap.owner!r}, due: {gap.due}, done: false}}\n" for gap in result.gaps
    )
    head = (
        f"---\ndrill: {result.drill}\nscore: {result.score}\nactions:{' []' if not actions else ''}\n{actions}---\n\n"
    )
    if not write_new(root, path, head + markdown_of(result)):
        raise RefusedError(f"{path} exists already, and nothing is overwritten", "remove that one first")
    return path
