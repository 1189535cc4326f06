"""`agentgov completion`: print the completion script of a shell."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the script that completes commands, options and agents in SHELL; source it from its start-up file.

    For bash, in ~/.bashrc: source <(agentgov completion bash)
    """
    from agentgov.cli.main import cli

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(cli, {}, "agentgov", "_AGENTGOV_COMPLETE").source())
    return 0
