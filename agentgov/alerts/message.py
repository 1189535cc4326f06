"""What people are told: one message about alerts that belong together, as every way outside words it. Pure.

A message is kept in the store until it arrived. It holds no secret and no content of calls: names, numbers, one
sentence of each alert and the command to run next.
"""

from datetime import UTC, datetime

import msgspec

from agentgov.alerts.alert import (
    AGENT,
    CANARY,
    ENVIRONMENT,
    LANE,
    NAME,
    SEVERITY,
    Alert,
    Labels,
    dedup_key,
    fingerprint_of,
)
from agentgov.alerts.standing import Standing

DRILL, TEST = "[DRILL] ", "[TEST] "
TEST_ALERT = "route-test"
CHANGE = "change"  # why: no alert, but what may explain one


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """One alert of a message; moments are epoch milliseconds, `ended` is 0 while it goes on."""

    labels: Labels
    starts: int
    summary: str
    ended: int = 0
    fresh: bool = False  # people hear of it for the first time
    acknowledged_by: str = ""
    rule: str = ""
    observed: float | None = None
    baseline: float | None = None
    count: int = 0
    release: str = ""
    next: str = ""
    once: bool = False  # it is said, and does not go on

    def label(self, name: str) -> str:
        """The value of a label; "" where it has none."""
        return dict(self.labels).get(name, "")

    @property
    def fingerprint(self) -> str:
        """That of its labels."""
        return fingerprint_of(self.labels)

    @property
    def title(self) -> str:
        """Which alert it is, in a few words."""
        place = " in ".join(part for part in (self.label(AGENT), self.label(ENVIRONMENT)) if part)
        return f"{self.label(NAME)}: {place}" if place else self.label(NAME)


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is told at once, and why: a first message, one about changes, an end, a repeat, an acknowledgement, a
    test."""

    why: str
    fleet: str  # its id
    name: str  # of the fleet, as people call it
    group: str
    at: int
    alerts: tuple[Told, ...]
    url: str = ""  # of the gate
    by: str = ""  # who acknowledged, or asked for a test

    @property
    def firing(self) -> tuple[Told, ...]:
        """Those that go on."""
        return tuple(one for one in self.alerts if not one.ended)

    @property
    def over(self) -> tuple[Told, ...]:
        """Those that ended."""
        return tuple(one for one in self.alerts if one.ended)

    @property
    def shown(self) -> tuple[Told, ...]:
        """All of them, what people have not heard of first, then what wakes them."""
        return tuple(sorted(self.alerts, key=lambda one: (not one.fresh, one.ended > 0, one.label(SEVERITY) != "page")))

    @property
    def severity(self) -> str:
        """The worst of those that go on; of all, where none does."""
        worst = {one.label(SEVERITY) for one in self.firing or self.alerts}
        return "page" if "page" in worst else "ticket"

    @property
    def mark(self) -> str:
        """What stands before its title, so that nobody takes a drill or a test for real."""
        if self.why == "test":
            return TEST
        return DRILL if self.alerts and all(one.label("drill") == "true" for one in self.alerts) else ""

    @property
    def title(self) -> str:
        """One line that says what is the matter."""
        shown = [one for one in self.shown if not one.ended] or self.shown
        if shown[0].once and not shown[0].ended:
            return f"{self.mark if not shown[0].summary.startswith(self.mark) else ''}{shown[0].summary} ({self.name})"
        state = "FIRING" if self.firing else "RESOLVED"
        what = shown[0].title + (f", and {len(shown) - 1} more" if len(shown) > 1 else "")
        return f"{self.mark}[{state}] {what} ({self.name})"

    def key(self, one: Told) -> str:
        """The name of an alert outside."""
        return dedup_key(self.fleet, one.fingerprint)


def told(one: Standing, *, fresh: bool = False) -> Told:
    """An alert as it is told."""
    alert: Alert = one.alert
    return Told(
        alert.labels,
        alert.starts,
        alert.summary,
        one.resolved,
        fresh,
        one.acknowledged_by,
        alert.rule,
        alert.observed,
        alert.baseline,
        alert.count,
        alert.release,
        alert.next,
        alert.once,
    )


def encoded(message: Message) -> str:
    """A message as it is kept."""
    return msgspec.json.encode(message).decode()


def decoded(text: str) -> Message:
    """A message that was kept."""
    return msgspec.json.decode(text, type=Message)


def moment(ms: int) -> str:
    """A moment as all receivers take it: RFC 3339, in UTC, to the millisecond."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03}Z"


def second(ms: int) -> str:
    """A moment for people: in UTC, to the second."""
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def stop_command(one: Told) -> str:
    """What stops the agent of an alert that wakes somebody, or its canary where that is what it is about, and nobody
    else; "" where there is none to stop."""
    about = one.label("incident") or one.label(AGENT)
    wakes = one.label(SEVERITY) == "page" and not one.ended
    how = "--abort" if one.label(LANE) == CANARY else "--pause"
    return f"agentgov incident mitigate {about} {how}" if about and wakes else ""


def figures(one: Told) -> tuple[tuple[str, str], ...]:
    """The numbers of an alert for people to read, as far as it has them, and the commands to run next."""
    known = (
        ("observed", None if one.observed is None else f"{one.observed:g}"),
        ("baseline", None if one.baseline is None else f"{one.baseline:g}"),
        ("events", str(one.count) if one.count else None),
        ("release", one.release or None),
        ("since", second(one.starts)),
        ("until", second(one.ended) if one.ended else None),
        ("acknowledged by", one.acknowledged_by or None),
        ("rule", one.rule or None),
        ("next", one.next if one.next and not one.ended else None),
        ("stop it", stop_command(one) or None),
        ("all of it", None if one.label(NAME) == TEST_ALERT else f"agentgov alert show {one.fingerprint}"),
    )
    return tuple((name, text) for name, text in known if text is not None)


def lines(message: Message, most: int = 50) -> tuple[str, ...]:
    """A message as lines of plain text."""
    found: list[str] = []
    for one in message.shown[:most]:
        state = "over" if one.ended else "new" if one.fresh else "goes on"
        found += [f"{one.title} [{one.label(SEVERITY)}, {state}]", f"  {one.summary}"]
        found += [f"  {name}: {text}" for name, text in figures(one)]
        found.append("")
    if len(message.alerts) > most:
        found.append(f"and {len(message.alerts) - most} more: agentgov alert list")
    return tuple(found)
