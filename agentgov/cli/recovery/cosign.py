"""`agentgov cosign`: add one's signature to an act that takes several people."""

from pathlib import Path

import click

from agentgov.cli import together
from agentgov.cli.options import format_option, repo_option


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--show", "only_show", is_flag=True, help="Print the act, and sign nothing.")
@repo_option
@format_option()
def cosign(file: Path, only_show: bool, repo: str, output: str) -> int:
    """Sign the act in FILE, which somebody else wrote with --draft, and append it when enough have signed.

    Read it first, with --show: your signature stands under exactly that text.
    """
    if only_show:
        return together.show_draft("cosign", output, file)
    return together.cosign("cosign", output, repo, file)
