"""What limits an agent, and may differ between environments: budget, quotas, connections, schedule, lease, labels.

Money and durations are compared exactly (`model.units`), so "40 USD" and "40.00 USD" are no change. What does not parse
counts as the loosening direction: it is not known to be tighter.
"""

from collections.abc import Iterator, Mapping, Sequence

from agentgov.diff.change import FieldChange, Place, change, short
from agentgov.diff.schedules import narrower
from agentgov.diff.sequence import keyed
from agentgov.model.agent import Budget, Lease, Quota, Schedule, Secret
from agentgov.model.units import parse_duration, parse_money

ON_LIMIT = ("alert", "deny", "pause")  # how much happens when the money is spent
PERIODS = ("day", "month", "run")
_UNSET = "the zone of its workspace"


def ranked(
    fields: tuple[str, str], what: str, order: Sequence[str], base: str, head: str, place: Place
) -> Iterator[FieldChange]:
    """A change on a closed scale: the first field going up the order, the second going down."""
    if base != head:
        field = fields[0] if order.index(head) > order.index(base) else fields[1]
        yield change(field, place, base, head, f"{what} {base} -> {head}")


def span(field: str, what: str, base: str, head: str, place: Place, unset: str = "nothing") -> Iterator[FieldChange]:
    """A change of a duration: `.raised` when it is longer or cannot be compared, `.lowered` when it is shorter."""
    before, after = seconds(base), seconds(head)
    if base == head or (before is not None and before == after):
        return
    shorter = before is not None and after is not None and after < before
    summary = f"{what} {base or unset} -> {head or unset}"
    yield change(f"{field}.{'lowered' if shorter else 'raised'}", place, base or None, head or None, summary)


def seconds(text: str) -> int | None:
    """The seconds of a duration, None where the text is none."""
    try:
        return parse_duration(text)
    except ValueError:
        return None


def money_direction(base: str, head: str) -> str:
    """What became of an amount: added, removed, raised, lowered, changed (not comparable), or "" for nothing."""
    if base == head:
        return ""
    if not base or not head:
        return "added" if head else "removed"
    try:
        (before, currency), (after, other) = parse_money(base), parse_money(head)
    except ValueError:
        return "changed"
    if currency != other:
        return "changed"
    return "" if before == after else "raised" if after > before else "lowered"


def same_amount(base: object, head: object) -> bool:
    """Whether two plain values mean the same: "40 USD" and "40.00 USD" do, and 1m and 60s."""
    if base == head and type(base) is type(head):
        return True
    if not isinstance(base, str) or not isinstance(head, str) or not base or not head:
        return False
    before = seconds(base)
    return (before is not None and before == seconds(head)) or money_direction(base, head) == ""


def budget(base: Budget, head: Budget, place: Place) -> Iterator[FieldChange]:
    """Changes of what an agent may spend, and of what happens when it is spent."""
    for period in PERIODS:
        yield from _amount(period, place.to(period), getattr(base, period), getattr(head, period))
    before, after = (keyed(one.rolling.items(), lambda item: seconds(item[0]) or item[0]) for one in (base, head))
    for key in dict.fromkeys((*before, *after)):
        old, new = before.get(key, (0, ("", "")))[1], after.get(key, (0, ("", "")))[1]
        window = new[0] or old[0]
        yield from _amount(f"any {short(window)}", place.to("rolling", window), old[1], new[1])
    if base.zone != head.zone:
        said = f"{short(base.zone) or _UNSET} -> {short(head.zone) or _UNSET}"
        yield change("budget.zone.changed", place.to("zone"), base.zone or None, head.zone or None, f"budget in {said}")
    fields = ("budget.onLimit.tightened", "budget.onLimit.loosened")
    yield from ranked(fields, "at the limit:", ON_LIMIT, base.on_limit, head.on_limit, place.to("onLimit"))
    yield from _alerts(base, head, place.to("alertAt"))


def _amount(period: str, place: Place, old: str, new: str) -> Iterator[FieldChange]:
    direction = money_direction(old, new)
    if direction:
        both = f"{short(old)}/{period} -> {short(new)}/{period}"
        said = both if old and new else f"{short(old or new)}/{period} {direction}"
        yield change(f"budget.{direction}", place, old or None, new or None, f"budget {said}")


def _alerts(base: Budget, head: Budget, place: Place) -> Iterator[FieldChange]:
    before, after = set(base.alert_at), set(head.alert_at)
    if before != after:
        field = "budget.alertAt.tightened" if after > before else "budget.alertAt.loosened"
        old, new = sorted(before), sorted(after)
        said = f"{short(old) or 'nothing'} -> {short(new) or 'nothing'}"
        yield change(field, place, old, new, f"budget alerts at {said}")


def quotas(base: Sequence[Quota], head: Sequence[Quota], place: Place) -> Iterator[FieldChange]:
    """Changes of the limits on effects: the same tool, sum and window are one quota; then the same tool and sum."""
    before = keyed(base, lambda quota: (quota.tool, quota.sum, seconds(quota.per) or quota.per))
    after = keyed(head, lambda quota: (quota.tool, quota.sum, seconds(quota.per) or quota.per))
    pairs = [(before.pop(key), after.pop(key)) for key in list(before) if key in after]
    rest = keyed(before.values(), lambda item: (item[1].tool, item[1].sum))
    more = keyed(after.values(), lambda item: (item[1].tool, item[1].sum))
    pairs += [(rest.pop(key)[1], more.pop(key)[1]) for key in list(rest) if key in more]
    for (_, old), (index, new) in pairs:
        if old.max != new.max or (seconds(old.per) or old.per) != (seconds(new.per) or new.per):
            field = "quotas.lowered" if _is_tighter(old, new) else "quotas.raised"
            summary = f"quota of {_quota(old)} -> {new.max} per {short(new.per)}"
            yield change(field, place.to(index), _plain(old), _plain(new), summary)
    for _, (index, old) in rest.values():
        yield change("quotas.removed", place.to(index), _plain(old), None, f"quota of {_quota(old)} removed")
    for _, (index, new) in more.values():
        yield change("quotas.added", place.to(index), None, _plain(new), f"quota of {_quota(new)} added")


def _is_tighter(old: Quota, new: Quota) -> bool:
    before, after = seconds(old.per), seconds(new.per)
    return before is not None and after is not None and after >= before and new.max <= old.max


def _quota(quota: Quota) -> str:
    what = f"{short(quota.tool)} ({short(quota.sum)})" if quota.sum else short(quota.tool)
    return f"{what}: {quota.max} per {short(quota.per)}"


def _plain(quota: Quota) -> dict[str, object]:
    return {"tool": quota.tool, "sum": quota.sum, "per": quota.per, "max": quota.max}


def connections(base: Mapping[str, Secret], head: Mapping[str, Secret], place: Place) -> Iterator[FieldChange]:
    """Changes of which secrets an agent can reach; the references are shown, there are no secrets in them."""
    for name in sorted(base.keys() | head.keys()):
        old = base[name].secret_ref if name in base else None
        new = head[name].secret_ref if name in head else None
        if old == new:
            continue
        direction = "changed" if old and new else "added" if new else "removed"
        said = f"{short(old)} -> {short(new)}" if old and new else f"{direction} ({short(old or new)})"
        yield change(f"connections.{direction}", place.to(name), old, new, f"connection {short(name)} {said}")


def schedule(base: Schedule | None, head: Schedule | None, place: Place) -> Iterator[FieldChange]:
    """Changes of when an agent may run; other times loosen, unless they certainly are some of those before."""
    if base == head:
        return
    old = f"{base.cron} {base.tz}" if base else None
    new = f"{head.cron} {head.tz}" if head else None
    if base is None or head is None:
        direction = "added" if head else "removed"
        yield change(f"schedule.{direction}", place, old, new, f"schedule {short(old or new)} {direction}")
        return
    fewer, more = narrower(base, head), narrower(head, base)
    if fewer and more:
        return
    direction = "narrowed" if fewer else "widened" if more else "changed"
    yield change(f"schedule.{direction}", place, old, new, f"schedule {short(old)} -> {short(new)}")


def lease(base: Lease, head: Lease, place: Place) -> Iterator[FieldChange]:
    """Changes of how stale a configuration an agent may run on; the default of its risk is not comparable."""
    unset = "the default of its risk"
    yield from span("lease.ttl", "lease refreshed after", base.ttl, head.ttl, place.to("ttl"), unset)
    old, new = base.hard_expiry, head.hard_expiry
    yield from span("lease.hardExpiry", "lease expires after", old, new, place.to("hardExpiry"), unset)


def labels(base: Mapping[str, str], head: Mapping[str, str], place: Place) -> Iterator[FieldChange]:
    """Changes of the labels by which selectors, a pause among them, find an agent."""
    for name in sorted(base.keys() | head.keys()):
        old, new = base.get(name), head.get(name)
        if old == new:
            continue
        direction = "changed" if None not in (old, new) else "removed" if new is None else "added"
        said = f"{short(old)} -> {short(new)}" if direction == "changed" else f"{short(old or new)} {direction}"
        yield change(f"labels.{direction}", place.to(name), old, new, f"label {short(name)}: {said}")
