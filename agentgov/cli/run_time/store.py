"""`agentgov store`: copies of the gate's store, and what to do once one of them was brought back."""

from pathlib import Path

import click

from agentgov.cli.options import format_option, repo_option, store_option

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def store() -> None:
    """The gate's store: backups, and what holds after one was restored."""


@store.command()
@click.argument("file", type=_FILE, metavar="FILE")
@store_option
@repo_option
@format_option()
def backup(file: Path, store: str | None, repo: str, output: str) -> int:
    """Copy the store into a new file, while the gate runs.

    Of a store in PostgreSQL it is a dump for pg_restore, made by pg_dump.
    """
    from agentgov.cli.run_time.store_restored import back_up_store

    return back_up_store(repo, store, file, output)


@store.command()
@store_option
@repo_option
@format_option()
def check(store: str | None, repo: str, output: str) -> int:
    """Is the store whole, and has it what the journal and the gate of this machine know of it.

    Exit code 1 where records are missing, or where nothing is signed until a person says how it goes on.
    """
    from agentgov.cli.run_time.store_restored import check_store

    return check_store(repo, store, output)


@store.command()
@click.option("--reason", required=True, metavar="TEXT", help="What was restored, from where, and why.")
@click.option("--complete", is_flag=True, help="Nothing is missing: it was moved, or restored to the last record.")
@store_option
@repo_option
@format_option()
def restored(reason: str, complete: bool, store: str | None, repo: str, output: str) -> int:
    """Say that the store is a restored backup, where the gate cannot know (a snapshot of the whole machine).

    Open permits, reservations and logins are over then. With --complete the ledger goes on as it was.
    """
    from agentgov.cli.run_time.store_restored import tell_restored

    return tell_restored(repo, store, reason, complete, output)
