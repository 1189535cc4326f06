"""`agentgov drill`: practise what is in a playbook: what there is, what is due, holding one, what came of it."""

from pathlib import Path

import click

from agentgov.cli import parameters
from agentgov.cli.options import format_option, repo_option
from agentgov.model.names import AgentId
from agentgov.scaffold.drills import TYPES, DrillType


@click.group()
def drill() -> None:
    """Practise what people do when it goes wrong (docs/drills.md)."""


@drill.command("list")
@repo_option
@format_option()
def list_(repo: str, output: str) -> int:
    """Every drill: when it was last held, how it came out, when it is due."""
    from agentgov.cli.on_call.drill_shown import list_drills

    return list_drills(repo, output)


@drill.command()
@repo_option
@format_option()
def due(repo: str, output: str) -> int:
    """The drills that are due or overdue, by `every` and by when the journal says they were last held.

    Exit code 1 where one is overdue.
    """
    from agentgov.cli.on_call.drill_shown import due_drills

    return due_drills(repo, output)


@drill.command()
@click.argument("which", metavar="DRILL")
@repo_option
@format_option()
def show(which: str, repo: str, output: str) -> int:
    """One drill as it would be held, without its questions; and the gaps that are seen before it."""
    from agentgov.cli.on_call.drill_shown import show_drill

    return show_drill(repo, which, output)


@drill.command()
@click.argument("agent", type=parameters.agent, shell_complete=parameters.complete_agent)
@click.option("--type", "type_", type=click.Choice(TYPES), default="tabletop", show_default=True, help="What is done.")
@repo_option
@format_option()
def new(agent: AgentId, type_: DrillType, repo: str, output: str) -> int:
    """Write a drill to begin with, of the playbook of AGENT.

    The right answers of a tabletop are what the fleet says today: who is on call, who may go back to the release
    before. A recovery restores everything, and is held by whom that playbook names. Exit code 1 where its file is
    there already.
    """
    from agentgov.cli.on_call.drill_new import new_drill

    return new_drill(repo, type_, agent, output)


@drill.command()
@click.argument("which", metavar="DRILL")
@click.option(
    "--answers",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="Answers by question, with how long each took, instead of asking.",
)
@click.option(
    "--backup", type=click.Path(path_type=Path), metavar="FILE", help="Recovery: the store's backup to restore."
)
@click.option("--mirror", type=click.Path(path_type=Path), metavar="DIR", help="Recovery: the mirror clone to restore.")
@click.option("--scratch", metavar="URL", help="Recovery: an empty database to restore a dump of PostgreSQL into.")
@click.option(
    "--no-record", is_flag=True, help="Only try it, as its file lies here: nothing is written into the journal."
)
@repo_option
@format_option("markdown")
def run(
    which: str,
    answers: Path | None,
    backup: Path | None,
    mirror: Path | None,
    scratch: str | None,
    no_record: bool,
    repo: str,
    output: str,
) -> int:
    """Hold a drill: DRILL is its name or its path.

    A tabletop tells and asks, here or from a file, by a clock of its own. In a live one a drill agent fails at the gate
    where you are logged in, and people answer. A recovery restores the journal from a mirror and the store from a
    backup, in a temporary place (a dump of PostgreSQL: in --scratch), and verifies both. How it came out is an act of
    the journal. Exit 0: every objective is met; 1: one was missed; 3: it was not held to its end.
    """
    from agentgov.cli.on_call.drill_held import Asked, hold
    from agentgov.cli.on_call.drill_recovery import Copies

    return hold(repo, which, Asked(answers, Copies(mirror, backup, scratch), no_record), output)


@drill.command()
@click.argument("which", metavar="[DRILL]", required=False)
@click.option("--last", is_flag=True, help="The drill that was last held in this clone.")
@click.option("--write", is_flag=True, help="Write it into incidents/, as a change to be reviewed.")
@click.option("--check", is_flag=True, help="Say whether reports here are those that the journal names by digest.")
@repo_option
@format_option("markdown")
def report(which: str | None, last: bool, write: bool, check: bool, repo: str, output: str) -> int:
    """What came of a drill that was held in this clone: objectives, gaps, and who does what by when.

    With --check the reports that are kept here and those in incidents/, of DRILL or of all drills, are held against the
    journal. Exit code 1 where one is not the one that an act names, or where nobody can tell.
    """
    if check:
        from agentgov.cli.on_call.drill_checked import check_reports

        if write or output == "markdown":
            raise click.UsageError("--check writes nothing, and tells in text or in JSON")
        return check_reports(repo, which, last, output)
    from agentgov.cli.on_call.drill_reported import report_drill

    return report_drill(repo, which, last, write, output)
