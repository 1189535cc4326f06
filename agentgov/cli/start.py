"""The program's first step: `--version` is answered before anything is loaded, everything else by `main`."""

import sys

from agentgov import __version__


def run() -> None:
    """Entry point of the console script and of `python -m agentgov`."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"agentgov {__version__}\n")
        return
    from agentgov.cli.main import run as run_command_line

    run_command_line()
