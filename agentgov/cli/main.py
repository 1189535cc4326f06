"""Entry point: finds the command, runs it, and turns what went wrong into one message and an exit code.

Commands are imported when they are called, so that `--help` and `--version` load nothing but click.
"""

import importlib
import os
import sys

import click

from agentgov import __version__
from agentgov.errors import AgentgovError

# command -> (module under agentgov.cli, group it is listed in, one line)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": ("demo", "Start", "The whole story on a throw-away fleet, with real keys and a real remote."),
    "init": ("init", "Start", "Scaffold a fleet: files, CODEOWNERS, CI workflow, pre-commit hook."),
    "new": ("new", "Start", "Scaffold one agent that validates."),
    "import": ("import_", "Start", "Turn agents of another format into agents of this fleet."),
    "doctor": ("doctor", "Start", "Is this machine and this fleet set up right, and what to do about it."),
    "validate": ("validate", "Change", "Schema, references, ownership and layout, all findings at once."),
    "diff": ("diff", "Change", "What a change really does to each agent, riskiest first."),
    "owners": ("owners", "Change", "Owners of paths and the line that names them."),
    "check": ("check", "Change", "The required-review verdict: who approved, who is missing, and why."),
    "review": ("review", "Change", "Sign a review into the journal."),
    "can": ("can", "Access", "May this person do that, and by which binding."),
    "who": ("who", "Access", "Everyone who may, and by which binding."),
    "trust": ("trust", "Trust", "Adopt a repository; the pins that verification starts from."),
    "journal": ("journal", "Trust", "The signed acts, and whether they are all in order."),
    "verify": ("verify", "Trust", "Would the reconciler release this? The full trust verdict."),
    "release": ("release", "Release", "Tag an agent: signed, annotated, bound to its closure."),
    "reconcile": ("reconcile", "Release", "Observe, verify, plan and apply what is due."),
    "status": ("status", "Release", "What runs where, at what share, since when, what it waits for."),
    "history": ("history", "Release", "Every act on an agent: who, when, why."),
    "show": ("show", "Release", "The resolved configuration of an agent at any moment."),
    "promote": ("promote", "Release", "A person's word at a gate of the pipeline."),
    "hold": ("hold", "Release", "Keep an agent where it is, or lift that."),
    "abort": ("abort", "Release", "Take a candidate out of the pipeline."),
    "clear": ("clear", "Release", "Take a bad mark off a release, or start an inconclusive canary anew."),
    "rollback": ("rollback", "On call", "Back to the prior good release at once."),
    "pause": ("pause", "On call", "Stop one agent, or a selector, and nobody else."),
    "resume": ("resume", "On call", "Let what was paused go on."),
    "schema": ("schema", "Tools", "Print the JSON Schema of a kind."),
    "completion": ("completion", "Tools", "Print the completion script of a shell."),
}


class LazyGroup(click.Group):
    """A group whose commands are modules, imported on use; the listing needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"agentgov.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"), None) or module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            import difflib

            close = difflib.get_close_matches(name, COMMANDS, 1)
            ctx.fail(f"there is no command {name!r}." + (f" Did you mean {close[0]!r}?" if close else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max((len(name) for name in COMMANDS), default=0)
        for section in dict.fromkeys(section for _, section, _ in COMMANDS.values()):
            with formatter.section(section):
                rows = [(name.ljust(width), line) for name, (_, group, line) in COMMANDS.items() if group == section]
                formatter.write_dl(rows)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="agentgov", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
@click.option("--no-color", is_flag=True, help="Plain text, also on a terminal.")
def cli(debug: bool, no_color: bool) -> None:
    """Git-backed governance of AI agents.

    Exit codes: 0 yes or done, 1 findings or refused, 2 usage or configuration, 3 could not decide (safe to retry).
    """
    if no_color:
        os.environ["NO_COLOR"] = "1"


def run(args: list[str] | None = None) -> None:
    """Run the command line and exit: the one place where an error becomes a message and an exit code."""
    sys.exit(status(sys.argv[1:] if args is None else args))


def status(args: list[str]) -> int:
    """Run the command line and return its exit code; every error has been told on stderr."""
    debug = "--debug" in args
    try:
        result = cli.main(args=args, prog_name="agentgov", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.UsageError as error:
        error.show()
        if "unexpected extra argument" in error.message:
            click.echo('  hint: text of several words stands in quotes: --reason "two words"', err=True)
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except AgentgovError as error:
        if debug:
            raise
        _tell(error.message, error.hint)
        return error.exit_code
    except BrokenPipeError:
        # The reader went away (`| head`); what is left must not be flushed into the closed pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if debug:
            raise
        _tell(
            f"internal error: {type(error).__name__}: {error}",
            "run again with --debug and report what it shows",
        )
        return 3
    return result if isinstance(result, int) else 0


def _tell(message: str, hint: str) -> None:
    from agentgov.report.page import safe

    click.echo(f"{click.style('error:', fg='red', bold=True)} {safe(message)}", err=True)
    if hint:
        click.echo(f"  {click.style('hint:', fg='cyan')} {safe(hint)}", err=True)
