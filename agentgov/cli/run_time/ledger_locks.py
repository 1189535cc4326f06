"""How what is exported to a bucket is locked there: by the retention classes, the legal holds, and what is asked for.

Of a store the records are known one by one. Of a gate it is known only that there are classes and holds: there
everything is locked by the longest period, and held where there is any legal hold. Locks are made longer and never
shorter, and no hold is lifted: who may do that does it in the bucket.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from agentgov.net.objects import NO_LOCK, Lock, Mode, Objects
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Span
from agentgov.runtime.ledger_sources import StoreSource
from agentgov.runtime.locking import Term, term_of_proofs, term_of_records
from agentgov.runtime.retention import Rules
from agentgov.runtime.tiles import bundles_between, parse_path

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Locks:
    """What decides the locks of one export. Without `rules` no class does; without `source` no record is known."""

    mode: Mode
    least_days: int
    hold: bool
    now: int  # epoch seconds
    rules: Rules | None
    source: StoreSource | None

    @property
    def asked(self) -> bool:
        """Whether locks are asked for, so that a place without them is refused."""
        return bool(self.least_days or self.hold)

    def of(self, tree: str, file: str, term: Term | None = None) -> Lock:
        """The lock of a file of a tree: of that term, where it is known; else a bundle of leaves, or hashes and what
        proves them."""
        rules, now = self.rules, self.now * 1000
        if rules is None:
            return self._lock(Term())
        if term is not None:
            return self._lock(term)
        if not file.startswith("tile/entries/"):
            return self._lock(term_of_proofs(rules, now))
        if self.source is None:
            return self._lock(Term(term_of_proofs(rules, now).until, rules.has_holds))
        tile = parse_path(file)
        return self._lock(self.source.read(lambda tx: term_of_records(tx, tree, tile.first, tile.end, rules, now)))

    def _lock(self, term: Term) -> Lock:
        least = self.now + self.least_days * _DAY if self.least_days else 0
        return Lock(self.mode, max(term.until // 1000, least), self.hold or term.held)


NOTHING_LOCKED = Locks("governance", 0, hold=False, now=0, rules=None, source=None)


@dataclass(frozen=True, slots=True)
class LockedBucket:
    """A place in a bucket where everything is locked as it should be; `locked` is what became of each tree."""

    objects: Objects
    locks: Locks
    locked: dict[str, Lock] = field(default_factory=dict)

    def read(self, path: str) -> bytes | None:
        """A file, None where there is none."""
        return self.objects.read(path)

    def write(self, path: str, chunks: Iterable[bytes], term: Term | None = None) -> None:
        """Write a file whole or not at all, and lock it."""
        self.objects.write(path, chunks, self._of(path, term))

    def remove(self, path: str) -> None:
        """Hide a file; a version of it that is locked stays until its lock ends."""
        self.objects.remove(path)

    def names(self, folder: str) -> list[str]:
        """The files in a folder."""
        return [path.removeprefix(f"{folder}/") for path in self.objects.paths(f"{folder}/")]

    def lock_again(self, tree: str, end: int, *, everything: bool) -> None:
        """Lock bundles of a tree that were written before: those that a legal hold is about now, or all of them."""
        for bundle in bundles_between(0, end):
            path = f"{tree}/{bundle.path}"
            lock = self._of(path)
            if everything or lock.hold:
                self.objects.lock(path, lock)

    def _of(self, path: str, term: Term | None = None) -> Lock:
        tree, _, file = path.partition("/")
        lock = self.locks.of(tree, file, term)
        self.locked[tree] = _both(self.locked.get(tree, NO_LOCK), lock)
        return lock


def note_locks(page: Page, bucket: LockedBucket) -> None:
    """Tell how long what was written is locked, and what of the bucket does not fit the classes."""
    for tree, lock in sorted(bucket.locked.items()):
        if lock.headers:
            until = f"until {stamp(lock.until)} ({lock.mode})" if lock.until else "for no time"
            held = ", and under a legal hold" if lock.hold else ""
            page.line(Span("locked   ", "good"), f"{tree}: the longest {until}{held}")
    rules, locking = bucket.locks.rules, bucket.objects.locks
    longest = rules.longest // (_DAY * 1000) if rules is not None and rules.longest else 0
    if locking is None:
        page.line(
            Span("unlocked ", "warn"), "the bucket does not lock objects: whoever may write there may delete them"
        )
    elif rules is not None and not longest and not bucket.locks.asked:
        page.line(Span("unlocked ", "warn"), "no retention class says for how long: --lock DAYS does")
    elif locking.default_days < longest:
        by_itself = f"for {locking.default_days}d" if locking.default_days else "nothing"
        said = f"by itself the bucket locks {by_itself}, and classes keep records for up to {longest}d"
        page.line(Span("shorter  ", "warn"), f"{said}: what others write there goes sooner")


def _both(one: Lock, other: Lock) -> Lock:
    return Lock(other.mode, max(one.until, other.until), one.hold or other.hold)
