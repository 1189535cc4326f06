"""What most commands need: the repository one stands in, its journal, and who one is.

Reads the world for the commands; decides nothing.
"""

import os
from dataclasses import dataclass, field
from typing import Any

from agentgov.cli import ahead
from agentgov.cli.options import show
from agentgov.errors import ConfigurationError, RefusedError
from agentgov.journal.branch import Journal
from agentgov.journal.branch_name import journal_branch
from agentgov.journal.draft import Actor, Appender
from agentgov.journal.overriding import Shown
from agentgov.journal.stretch import Stretch
from agentgov.journal.view import View
from agentgov.model.access import BotKind
from agentgov.repo import clock
from agentgov.repo.remote import Remote
from agentgov.repo.repository import Repository
from agentgov.repo.signing import KEY_FILE_VARIABLE, person_signer
from agentgov.report.moments import age
from agentgov.report.page import Page, Span
from agentgov.trust.identity import Identity
from agentgov.trust.keys import PublicKey, parse_public_key
from agentgov.trust.signers import KeyFileSigner, StrictSigner, bot_signer, stored_bot_key


@dataclass(frozen=True, slots=True)
class Context:
    """A repository with a fleet, and its journal."""

    repo: Repository
    journal: Journal
    _warned: list[str] = field(default_factory=list, repr=False)

    def view(self, *, fetch: bool = False) -> View:
        """The verified present of the journal; `fetch` asks the remote first. ConfigurationError without one."""
        if not fetch:
            self.tip()
        try:
            view = self.journal.view(clock.now(), fetch=fetch)
            self._warn(view)
            return view
        except RefusedError as error:
            how = "agentgov journal verify" + (" --fetch" if fetch else "")
            raise RefusedError(error.message, f"see what is wrong with it, and what to do: {how}") from error

    def _warn(self, view: View) -> None:
        """Say once that the journal holds what is no act, and what to do."""
        if view.stretch is not None and not self._warned:
            self._warned.append(view.stretch.first)
            show(broken_page(view.stretch), err=True)

    def tip(self) -> str:
        """The tip of the journal that this clone knows of, not verified. ConfigurationError where it knows of none."""
        tip = self.journal.known_tip()
        if tip is not None:
            return tip
        branch, remote = self.journal.ref.removeprefix("refs/heads/"), self.journal.remote
        start = "an administrator starts it: agentgov trust init"
        if remote is None:
            raise ConfigurationError("this repository has no journal yet", start)
        fetch = f"git fetch {remote.name} {branch}:refs/remotes/{remote.name}/{branch}"
        raise ConfigurationError("this clone has no journal", f"fetch it: {fetch}; if the fleet has none yet, {start}")

    def person(self, view: View) -> Actor:
        """Whoever sits here, by the key that git is set up to sign with. RefusedError when it is not in Access."""
        signer = StrictSigner(person_signer(self.repo))
        identity = _identity(view, signer.key)
        if identity.kind != "person":
            where = f"unset {KEY_FILE_VARIABLE}" if os.environ.get(KEY_FILE_VARIABLE) else "change user.signingkey"
            hint = f"{where}, so that your own key signs; a bot's key is for `agentgov reconcile`"
            raise RefusedError(f"the key at hand is the bot {identity.id}'s, and this takes a person", hint)
        name, email = self.repo.ident()
        return Actor(identity, Appender(signer, name, email))

    def person_or_bot(self, view: View, kind: BotKind) -> Actor:
        """Whoever's key is at hand: the person who sits here, or a bot of that kind."""
        identity = view.directory.by_key(StrictSigner(person_signer(self.repo)).key)
        return self.bot(view, kind) if identity is not None and identity.kind == "bot" else self.person(view)

    def bot(self, view: View, kind: BotKind, key_file: str = "") -> Actor:
        """The bot of that kind whose key is at hand: of the file that is named, else AGENTGOV_KEY_FILE, else the one
        that is stored for the fleet."""
        signer: KeyFileSigner | None = KeyFileSigner(key_file) if key_file else bot_signer()
        signer = signer or stored_bot_key(view.state.head.fleet, kind)
        if signer is None:
            hint = f"point {KEY_FILE_VARIABLE} at the private key of the bot"
            if not any(one.kind == kind for one in view.governance.access.bots):
                hint = f"no bot is one yet: agentgov access add-bot {kind} --kind {kind} --make-key, and its review"
            raise ConfigurationError(f"there is no key of {'an' if kind[0] in 'aeiou' else 'a'} {kind} at hand", hint)
        identity = _identity(view, parse_public_key(signer.public_key))
        if identity.bot_kind != kind:
            owner = f"the bot {identity.id}'s" if identity.kind == "bot" else f"{identity.id}'s own"
            hint = f"point {KEY_FILE_VARIABLE} at the private key of the {kind}"
            raise RefusedError(f"the key at hand is {owner}, and this takes a bot of kind {kind}", hint)
        return Actor(identity, Appender(signer, f"agentgov {identity.id}", f"{identity.id}@bots.invalid"))


def open_context(start: str) -> Context:
    """The repository around a directory, with its journal. ConfigurationError when there is no repository."""
    repo = ahead.repository(start)
    return Context(repo, Journal(repo, journal_branch(repo), Remote.of(repo)))


def journal_line(view: View) -> Span:
    """Of which journal a verdict speaks: the last act that counted, and how old it is."""
    head = view.state.head
    return Span(f"journal act {head.seq}, {view.tip[:12]}, {age(clock.now() - head.time)} old", "dim")


def override_json(shown: Shown) -> dict[str, Any]:
    """An override as documents carry it."""
    record = shown.record
    return {
        "act": record.seq,
        "id": shown.id,
        "by": list(record.by),
        "paths": [path.path for path in record.paths],
        "release": record.release or None,
        "agent": record.agent or None,
        "used": record.used,
        "due": record.due or None,
        "confirmed": bool(record.confirmed),
        "overdue": shown.overdue,
        "reason": record.reason,
    }


def broken_page(stretch: Stretch) -> Page:
    """That the journal holds what is no act, and what to do about it."""
    page = Page().line(Span("broken ", "bad"), f"the journal does not hold from {stretch.first[:12]} on")
    page.line(f"  {stretch.message} ({stretch.code}); what follows speaks of the last act that holds")
    page.line("  pause, hold, abort, rollback and revoke work; nothing else does until administrators waive it:")
    return page.line(f"  agentgov waive {stretch.first[:12]} --reason ..., after looking at it (docs/recovery.md)")


def journal_json(view: View) -> dict[str, Any]:
    """The same as every document carries it; `time` is journal time in epoch seconds."""
    head, stretch = view.state.head, view.stretch
    known = {"tip": view.tip, "seq": head.seq, "time": head.time}
    if stretch is None:
        return known
    return {**known, "broken": {"first": stretch.first, "last": stretch.last, "code": stretch.code}}


def _identity(view: View, key: PublicKey) -> Identity:
    identity = view.directory.by_key(key)
    if identity is None:
        hint = "an administrator adds it to governance/access.yaml; it takes effect when that change is authorised"
        raise RefusedError(f"your key {key.fingerprint} is nobody's in the authorised Access", hint)
    return identity
