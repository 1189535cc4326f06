"""The journal as a branch: read it, verify what is new, append with compare-and-swap.

The remote's branch is the journal where there is a remote; otherwise the local one is. An append builds its commits on
the verified tip, pushes them fast-forward in one go, and on a lost race reads and judges again. A crash at any line
leaves the old tip or the new one.
"""

import os
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from agentgov.errors import ConfigurationError, IncompleteError, RefusedError
from agentgov.journal.backoff import Backoff
from agentgov.journal.chain import onward
from agentgov.journal.clock import MAX_SKEW
from agentgov.journal.draft import Appender, Draft, LeaveOut
from agentgov.journal.remembered import fleets_of, remember_verified, remembered_view, verified_tip
from agentgov.journal.replayed import Offence, Replayed
from agentgov.journal.view import TreeReader, View
from agentgov.model.act import render
from agentgov.model.state import State
from agentgov.repo.objects import ObjectError
from agentgov.repo.program import ProgramError
from agentgov.repo.remote import Remote
from agentgov.repo.repository import Repository
from agentgov.trust.pins import Pins, last_seen, load_pins, save_last_seen

ATTEMPTS = 60  # races lost before an append gives up: with as many others appending, one is won in a fraction of that
LOOKS = 3  # at a journal that lacks what this machine has seen, before that is an offence
CLOCK_VARIABLE = "AGENTGOV_CLOCK_IS_RIGHT"
_NOT_AFTER = ("journal.rewound", "journal.forked")
FETCHES = 4  # times that a fetch may fail: git refuses when another process moves the same ref of this clone
REFUSALS = 4  # times that a push may fail with the tip unchanged: a lock held for a moment looks like a refusal


class Journal:
    """The journal of one fleet as this machine sees it."""

    def __init__(self, repo: Repository, branch: str = "agentgov/journal", remote: Remote | None = None) -> None:
        self.repo, self.remote = repo, remote
        self.ref = f"refs/heads/{branch}"
        self.remote_ref = f"refs/remotes/{remote.name}/{branch}" if remote is not None else self.ref
        self._verified: tuple[Pins | None, View] | None = None  # in this process
        self._backoff = Backoff()
        self.lost = 0  # races that appends of this process lost to somebody else

    # --- reading ---------------------------------------------------------------------------------------------------

    def known_tip(self) -> str | None:
        """The tip that this clone knows of, without asking the remote: the further one of remote's and local branch."""
        ours, theirs = self.repo.ref(self.ref), self.repo.ref(self.remote_ref)
        if ours is None or theirs is None:
            return ours or theirs
        try:
            return ours if self.repo.is_ancestor(theirs, ours) else theirs
        except ObjectError:  # what is wrong with it is for verification to say
            return theirs

    def fetch(self) -> str | None:
        """The remote's tip now, fetched; the local one where there is no remote. IncompleteError when unreachable."""
        if self.remote is None:
            return self.repo.ref(self.ref)
        for attempt in range(FETCHES):
            tip = self.remote.ls(self.ref).get(self.ref)
            if tip is None or (tip == self.repo.ref(self.remote_ref) and self.repo.has(tip)):
                return tip
            try:
                self.remote.fetch(f"+{self.ref}:{self.remote_ref}")
                return tip
            except IncompleteError:  # somebody else may be fetching into this clone at the same moment
                if attempt == FETCHES - 1:
                    raise
                time.sleep(secrets.randbelow(1000) / 1000 * 0.1 * (1 + attempt))
        raise AssertionError("the last attempt returns or raises")

    def verify(
        self, tip: str, now: int, *, cold: bool = False, remember: bool = True, tick: Callable[[], object] = int
    ) -> Replayed:
        """Verify up to a tip: everything when `cold`, else what is new since this machine last verified.

        Remembers a good tip as last seen, unless told not to: it may never land. A tip that does not descend from the
        last seen one is an offence, and so is the journal of another fleet than the one that this repository is known
        to be.
        """
        try:
            known = fleets_of(self.repo)
            fleet = self.fleet_id(tip, known)
            pins, seen = load_pins(fleet), last_seen(fleet)
            offence = self._foreign(fleet, tip, known) or self._not_after(seen, tip)
        except ObjectError as error:  # a commit of which not even the parents are certain
            return Replayed(None, 0, Offence("journal.object", f"the chain of acts cannot be followed: {error}", tip))
        if offence is not None:
            return Replayed(None, 0, offence)
        trusted = None if cold else self._trusted(fleet, pins)
        if trusted is not None and trusted.state.head.time > now + MAX_SKEW:  # this machine's clock was set back
            trusted = None
        found = self._judge(tip, pins, now, trusted, tick)
        if found.view is None:
            return found
        collision = self._collision(tip) if cold and found.offence is None else None
        if collision is not None:
            return Replayed(None, found.acts, collision)
        if seen is not None and seen in found.passed:
            message = f"act {seen[:12]} held when this machine saw it, and was waived since"
            waived = Replayed(None, found.acts, Offence("journal.rewound", message, seen))
            return waived if found.view.stretch is None else found
        if remember:
            self._remember(pins, found.view, seen)
        return found

    def _judge(
        self, tip: str, pins: Pins | None, now: int, trusted: View | None, tick: Callable[[], object]
    ) -> Replayed:
        if trusted is not None and trusted.tip == tip:  # most often; what judges acts is not even loaded then
            return Replayed(trusted, 0)
        from agentgov.journal.replay import verify_journal

        return verify_journal(self.repo, tip, pins, now, trusted=trusted, tick=tick)

    def view(self, now: int, *, fetch: bool = False) -> View:
        """The verified present, with the stretch that ends it where one does. ConfigurationError when there is no
        journal, RefusedError when nothing in it can be believed."""
        found = self.present(now, fetch=fetch)
        if found.view is None:
            offence = found.offence
            what = f"{offence.message} ({offence.code} at {offence.commit[:12]})" if offence else "it is empty"
            raise RefusedError(f"the journal does not verify: {what}", "run: agentgov journal verify")
        return found.view

    def present(self, now: int, *, fetch: bool = False) -> Replayed:
        """What verification says of the present, offences as values. ConfigurationError when there is no journal,
        RefusedError when there was one."""
        tip = self.fetch() if fetch else self.known_tip()
        if tip is None:
            if fleets_of(self.repo):
                raise self._gone()
            raise ConfigurationError("this repository has no journal yet", "an administrator runs: agentgov trust init")
        verify = self._verify_fetched if fetch else self.verify
        found = verify(tip, now)
        for _ in range(LOOKS):
            if found.offence is None or found.offence.code not in _NOT_AFTER:
                break
            # Another process on this machine may have seen a newer act between our two looks: look again.
            found = verify((self.fetch() if fetch else self._seen_here(tip)) or tip, now)
        return found

    def _verify_fetched(self, tip: str, now: int) -> Replayed:
        """Verify, and fetch what acts speak of and this clone does not have yet: commits of main, above all."""
        try:
            return self.verify(tip, now)
        except IncompleteError:
            heads = self.remote.ls("refs/heads/*") if self.remote is not None else {}
            missing = [name for name, oid in heads.items() if not self.repo.has(oid)]
            if self.remote is None or not missing:
                raise
            self.remote.fetch(*missing)
            return self.verify(tip, now)

    def _gone(self) -> RefusedError:
        """What to say of a journal that is not there and that this machine knows: taking it away is rewinding it."""
        known = sorted(fleets_of(self.repo))
        seen = next((tip for fleet in known if (tip := last_seen(fleet)) is not None and self.repo.has(tip)), None)
        again = (
            f"push it again: git push origin {seen}:{self.ref}" if seen else f"fetch it: git fetch origin {self.ref}"
        )
        message = f"on this machine the repository is fleet {', '.join(known)}, and there is no journal at {self.ref}"
        return RefusedError(message, f"if somebody removed it, or it was never fetched, {again}")

    def _seen_here(self, tip: str) -> str | None:
        """The tip that this machine saw last, where the refs of this clone are behind it: a process was killed, or is,
        between the two. IncompleteError where this clone has not fetched it: offline, that is no fork yet."""
        seen = last_seen(self.fleet_id(tip)) if self.remote is not None else None
        if seen is not None and not self.repo.has(seen):
            raise IncompleteError(f"this clone lacks act {seen[:12]}, which this machine has seen", "git fetch")
        return seen if seen is not None and self.repo.is_ancestor(tip, seen) else None

    def fleet_id(self, tip: str, known: frozenset[str] | None = None) -> str:
        """The id of the fleet whose journal this is: as its tip claims, where that is a fleet that this machine knows
        here, else as its first act does: whoever can push can make a tip claim anything. IncompleteError where neither
        says anything."""
        with suppress(ObjectError, IncompleteError):
            claimed = State(TreeReader(self.repo, self.repo.commit(tip).tree)).head.fleet
            if claimed in (fleets_of(self.repo) if known is None else known):
                return claimed
        commit = tip
        while (before := self._before(commit)) is not None:
            commit = before
        return State(TreeReader(self.repo, self.repo.commit(commit).tree)).head.fleet

    def _before(self, commit: str) -> str | None:
        parents = self.repo.commit(commit).parents
        try:
            return onward(self.repo, parents)
        except ObjectError:  # verification will say so
            return parents[0]

    def pins(self, view: View) -> Pins | None:
        """The pins of this fleet on this machine, None on first use."""
        return load_pins(view.state.head.fleet)

    def _collision(self, tip: str) -> Offence | None:
        """What git's hash, which knows the marks of collisions, has against the objects that the journal reaches."""
        try:
            self.repo.refuse_collisions(tip)
        except ObjectError as error:
            return Offence(error.code, str(error), tip)
        return None

    def _foreign(self, fleet: str, tip: str, known: frozenset[str]) -> Offence | None:
        if not known or fleet in known:
            return None
        message = f"on this machine the repository is fleet {', '.join(sorted(known))}, and the journal is of {fleet}"
        return Offence("journal.forked", f"{message}; if that is right, pin it: agentgov trust pin", tip)

    def _not_after(self, seen: str | None, tip: str) -> Offence | None:
        if seen is None or seen == tip or (self.repo.has(seen) and self.repo.is_ancestor(seen, tip)):
            return None
        behind = self.repo.has(seen) and self.repo.is_ancestor(tip, seen)
        code = "journal.rewound" if behind else "journal.forked"
        return Offence(code, f"this machine has seen act {seen[:12]}, which is not in it", tip)

    def _trusted(self, fleet: str, pins: Pins | None) -> View | None:
        """The furthest view that was verified under these pins, in this process or before."""
        if self._verified is not None and self._verified[0] == pins:
            return self._verified[1]
        tip = verified_tip(fleet, pins)
        try:
            return remembered_view(self.repo, fleet, pins, tip) if tip is not None and self.repo.has(tip) else None
        except (ObjectError, IncompleteError):
            return None

    def _remember(self, pins: Pins | None, view: View, seen: str | None) -> None:
        fleet = view.state.head.fleet
        if view.tip != seen:
            save_last_seen(fleet, view.tip)
        if view.stretch is not None:  # judged again until it is waived, so that everybody is told the same of it
            return
        if self._verified is None or self._verified[0] != pins or self._verified[1].tip != view.tip:
            remember_verified(fleet, pins, view)
        self._verified = (pins, view)

    # --- appending -------------------------------------------------------------------------------------------------

    def append(
        self,
        propose: Callable[[View], Sequence[Draft]],
        appender: Appender,
        clock: Callable[[], int],
        leave_out: LeaveOut | None = None,
    ) -> View:
        """Append the acts that `propose` makes of the present, all of them in one push, and return the new present.
        One that does not hold is left out where `leave_out` says so, and stops the others where it does not.

        `propose` is called again after a lost race. A draft that stands in the journal already, to the letter, has
        landed: appending it again is done, so a retry may always send the same signed text.

        RefusedError when an act does not hold or the remote refuses, IncompleteError when the remote is unreachable or
        the race is lost too often.
        """
        time.sleep(self._backoff.before())
        for _ in range(ATTEMPTS):
            started = time.monotonic()
            before = self.view(clock(), fetch=True)
            drafts = [one for one in propose(before) if not self._stands(before, one)]
            if not drafts:
                return before
            self._refuse_clock(before, drafts)
            after = self.build(before, drafts, appender, clock(), leave_out)
            if after.end == before.end:
                return before
            if self.publish(before.end, after.end):
                self._backoff.landed()
                self._remember(self.pins(after), after, before.tip)
                return after
            self.lost += 1
            time.sleep(self._backoff.lost(time.monotonic() - started))
        raise IncompleteError("somebody else was faster every time, nothing was written", "run the command again")

    def _refuse_clock(self, view: View, drafts: Sequence[Draft]) -> None:
        """Where only this machine's clock says that acts are none, whoever is wrong must not write on top of them."""
        stretch = view.stretch
        waives = all(draft.act.kind == "waive" for draft in drafts)  # it says what time it is
        if stretch is None or not stretch.is_of_clock or waives or os.environ.get(CLOCK_VARIABLE) == "1":
            return
        message = f"this machine's clock is behind the journal, or act {stretch.first[:12]} is ahead of time"
        raise RefusedError(message, f"look at the clock; if it is right, say so once: {CLOCK_VARIABLE}=1 agentgov ...")

    def start(self, draft: Draft, appender: Appender, now: int, after: str = "") -> str:
        """Write the first act, judge it, and publish it; RefusedError when there is a journal already, but for the one
        that ends in `after`, which is kept on a branch beside it."""
        from agentgov.journal.appending import write_introduction
        from agentgov.journal.beginning import begin_anew

        if after:
            return begin_anew(self, write_introduction(self.repo, draft, appender, now), after)
        if self.fetch() is not None:
            raise RefusedError("this repository has a journal already", "look at it with: agentgov journal log")
        if draft.act.fleet in fleets_of(self.repo):
            raise self._gone()
        commit = write_introduction(self.repo, draft, appender, now)
        if not self.publish(None, commit):
            raise RefusedError("somebody else started a journal at the same moment", "run: agentgov journal log")
        return commit

    def _stands(self, view: View, draft: Draft) -> bool:
        commit = view.memory.line.commit_of(draft.act.id, view.tip)
        return commit is not None and self.repo.commit(commit).message == render(draft.act)

    def build(
        self, view: View, drafts: Iterable[Draft], appender: Appender, now: int, leave_out: LeaveOut | None = None
    ) -> View:
        """The view after these acts, written and not published. RefusedError for an act that does not hold and is not
        left out."""
        from agentgov.journal.appending import write_acts

        with self.repo.packing():
            return write_acts(self.repo, view, drafts, appender, now, leave_out)

    def publish(self, old: str | None, new: str) -> bool:
        """Move the journal from `old` to `new`; False when somebody else moved it first."""
        if self.remote is None:
            return self.repo.update_ref(self.ref, new, old)
        result = self.remote.push({self.ref: new}, {self.ref: old})
        for attempt in range(REFUSALS):
            if result.landed or result.conflict:
                break
            time.sleep(0.05 * (1 + attempt))
            result = self.remote.push({self.ref: new}, {self.ref: old})
        if result.conflict:
            return False
        if not result.landed:
            said = f": {result.message}" if result.message else ""
            hint = "ask whoever runs the remote whether you may push to the journal branch"
            raise RefusedError(f"the remote does not take pushes to {self.ref}{said}", hint)
        self._track(new)
        return True

    def _track(self, tip: str) -> None:
        """Move this clone's refs after what landed. One that is locked stays behind: the journal is the remote's."""
        behind: dict[str, tuple[str | None, str]] = {}
        for name in (self.remote_ref, self.ref):
            here = self.repo.ref(name)
            if not self.repo.is_locked(name) and (here is None or self.repo.is_ancestor(here, tip)):
                behind[name] = here, tip
        if behind and not self.repo.move_refs(behind):  # another process has moved one of them, or is moving it
            for name, (here, _) in behind.items():
                with suppress(ProgramError):
                    self.repo.update_ref(name, tip, here)
