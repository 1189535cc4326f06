"""The program's first step: `--version` and `--help` are answered before anything is loaded, the rest by `main`."""

import sys

from agentgov import __version__


def run() -> None:
    """Entry point of the console script and of `python -m agentgov`."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"agentgov {__version__}\n")
    elif sys.argv[1:] in (["--help"], ["-h"]):
        from agentgov.cli.commands import program_help

        sys.stdout.write(program_help())
    else:
        import gc

        gc.set_threshold(500_000)  # loading a program makes many objects and no garbage
        from agentgov.cli import ahead

        ahead.begin(sys.argv[1:])
        from agentgov.cli.main import run as run_command_line

        try:
            run_command_line()
        finally:
            ahead.end()
            gc.freeze()  # the end of the process frees everything: nothing is to be searched once more before
