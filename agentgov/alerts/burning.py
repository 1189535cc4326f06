"""Burn rates: an allowance that is used up many times too fast, over a long window and still in a short one.

After the SRE workbook, chapter 5 (multiwindow, multi-burn-rate alerts), with two gates that it lacks, since one failure
at ten requests an hour is a burn rate of a thousand: a least number of bad events, and the chance of seeing that many
where the allowance is kept (a binomial tail). For money, which has no such tail, the second gate is the busiest window
of the same length that the baseline saw.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agentgov.alerts.judged import Judged, chance_of, share, span, worst
from agentgov.alerts.slots import Slots
from agentgov.alerts.tails import binomial_tail

CALM = 0.5  # of what starts an alert: it ends below this share of it


@dataclass(frozen=True, slots=True)
class Pair:
    """So many times too fast over both windows (milliseconds)."""

    factor: float
    long: int
    short: int


@dataclass(frozen=True, slots=True)
class Allowed:
    """What of events may be bad: `rate` of them, in clumps of `clump` (a run that is refused tries again). `least` bad
    events are needed, `events` in all, and a chance of `chance` at most."""

    rate: float
    least: int
    chance: float
    clump: float = 1.0
    events: int = 0


def rate_of(pair: Pair, allowed: float) -> float:
    """The share of bad events at which a pair fires: so many times the allowance, but never more than half way from
    there to everything."""
    return min(pair.factor * allowed, (1 + allowed) / 2)


def burn_events(slots: Slots, pairs: Sequence[Pair], allowed: Allowed, what: str, now_ms: int) -> Judged:
    """Of events that are good or bad; `what` names the bad ones, as in "runs failed"."""
    return worst([_events(slots, pair, allowed, what, now_ms) for pair in pairs])


def _events(slots: Slots, pair: Pair, allowed: Allowed, what: str, now_ms: int) -> Judged:
    total, bad = slots.within(pair.long, now_ms)
    lately, lately_bad = slots.within(pair.short, now_ms)
    needed = rate_of(pair, allowed.rate)
    said = f"{bad} of {total} {what} in {span(pair.long)}"
    rate = bad / total if total else 0.0
    now = lately_bad / lately if lately else 0.0
    seen = Judged("firing", said, "", rate, allowed.rate, total)
    if not total:
        return seen.back("clear", f"nothing happened in {span(pair.long)}")
    if rate < CALM * needed or (lately and now < CALM * needed):
        return seen.back("clear", f"that is {share(rate)}, below {share(needed)}")
    if rate < needed or now < needed:
        window = pair.long if rate < needed else pair.short
        return seen.back("held", f"in {span(window)} it is {share(min(rate, now))}, below {share(needed)}")
    if bad < allowed.least:
        return seen.back("held", f"{bad} are too few: at least {allowed.least} are needed")
    if total < allowed.events:
        return seen.back("held", f"{total} in all are too few: the rule wants {allowed.events}")
    chance = binomial_tail(round(bad / allowed.clump), round(total / allowed.clump), allowed.rate)
    seen = replace(seen, chance=chance)
    if chance > allowed.chance:
        by = f"the chance of that at {share(allowed.rate)} is {chance_of(chance)}, above {chance_of(allowed.chance)}"
        return seen.back("held", by)
    return seen


@dataclass(frozen=True, slots=True)
class Allowance:
    """Money: `per_ms` nano-units a millisecond on average, and the most that windows of the baseline saw."""

    per_ms: float
    busiest: dict[int, int]
    least: int = 3
    runs: int = 0  # of the baseline
    of: str = "its budget"


def burn_money(slots: Slots, pairs: Sequence[Pair], allowance: Allowance, now_ms: int) -> Judged:
    """Of money: `slots` count charges as events, and nano-units as what is bad of them."""
    return worst([_money(slots, pair, allowance, now_ms) for pair in pairs])


def _money(slots: Slots, pair: Pair, allowance: Allowance, now_ms: int) -> Judged:
    charges, spent = slots.within(pair.long, now_ms)
    _, lately = slots.within(pair.short, now_ms)
    allowed = allowance.per_ms * pair.long
    burn = spent / allowed if allowed else 0.0
    now = lately / (allowance.per_ms * pair.short) if allowance.per_ms else 0.0
    said = f"money goes {burn:.3g} times as fast as {allowance.of} allows, over {span(pair.long)}"
    seen = Judged("firing", said, "", burn, 1.0, charges)
    if not allowed:
        return seen.back("unknown", "there is no budget and no baseline to hold it against")
    if burn < CALM * pair.factor or now < CALM * pair.factor:
        return seen.back("clear", f"that is below {pair.factor:g}")
    if burn < pair.factor or now < pair.factor:
        window = pair.long if burn < pair.factor else pair.short
        return seen.back("held", f"in {span(window)} it is {min(burn, now):.3g} times, below {pair.factor:g}")
    if charges < allowance.least:
        return seen.back("held", f"{charges} charges are too few: at least {allowance.least} are needed")
    busiest = allowance.busiest.get(pair.long, 0)
    needed = max(1.5, (1 + 5 / charges**0.5) * (1 + 10 / max(allowance.runs, 1) ** 0.5))  # few say little of the most
    if busiest and spent < needed * busiest:
        by = f"it is {spent / busiest:.3g} times the busiest {span(pair.long)} of the baseline, below {needed:.3g}"
        return seen.back("held", by)
    return seen
