"""Decides who is told what now, and writes that down to be delivered: in one transaction, so that there is neither a
decision without a delivery nor the other way round.

Everything is decided anew from what stands, what mutes it and what was told; nothing is remembered between two looks
but the rows of groups. So a gate that was killed goes on where it was, and a policy that changed holds at once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

import msgspec

from agentgov.alerts import silence_rows, standing
from agentgov.alerts.alert import INCIDENT
from agentgov.alerts.grouping import Due, Group, Member, Words, message_id, next_due, settled, speak
from agentgov.alerts.message import Message, encoded, told
from agentgov.alerts.muting import Circumstances, Mute, mutes
from agentgov.alerts.routing import Timing, Way
from agentgov.alerts.silence import next_change
from agentgov.alerts.standing import Standing
from agentgov.runtime import deliveries
from agentgov.store.port import Transaction

_EACH = frozenset({"pagerduty"})  # receivers that are told of each alert by itself
_SAID = Timing(0, 0, 0)  # what is only said stands for minutes: it waits for nothing, and is never repeated
_RESENT = frozenset({"alertmanager"})  # that take for resolved what they do not hear of again


@dataclass(frozen=True, slots=True)
class Telling:
    """By what it is decided: the ways, what mutes beside the silences of the store, and how the fleet is called."""

    ways: Sequence[Way]
    around: Circumstances
    fleet: str
    name: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """A group of a way, what of it fires unmuted, and when it speaks next."""

    way: Way
    group: Group
    firing: tuple[Member, ...]
    due: Due | None


@dataclass(frozen=True, slots=True)
class Looked:
    """What stands and when each group speaks next."""

    alerts: tuple[Standing, ...]
    turns: tuple[Turn, ...]
    gone: tuple[Group, ...]  # of ways that are no more
    muted: Mapping[int, Mute]
    change: int | None  # when a silence begins or ends

    @property
    def ids(self) -> frozenset[int]:
        """The numbers of all that stand."""
        return frozenset(one.id for one in self.alerts)

    @property
    def next(self) -> int | None:
        """When the first of them speaks, or might."""
        moments = [turn.due.at for turn in self.turns if turn.due is not None]
        return min((*moments, *([self.change] if self.change is not None else [])), default=None)

    @property
    def stale(self) -> bool:
        """Whether rows of groups are to be written, though nobody speaks."""
        return bool(self.gone) or any(_is_stale(turn, self.ids) for turn in self.turns)


def look(tx: Transaction, telling: Telling, now_ms: int) -> Looked:
    """When each group speaks next."""
    alerts, known, waits = standing.current(tx), groups(tx), deliveries.waiting(tx)
    silences = silence_rows.in_force(tx, now_ms)
    muted = mutes(alerts, replace(telling.around, silences=silences), now_ms)
    named = {way.name for way in telling.ways}
    turns = [turn for way in telling.ways for turn in _turns(way, alerts, muted.keys(), known, waits)]
    gone = tuple(one for one in known if one.route not in named)
    return Looked(alerts, tuple(turns), gone, muted, next_change(silences, now_ms))


def flush(tx: Transaction, telling: Telling, now_ms: int) -> int | None:
    """Let every group speak that is due; when the next one is."""
    looked = look(tx, telling, now_ms)
    ids = looked.ids
    for turn in looked.turns:
        if turn.due is not None and turn.due.at <= now_ms:
            words = speak(turn.group, turn.due.why, turn.firing, ids, now_ms)
            _say(tx, telling, turn, words, looked.alerts, now_ms)
            _keep(tx, turn.group, words.after)
        elif _is_stale(turn, ids):
            _keep(tx, turn.group, settled(turn.group, ids))
    for one in looked.gone:
        _keep(tx, one, None)
    return look(tx, telling, now_ms).next


def acknowledged(tx: Transaction, telling: Telling, one: Standing, now_ms: int) -> int:
    """Tell those ways of an acknowledgement that know of the alert and have a word for it; how many. Not for what was
    heard from such a way: nothing goes back where it comes from."""
    known, count = groups(tx), 0
    for way in telling.ways:
        knows = any(group.route == way.name and one.id in group.told for group in known)
        if way.route.to in _EACH and knows:
            message = _message(telling, "acknowledged", way.label(one.alert), (one,), frozenset(), now_ms)
            said = msgspec.structs.replace(message, by=one.acknowledged_by)
            id_ = sha256(f"{way.name}\0acknowledge\0{one.id}".encode()).hexdigest()[:32]
            count += deliveries.put(tx, id_, way.name, one.fingerprint, "acknowledge", encoded(said), now_ms)
    return count


def groups(tx: Transaction) -> tuple[Group, ...]:
    """Every group that something was told of."""
    rows = tx.all("SELECT route, label, sent, turn, told FROM alert_groups ORDER BY route, label")
    return tuple(
        Group(route, label, sent, turn, frozenset(msgspec.json.decode(told, type=list[int])))
        for route, label, sent, turn, told in rows
    )


def _turns(
    way: Way,
    alerts: Iterable[Standing],
    muted: Iterable[int],
    known: Iterable[Group],
    waits: frozenset[tuple[str, str]],
) -> Iterator[Turn]:
    quiet, ids = frozenset(muted), frozenset(one.id for one in alerts)
    found: dict[str, list[Standing]] = {}
    for one in alerts:
        if "alert" in one.alert.do and one.id not in quiet and way.takes(one.alert):
            found.setdefault(way.label(one.alert), []).append(one)
    by_label = {one.label: one for one in known if one.route == way.name}
    for label in dict.fromkeys((*by_label, *found)):
        group, firing = by_label.get(label, Group(way.name, label)), found.get(label, [])
        lines = {label, *(one.fingerprint for one in firing)} if way.route.to in _EACH else {label}
        waiting = any((way.name, line) in waits for line in lines)
        cared_for = way.route.to not in _RESENT and all(one.acknowledged for one in firing)
        members = tuple(Member(one.id, one.taken) for one in firing)
        due = next_due(
            group, members, ids, _timing(way, firing), resolved=way.route.resolved, waiting=waiting or cared_for
        )
        yield Turn(way, group, members, due)


def _timing(way: Way, firing: Sequence[Standing]) -> Timing:
    """What a group waits for: whom an incident calls is called at once, whatever else its route has to tell."""
    if firing and all(one.alert.once for one in firing):
        return _SAID
    called = firing and all(one.alert.label(INCIDENT) for one in firing)
    return replace(way.timing, wait=0, interval=0) if called else way.timing


def _is_stale(turn: Turn, ids: frozenset[int]) -> bool:
    """Whether a group holds ends that its route tells nobody, or nothing at all."""
    return bool(turn.group.sent) and turn.due is None and not turn.group.told <= ids


def _say(tx: Transaction, telling: Telling, turn: Turn, words: Words, alerts: Sequence[Standing], now_ms: int) -> None:
    new, firing = frozenset(words.fresh), frozenset(words.firing)
    by_id = {one.id: one for one in alerts if one.id in (new if one.alert.once else firing)}
    over = [one for one in standing.named(tx, words.over) if _ends(one, turn.way)] if turn.way.route.resolved else []
    spoken = (*by_id.values(), *over)
    if not spoken:
        return
    id_, fresh = message_id(turn.group, words), new
    again = "resent" if turn.way.route.to in _RESENT else "repeat"
    kind = again if words.why == "repeat" else "notice"
    if turn.way.route.to not in _EACH:
        message = _message(telling, words.why, turn.group.label, spoken, fresh, now_ms)
        deliveries.put(tx, id_, turn.way.name, turn.group.label, kind, encoded(message), now_ms)
        return
    for one in spoken:
        if one.stands and one.id not in fresh and words.why != "repeat":
            continue  # its receiver knows of it
        message = _message(telling, words.why, turn.group.label, (one,), fresh, now_ms)
        own = sha256(f"{id_}\0{one.id}".encode()).hexdigest()[:32]
        deliveries.put(tx, own, turn.way.name, one.fingerprint, kind, encoded(message), now_ms)


def _ends(one: Standing, way: Way) -> bool:
    """Whether a way tells that an alert is over: what is only said ends for receivers that keep it open, not for
    people."""
    return not one.alert.once or way.route.to in _EACH | _RESENT


def _message(
    telling: Telling, why: str, label: str, alerts: Iterable[Standing], fresh: frozenset[int], now_ms: int
) -> Message:
    shown = tuple(told(one, fresh=one.id in fresh) for one in alerts)
    return Message(why, telling.fleet, telling.name, label, now_ms, shown, telling.url)


def _keep(tx: Transaction, before: Group, after: Group | None) -> None:
    if after is None:
        tx.run("DELETE FROM alert_groups WHERE route = ? AND label = ?", before.route, before.label)
        return
    tx.run(
        "INSERT INTO alert_groups (route, label, sent, turn, told) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (route, label) DO UPDATE SET sent = excluded.sent, turn = excluded.turn, told = excluded.told",
        *(after.route, after.label, after.sent, after.turn, msgspec.json.encode(sorted(after.told)).decode()),
    )


def arrived_late(tx: Transaction, one: deliveries.Delivery, now_ms: int) -> None:
    """What was delivered after failures is repeated so long after it arrived, not after it was decided."""
    tx.run(
        "UPDATE alert_groups SET sent = ? WHERE route = ? AND label = ? AND sent < ?",
        now_ms,
        one.route,
        one.line,
        now_ms,
    )
