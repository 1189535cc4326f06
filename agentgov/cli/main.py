"""Entry point: finds the command, runs it, and turns what went wrong into one message and an exit code.

Commands are imported when they are called, so that a command loads only what it needs.
"""

import importlib
import os
import sys
from typing import TYPE_CHECKING

import click

from agentgov import __version__
from agentgov.cli.commands import COMMANDS, module_of, program_help
from agentgov.errors import AgentgovError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMPLETE = "_AGENTGOV_COMPLETE"  # set by a shell that wants to know what may follow


class LazyGroup(click.Group):
    """A group whose commands are modules, imported on use; the listing needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(module_of(cmd_name))
        command: click.Command = getattr(module, cmd_name.replace("-", "_"), None) or module.command
        if COMPLETE in os.environ:
            from agentgov.cli.completing import attach

            attach(command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem

        named = [CompletionItem(name, help=told[2]) for name, told in COMMANDS.items() if name.startswith(incomplete)]
        return [*named, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            from agentgov.model.guess import closest

            close = closest(name, tuple(COMMANDS))
            ctx.fail(f"there is no command {name!r}." + (f" Did you mean {close!r}?" if close else ""))
        return super().resolve_command(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        return program_help().rstrip()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="agentgov", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
@click.option("--no-color", is_flag=True, help="Plain text, also on a terminal.")
def cli(debug: bool, no_color: bool) -> None:
    """Git-backed governance of AI agents; `commands` says it in full."""
    if no_color:
        os.environ["NO_COLOR"] = "1"


def run(args: list[str] | None = None) -> None:
    """Run the command line and exit: the one place where an error becomes a message and an exit code."""
    sys.exit(_delivered(status(sys.argv[1:] if args is None else args)))


def status(args: list[str]) -> int:
    """Run the command line and return its exit code; every error has been told on stderr."""
    if COMPLETE in os.environ:
        return _completed(args)
    debug = "--debug" in args
    try:
        result = cli.main(args=args, prog_name="agentgov", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.UsageError as error:
        _tell_usage(error)
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except AgentgovError as error:
        if debug:
            raise
        _tell(error.message, error.hint, error.rule)
        return error.exit_code
    except BrokenPipeError:
        return 0  # the reader went away (`| head`)
    except Exception as error:
        if debug:
            raise
        _tell(
            f"internal error: {type(error).__name__}: {error}",
            "run again with --debug and report what it shows",
        )
        return 3
    return result if isinstance(result, int) else 0


def _delivered(code: int) -> int:
    """The exit code, once what was printed has left this process; what cannot is said, if nothing was said before.

    Nothing may be left in the buffer: Python would try again at its end, and put its own exit code in place of ours.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return code
        if code != 3:
            _tell(f"the answer cannot be written: {error}", "make room, and run it again")
        return 3
    return code


def _completed(args: list[str]) -> int:
    """What a shell asked for; whatever is broken, the line that somebody types stays free of messages."""
    from agentgov.cli.completing import prepare

    try:
        prepare(os.environ)
        cli.main(args=args, prog_name="agentgov", standalone_mode=False)
    except Exception:
        return 1
    return 0


def _tell_usage(error: click.UsageError) -> None:
    """What is wrong with the words of the command line, in the same form as every other error."""
    name = error.ctx.command_path if error.ctx is not None else "agentgov"
    if error.ctx is not None and error.format_message() == error.ctx.get_help():  # a group called without a command
        click.echo(error.format_message(), err=True)
        return
    hint = f"how it is called: {name} --help"
    if "unexpected extra argument" in error.message:
        hint = f'text of several words stands in quotes: --reason "two words"; {hint}'
    _tell(error.format_message(), hint)


def _tell(message: str, hint: str, rule: str = "") -> None:
    from agentgov.report.page import safe

    click.echo(f"{click.style('error:', fg='red', bold=True)} {safe(message)}", err=True)
    if hint:
        click.echo(f"  {click.style('hint:', fg='cyan')} {safe(hint)}", err=True)
    if rule:
        click.echo(f"  {click.style('why:', fg='cyan')} agentgov explain {rule}", err=True)
