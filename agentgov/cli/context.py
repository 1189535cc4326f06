"""What most commands need: the repository one stands in, its journal, and who one is.

Reads the world for the commands; decides nothing.
"""

from dataclasses import dataclass

from agentgov.errors import ConfigurationError, RefusedError
from agentgov.journal.branch import Journal
from agentgov.journal.draft import Actor, Appender
from agentgov.journal.view import View
from agentgov.model.access import BotKind
from agentgov.model.document import Document
from agentgov.model.fleet import JournalSettings
from agentgov.model.governed import FLEET_FILE
from agentgov.repo import clock
from agentgov.repo.remote import Remote
from agentgov.repo.repository import Repository
from agentgov.repo.signing import person_signer
from agentgov.trust.identity import Identity
from agentgov.trust.keys import PublicKey, parse_public_key
from agentgov.trust.signers import KeyFileSigner, Signer, bot_signer, stored_bot_key


@dataclass(frozen=True, slots=True)
class Context:
    """A repository with a fleet, and its journal."""

    repo: Repository
    journal: Journal

    def view(self, *, fetch: bool = False) -> View:
        """The verified present of the journal; `fetch` asks the remote first."""
        return self.journal.view(clock.now(), fetch=fetch)

    def person(self, view: View) -> Actor:
        """Whoever sits here, by the key that git is set up to sign with. RefusedError when it is not in Access."""
        signer = person_signer(self.repo)
        identity = _identity(view, signer)
        if identity.kind != "person":
            hint = "set user.signingkey to a person's key, and keep the bot's in AGENTGOV_KEY_FILE for `reconcile`"
            raise RefusedError(f"the key at hand is the bot {identity.id}'s, and this takes a person", hint)
        name, email = self.repo.ident()
        return Actor(identity, Appender(signer, name, email))

    def bot(self, view: View, kind: BotKind) -> Actor:
        """The bot of that kind whose key is at hand: AGENTGOV_KEY_FILE, or the one that `init` stored for the fleet."""
        signer: KeyFileSigner | None = bot_signer() or stored_bot_key(view.state.head.fleet, kind)
        if signer is None:
            raise ConfigurationError(
                f"there is no key of a {kind} at hand", "point AGENTGOV_KEY_FILE at the private key of the bot"
            )
        identity = _identity(view, signer)
        if identity.bot_kind != kind:
            raise RefusedError(f"the key at hand is {identity.id}'s, and this takes a bot of kind {kind}")
        return Actor(identity, Appender(signer, f"agentgov {identity.id}", f"{identity.id}@bots.invalid"))


def open_context(start: str) -> Context:
    """The repository around a directory, with its journal. ConfigurationError when there is no repository."""
    repo = Repository.open(start)
    return Context(repo, Journal(repo, _journal_branch(repo), Remote.of(repo)))


def _identity(view: View, signer: Signer) -> Identity:
    identity = view.directory.by_key(signer.public_key)
    if identity is None:
        key: PublicKey = parse_public_key(signer.public_key)
        hint = "an administrator adds it to governance/access.yaml; it takes effect when that change is authorised"
        raise RefusedError(f"your key {key.fingerprint} is nobody's in the authorised Access", hint)
    return identity


def _journal_branch(repo: Repository) -> str:
    """The branch that agentgov.yaml at HEAD names; the default where it cannot be read."""
    import msgspec

    from agentgov.validate.yaml_reader import read

    class Settings(Document, frozen=True):
        journal: JournalSettings = JournalSettings()

    head = repo.head()
    entry = repo.entry(repo.commit(head).tree, FLEET_FILE) if head is not None else None
    if entry is None or not entry.is_file:
        return JournalSettings().branch
    try:
        return msgspec.convert(read(repo.blob(entry.oid), FLEET_FILE).value, Settings).journal.branch
    except msgspec.ValidationError:
        return JournalSettings().branch
