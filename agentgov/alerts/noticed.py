"""What the gate notices of calls, in memory until it is written down: how many were refused, of which tools, where they
lead, and which came again with the same arguments; the last two in spans, too, where they tell the arguments. Counting
costs a request next to nothing; at most a few seconds of it are lost where a process is killed."""

import re
from collections import Counter
from collections.abc import Mapping
from hashlib import blake2b

import msgspec

from agentgov.alerts.slots import MINUTE
from agentgov.store.port import Transaction

_HOST = re.compile(r"https?://(?:[^/@\s\"\\]*@)?([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)", re.IGNORECASE)
_MOST_HOSTS, _MOST_CALLS, _LEAST_REPEATS = 5, 100_000, 10
_HOUR = 60 * MINUTE
_canonical = msgspec.json.Encoder(order="sorted")
Key = tuple[str, str, int, str, str]


def kind_of(kind: str, canary: str) -> str:
    """The kind of what is counted: that of a canary apart, by its release."""
    return f"{kind} {canary}" if canary else kind


class Noticed:
    """What one process has noticed since it last wrote it down."""

    def __init__(self) -> None:
        self._sums: dict[Key, list[int]] = {}
        self._repeats: Counter[bytes] = Counter()
        self._hour = 0

    def call(
        self,
        where: tuple[str, str],
        tool: str,
        arguments: Mapping[str, object],
        run: str,
        refused: bool,
        now_ms: int,
        canary: str = "",
    ) -> None:
        """An agent asked for a call; `run` is what it belongs to, "" where nobody says, and `canary` the release, where
        that is in canary."""
        minute = now_ms - now_ms % MINUTE
        self._add((*where, minute, kind_of("call", canary), ""), refused)
        self._add((*where, minute, kind_of("asked", canary), tool), False)
        self.said(where, tool, _canonical.encode(arguments), run.encode(), now_ms, canary)

    def said(self, where: tuple[str, str], tool: str, said: bytes, run: bytes, now_ms: int, canary: str = "") -> None:
        """A tool was called with these words: the hosts in them are counted, and calls of a run that are the same by
        their hash; the words are not kept."""
        minute = now_ms - now_ms % MINUTE
        if b"://" in said:
            for host in list(dict.fromkeys(_HOST.findall(said.decode("utf-8", "replace"))))[:_MOST_HOSTS]:
                self._add((*where, minute, kind_of("domain", canary), host.lower()), False)
        if run:
            self._repeat(where, minute, tool, blake2b(run + b"\0" + tool.encode() + b"\0" + said).digest())

    def take(self) -> list[tuple[str | int, ...]]:
        """What is to be written down, as rows; it is no longer held then."""
        taken, self._sums = self._sums, {}
        return [(*key, *sums) for key, sums in sorted(taken.items())]

    def _add(self, key: Key, refused: bool, calls: int = 1) -> None:
        sums = self._sums.setdefault(key, [0, 0])
        sums[0] += calls
        sums[1] += refused

    def _repeat(self, where: tuple[str, str], minute: int, tool: str, digest: bytes) -> None:
        """Count a call among those like it of its run, in an hour; below a few nobody is told."""
        if minute // _HOUR != self._hour or len(self._repeats) > _MOST_CALLS:
            self._hour = minute // _HOUR
            self._repeats.clear()
        key = "\0".join(where).encode() + digest
        self._repeats[key] += 1
        if self._repeats[key] >= _LEAST_REPEATS:
            known = self._sums.setdefault((*where, minute, "repeat", tool), [0, 0])
            known[0] = max(known[0], self._repeats[key])


def write_noticed(tx: Transaction, rows: list[tuple[str | int, ...]]) -> None:
    """Write down what was noticed; of calls that came again, the most counts."""
    tx.many(
        "INSERT INTO sensed_minutes (agent, environment, minute, kind, name, calls, bad) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (agent, environment, minute, kind, name) DO UPDATE SET "
        "calls = CASE WHEN excluded.kind <> 'repeat' THEN sensed_minutes.calls + excluded.calls "
        "WHEN excluded.calls > sensed_minutes.calls THEN excluded.calls ELSE sensed_minutes.calls END, "
        "bad = sensed_minutes.bad + excluded.bad",
        rows,
    )
