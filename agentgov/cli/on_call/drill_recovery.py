"""A recovery drill: the journal from a mirror clone, the store from a backup, both in a temporary place, both verified.

Nothing that runs is touched, and nothing of what was restored is kept. What verifies is this program, as an operator
would call it on the day.
"""

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from agentgov.cli.on_call.itself import says
from agentgov.cli.options import show
from agentgov.errors import AgentgovError, ConfigurationError, UsageError
from agentgov.incident.drill_score import Course, Gap
from agentgov.repo.program import first_line, git, without_credentials
from agentgov.repo.repository import Repository
from agentgov.report.drill import took, wrapped
from agentgov.report.page import Page, Span
from agentgov.runtime.newest import newest
from agentgov.store.open import open_existing
from agentgov.store.restore import is_dump, restored

_SECONDS = 3600.0  # for one part
_JOURNAL, _STORE = ("clone", "journal"), ("store", "ledger")


@dataclass
class _Recovery:
    """What was done so far: each part with whether it went well, and what is missing."""

    quiet: bool
    went: dict[str, bool] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    newest: int | None = None  # when the newest thing in the backup was written, epoch milliseconds

    def part(self, name: str, words: str, work: Callable[[], str]) -> bool:
        """Do one part and say how it went; `work` gives what went wrong, "" where nothing did."""
        began = time.monotonic()
        try:
            problem = work()
        except (AgentgovError, OSError) as error:
            problem = _words(error)
        self.went[name] = not problem
        word = Span("done  ", "good") if not problem else Span("FAILED", "bad")
        page = Page().line("  ", word, f" {words}", Span(f", {took(time.monotonic() - began)}", "dim"))
        for line in wrapped(problem, "         ") if problem else ():
            page.line(line)
        show(page, err=self.quiet)
        if problem:
            self.gap(name, f"{words}: {problem}", "find out why, and hold it again")
        return not problem

    def gap(self, name: str, gap: str, do: str) -> None:
        """Something that is missing."""
        self.gaps.append(Gap(f"recovery-{name}", gap, "", do=do))


@dataclass(frozen=True, slots=True)
class Copies:
    """What is restored: a mirror clone (else the remote), a backup of the store, and a database for a dump."""

    mirror: Path | None = None
    backup: Path | None = None
    scratch: str | None = None


def recover(repo: str, copies: Copies, now: int, quiet: bool) -> Course:
    """Restore and verify; see `drill run`. `now` in epoch seconds is what the age of the backup is counted to."""
    source = str(copies.mirror.absolute()) if copies.mirror is not None else _remote(repo)
    began = time.monotonic()
    drill = _Recovery(quiet)
    show(Page().blank().line(Span("RECOVERY", "bold")), err=quiet)
    with tempfile.TemporaryDirectory(prefix="agentgov-recovery-") as name:
        place = Path(name)
        _journal(drill, place, source)
        _store(drill, place, copies)
    seconds = time.monotonic() - began
    journal, store = (all(drill.went.get(part, False) for part in parts) for parts in (_JOURNAL, _STORE))
    measured = {"journal-restored": float(journal), "store-restored": float(store), "restored": (journal + store) / 2}
    if journal and store:
        measured["time-to-restore"] = seconds
    if drill.newest is not None:
        measured["backup-age"] = max(now - drill.newest / 1000, 0.0)
    return Course(measured, max(round(seconds), 1), gaps=tuple(drill.gaps))


def _journal(drill: _Recovery, place: Path, source: str) -> None:
    def clone() -> str:
        done = git(place, "clone", "--quiet", "--mirror", "--", source, "fleet.git", timeout=_SECONDS, check=False)
        return "" if done.code == 0 else first_line(done.err)

    # What goes wrong is recorded for ever, and an address may have a token in it.
    if drill.part("clone", f"clone the fleet from {without_credentials(source)}", clone):
        command = ("journal", "verify", "--no-fetch", "--repo", str(place / "fleet.git"))
        drill.part("journal", "verify every act of its journal", lambda: _verdict(command, place))


def _store(drill: _Recovery, place: Path, copies: Copies) -> None:
    if copies.backup is None:
        drill.gap(
            "backup",
            "no backup of the store was brought",
            "make one: agentgov store backup FILE, and name it: --backup FILE",
        )
        return
    backup, found = copies.backup, list[tuple[str, dict[str, str]]]()
    with ExitStack() as held:

        def bring() -> str:
            if not backup.is_file():
                return f"there is no file {backup}"
            found.append(held.enter_context(_brought(backup, place, copies.scratch)))
            return ""

        if drill.part("backup", f"bring back the store from {backup.name}", bring):
            _verified(drill, place, *found[0])


@contextmanager
def _brought(backup: Path, place: Path, scratch: str | None) -> Iterator[tuple[str, dict[str, str]]]:
    """The URL of the store as it was brought back, and what has to be in the environment to open it."""
    if is_dump(backup):
        if scratch is None:
            raise UsageError(
                "it is a dump of PostgreSQL, and there is no database to restore it into",
                "name one that is empty: --scratch postgresql://USER@HOST/DATABASE",
            )
        with restored(backup, scratch) as there:
            yield there
        return
    if backup.read_bytes()[:15] != b"SQLite format 3":
        raise UsageError(
            "it is neither a file of SQLite nor a dump of PostgreSQL", "make one: agentgov store backup FILE"
        )
    copy = place / "store.db"
    shutil.copyfile(backup, copy)
    copy.chmod(0o600)
    yield str(copy), {}


def _verified(drill: _Recovery, place: Path, url: str, env: dict[str, str]) -> None:
    """Ask of the store that was brought back what one would ask on the day."""
    at = ("--store", url, "--repo", str(place / "fleet.git"))
    drill.part("store", "is the store whole", lambda: _whole(("store", "check", *at, "--json"), place, env))
    drill.part("ledger", "verify every record of its ledger", lambda: _verdict(("ledger", "verify", *at), place, env))
    if not drill.went["store"]:
        return

    def age() -> str:
        drill.newest = _newest(url, env)
        return "" if drill.newest is not None else "nothing in it tells when it was written"

    drill.part("age", "see when the newest thing in it was written", age)


def _newest(url: str, env: dict[str, str]) -> int | None:
    if env:
        url += f"&password={quote(env['PGPASSWORD'], safe='')}"  # in this process only
    store = open_existing(url)
    try:
        return store.read(newest).result()
    finally:
        store.close()


def _whole(command: tuple[str, ...], place: Path, env: dict[str, str]) -> str:
    """What is broken in the store. That it is a backup, and may lack what came after it, is no flaw of a backup."""
    _, out, err = says(command, place, _SECONDS, env)
    try:
        flaws = json.loads(out)["flaws"]
    except (ValueError, KeyError):
        return _first(err or out)
    return "; ".join(flaws)


def _verdict(command: tuple[str, ...], place: Path, env: dict[str, str] | None = None) -> str:
    """What a command of this program found wrong; "" where nothing is."""
    code, out, err = says(command, place, _SECONDS, env)
    if code == 0:
        return ""
    return f"{_first(err or out)} (exit code {code})"


def _words(error: AgentgovError | OSError) -> str:
    if not isinstance(error, AgentgovError):
        return str(error)
    return f"{error.message}: {error.hint}" if error.hint else error.message


def _first(said: str) -> str:
    line = next((line for line in said.splitlines() if line.strip()), "it did not say why")
    return line.removeprefix("error: ")


def _remote(repo: str) -> str:
    """Where this clone came from. ConfigurationError where nobody knows."""
    url = Repository.open(repo).config("remote.origin.url")
    if not url:
        raise ConfigurationError("this clone has no remote", "name what is to be restored: --mirror DIR")
    return url
