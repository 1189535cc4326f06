"""`agentgov forge`: the commands that work on pull requests. Each is loaded when it is called."""

import importlib

import click

# subcommand -> module under agentgov.cli whose `command` it is; alphabetical
SUBCOMMANDS: dict[str, str] = {
    "import-reviews": "forge_import",
    "listen": "forge_listen",
    "release-page": "forge_release_page",
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = SUBCOMMANDS.get(cmd_name)
        if module is None:
            return None
        found = importlib.import_module(f"agentgov.cli.change.{module}").command
        assert isinstance(found, click.Command)
        return found


@click.group(cls=_Lazy)
def forge() -> None:
    """Pull requests on GitHub and merge requests on GitLab."""
