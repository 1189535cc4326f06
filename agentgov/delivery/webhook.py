"""Tells receivers of what moved, in the order of the journal: Standard Webhooks, at least once, signed.

The journal is the outbox: for each receiver there is only the number of the last act that it took. It begins with the
present; a failure is tried again later, for ever, and what comes after waits. The journal never waits for a receiver.
Processes of one machine share these numbers, and one of them tells at a time, so that an event goes out once. Sending
shares nothing with whoever else reads the journal, so it may run beside that.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from agentgov.delivery.event import KINDS, Sent, event
from agentgov.errors import AgentgovError, ConfigurationError
from agentgov.journal.query import acts
from agentgov.journal.view import View
from agentgov.model.fleet import WebhookTarget
from agentgov.model.verdict import Reason, unknown
from agentgov.net.exchange import BrokenError
from agentgov.net.patience import asked_to_wait
from agentgov.net.posting import posted, signed_headers, signing_keys
from agentgov.repo.repository import Repository
from agentgov.trust.file_lock import held
from agentgov.trust.private_files import read_private, write_private

VARIABLE = "AGENTGOV_DELIVERY_SECRET_FILE"
RULE = "delivery.webhook"
MOST = 100  # acts that one receiver is told in one tick
_PATIENCE, _TICK = 5.0, 20.0  # seconds for one receiver's answer, and for all of a tick
_FIRST, _LONGEST = 60, 3600  # seconds until the next attempt after one failure, and after many
_HINT = f"{VARIABLE}=FILE, with a secret `whsec_...` in a file that only the reconciler can read (chmod 600)"
_LARGEST = 2**20  # bytes of the file of cursors


class Cursor(msgspec.Struct, frozen=True):
    """How far a receiver is: the last act that it took, how often the next one failed, and when it is tried again."""

    seq: int
    commit: str
    failures: int = 0
    due: int = 0


@dataclass(frozen=True, slots=True)
class Outbox:
    """What there is to send: the commit of every act by number, from where they are read, and who is to be told."""

    repo: Repository
    commits: Sequence[str]
    targets: Sequence[WebhookTarget]

    @property
    def head(self) -> int:
        """The number of the last act."""
        return len(self.commits) - 1

    def holds(self, cursor: "Cursor") -> bool:
        """Whether a receiver was told of this journal."""
        return 0 <= cursor.seq <= self.head and self.commits[cursor.seq] == cursor.commit


def outbox(view: View) -> Outbox:
    """The journal up to here, read by a repository of its own."""
    targets = view.governance.fleet.delivery.webhooks
    return Outbox(Repository(view.repo.location), view.memory.line.commits(view.tip), targets)


@dataclass(slots=True)
class Webhooks:
    """Every receiver of agentgov.yaml. `path` is the file of cursors, `secret` that of the signing secret, "" for none;
    `clock` is steady, in seconds."""

    path: Path
    secret: str
    clock: Callable[[], float]
    name: str = "webhooks"
    lag: Mapping[str, int] = field(default_factory=dict)  # how many acts each receiver is behind, by its host

    def send(self, box: Outbox, now: int) -> tuple[Reason, ...]:
        """Tell every receiver what it does not know yet; which of them are behind."""
        cursors: dict[str, Cursor] = {}
        self.lag = {}
        if not box.targets:
            return ()
        try:
            with held(self.path, _PATIENCE) as away:
                cursors |= self._cursors()
                if away:
                    return (unknown(RULE, f"this process sends no events now: {away}"),)
                keys = self._keys()
                until, found = self.clock() + _TICK, list[Reason]()
                for target in box.targets:
                    found += self._tell(box, target, keys, cursors, now, until)
                return tuple(found)
        except AgentgovError as error:
            return (unknown(RULE, f"no events are sent: {error.message}"),)
        finally:
            self.lag = _lags(box.targets, cursors, box.head)

    def _tell(
        self, box: Outbox, target: WebhookTarget, keys: list[bytes], cursors: dict[str, Cursor], now: int, until: float
    ) -> Iterator[Reason]:
        place, cursor = _place(target), cursors.get(_place(target))
        if cursor is None or not box.holds(cursor):
            cursor = Cursor(box.head, box.commits[-1])  # a receiver that is new, or a journal that is: the present
        why, asked = "it failed before" if cursor.due > now else "", 0.0
        for seq, commit, sent in () if why else _waiting(box, cursor, target):
            if sent is not None:
                if self.clock() >= until:
                    break
                why, asked = self._post(target.url, keys, sent, now)
            if why:
                break
            cursor = Cursor(seq, commit)
        if why and cursor.due <= now:
            wait = min(max(_FIRST * 2 ** min(cursor.failures, 10), int(asked)), _LONGEST)
            cursor = Cursor(cursor.seq, cursor.commit, cursor.failures + 1, now + wait)
        if cursors.get(place) != cursor:
            cursors[place] = cursor
            self._keep(cursors)
        if cursor.seq < box.head:
            yield _behind(target, cursor, box.head, why, now)

    def _post(self, url: str, keys: list[bytes], sent: Sent, now: int) -> tuple[str, float]:
        """Why a receiver did not take an event, "" where it did, and for how many seconds it asks for patience."""
        headers = signed_headers(keys, sent.id, now, sent.body)
        try:
            answer = posted(url, sent.body, headers, clock=self.clock, until=self.clock() + _PATIENCE)
        except BrokenError as error:
            return error.why, 0.0
        except ConfigurationError as error:
            return error.message, 0.0
        return "" if 200 <= answer.status < 300 else f"it answers {answer.status}", asked_to_wait(answer.headers)

    def _keys(self) -> list[bytes]:
        """The keys that sign; two while one is exchanged. ConfigurationError without a good one."""
        if not self.secret:
            raise ConfigurationError(f"{VARIABLE} is not set", _HINT, rule=RULE)
        return signing_keys(Path(self.secret), VARIABLE, _HINT, RULE)

    def _cursors(self) -> dict[str, Cursor]:
        raw = read_private(self.path, _LARGEST)
        try:
            return msgspec.json.decode(raw, type=dict[str, Cursor]) if raw is not None else {}
        except msgspec.DecodeError:
            return {}

    def _keep(self, cursors: dict[str, Cursor]) -> None:
        """Raises ConfigurationError where the file cannot be written: else every tick would tell the same again."""
        if not write_private(self.path, msgspec.json.encode(cursors)):
            raise ConfigurationError(f"{self.path} cannot be written", "let the reconciler write its state", rule=RULE)


def _waiting(box: Outbox, cursor: Cursor, target: WebhookTarget) -> Iterator[tuple[int, str, Sent | None]]:
    """The next acts that a receiver has not taken, oldest first: number, commit, and the event where it wants one."""
    wanted = frozenset(target.events) or KINDS
    told = 0
    for seq in range(cursor.seq + 1, len(box.commits)):
        logged = next(acts(box.repo, box.commits[seq]))
        sent = event(logged, seq) if logged.act.kind in wanted else None
        told += sent is not None
        if told > MOST:
            return
        yield seq, box.commits[seq], sent


def _place(target: WebhookTarget) -> str:
    """Under which name its cursor is kept: an address may hold what is nobody's business."""
    return sha256(target.url.encode()).hexdigest()


def _lags(targets: Sequence[WebhookTarget], cursors: Mapping[str, Cursor], head: int) -> dict[str, int]:
    """By host and port; of several receivers at one, the one that is furthest behind. A new one is not behind."""
    found: dict[str, int] = {}
    for target in targets:
        name, cursor = f"webhook/{urlsplit(target.url).netloc.rpartition('@')[2]}", cursors.get(_place(target))
        found[name] = max(found.get(name, 0), head - cursor.seq if cursor is not None else 0)
    return found


def _behind(target: WebhookTarget, cursor: Cursor, head: int, why: str, now: int) -> Reason:
    host, left = urlsplit(target.url).hostname, head - cursor.seq
    again = f"; tried again in {max(cursor.due - now, 0)} s" if cursor.due else ""
    return unknown(RULE, f"{host} is {left} acts behind: {why or 'more follows at the next look'}{again}")
