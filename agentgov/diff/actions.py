"""Whether the action rules let more or less through, where that can be told from the rules alone.

Evaluation (the source of every rule here): the first rule whose tools match and whose `when` holds decides; no match
denies; a `when` that fails denies. So a change tightens for certain only if every call that it sends on to later rules,
or decides otherwise, was at least as free before. Two `when` are compared by their conjuncts (`conditions`): an `allow`
that holds for fewer calls, a `deny` that holds for more, tightens. Where the narrower condition of an `allow` may be
false while the wider one failed, a later rule must not let that call pass. Everything else loosens.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from agentgov.diff.change import FieldChange, Place, change, short
from agentgov.diff.conditions import fails_alike, meaning, narrower, never_both
from agentgov.diff.limits import seconds
from agentgov.diff.narrowing import inside, may_overlap
from agentgov.diff.sequence import runs
from agentgov.model.agent import ActionRule, Ask, Then

_POWER = {"deny": 0, "ask": 1, "allow": 2}
_MOST_COMPARED = 200  # rules whose order is looked at pair by pair


@dataclass(frozen=True, slots=True)
class _Alignment:
    pairs: list[tuple[int, int]]  # the same rule on both sides, changed or not, in order
    moved: list[tuple[int, int]]  # the same rule at another turn
    removed: list[int]
    added: list[int]


def actions(base: Sequence[ActionRule], head: Sequence[ActionRule], place: Place) -> Iterator[FieldChange]:
    """Changes of the action rules, each one `actions.loosened`, `actions.tightened` or `actions.reordered`."""
    aligned = _align(base, head)
    for index in aligned.removed:
        rule = base[index]
        field = "actions.tightened" if _removal_tightens(base, index) else "actions.loosened"
        summary = f"action rule {index + 1} removed: {_said(rule)}"
        yield change(field, place.to(index), _plain(rule), None, summary)
    for index in aligned.added:
        rule = head[index]
        field = "actions.tightened" if _addition_tightens(head, index) else "actions.loosened"
        summary = f"action rule {index + 1} added: {_said(rule)}"
        yield change(field, place.to(index), None, _plain(rule), summary)
    for old, new in aligned.pairs:
        for tighter, said in _differences(base[old], head[new], head[new + 1 :]):
            field = "actions.tightened" if tighter else "actions.loosened"
            summary = f"action rule {new + 1} ({short(head[new].match.tools, 40)}): {said}"
            yield change(field, place.to(new), _plain(base[old]), _plain(head[new]), summary)
    field = "actions.rearranged" if aligned.moved and _decide_alike(aligned, base, head) else "actions.reordered"
    for old, new in aligned.moved:
        summary = f"action rule {old + 1} is rule {new + 1} now: {_said(head[new])}"
        yield change(field, place.to(new), old, new, summary)


def _align(base: Sequence[ActionRule], head: Sequence[ActionRule]) -> _Alignment:
    """Rules matched in order: by all they say, then by tools and `when`, then by tools, then by turn."""
    aligned = _Alignment([], [], [], [])
    gaps = _narrowed([_Gap(list(range(len(base))), list(range(len(head))))], base, head, _meaning, aligned.pairs)
    _take_moved(gaps, base, head, aligned.moved)
    for key in (_scope, _tools):
        gaps = _narrowed(gaps, base, head, key, aligned.pairs)
    for gap in gaps:
        if len(gap.before) == len(gap.after):
            aligned.pairs.extend(zip(gap.before, gap.after, strict=True))
        else:
            aligned.removed.extend(gap.before)
            aligned.added.extend(gap.after)
    aligned.pairs.sort()
    return aligned


@dataclass(frozen=True, slots=True)
class _Gap:
    before: list[int]
    after: list[int]


def _meaning(rule: ActionRule) -> Hashable:
    if not isinstance(rule.then, Then):
        return (_tools(rule), meaning(rule.when), rule.then)
    ask = rule.then.ask
    within = seconds(ask.within) or ask.within
    return (_tools(rule), meaning(rule.when), frozenset(ask.who), ask.count, ask.four_eyes, within, frozenset(ask.show))


def _scope(rule: ActionRule) -> Hashable:
    return (_tools(rule), meaning(rule.when))


def _tools(rule: ActionRule) -> frozenset[str]:
    return frozenset(rule.match.tools)


def _narrowed(
    gaps: list[_Gap],
    base: Sequence[ActionRule],
    head: Sequence[ActionRule],
    key: Callable[[ActionRule], Hashable],
    pairs: list[tuple[int, int]],
) -> list[_Gap]:
    """Align what is left in each gap by one key: what is equal becomes pairs, what is not becomes smaller gaps."""
    smaller: list[_Gap] = []
    for gap in gaps:
        for run in runs([key(base[index]) for index in gap.before], [key(head[index]) for index in gap.after]):
            before = gap.before[run.before.start : run.before.stop]
            after = gap.after[run.after.start : run.after.stop]
            if run.equal:
                pairs.extend(zip(before, after, strict=True))
            else:
                smaller.append(_Gap(before, after))
    return smaller


def _take_moved(
    gaps: list[_Gap], base: Sequence[ActionRule], head: Sequence[ActionRule], moved: list[tuple[int, int]]
) -> None:
    """Take the rules out of the gaps that say the same on both sides and stand at another turn."""
    waiting: dict[Hashable, list[int]] = {}
    for gap in gaps:
        for index in gap.after:
            waiting.setdefault(_meaning(head[index]), []).append(index)
    old = [index for gap in gaps for index in gap.before]
    moved.extend((index, same.pop(0)) for index in old if (same := waiting.get(_meaning(base[index]))))
    gone, come = {old for old, _ in moved}, {new for _, new in moved}
    for gap in gaps:
        gap.before[:] = [index for index in gap.before if index not in gone]
        gap.after[:] = [index for index in gap.after if index not in come]


def _removal_tightens(base: Sequence[ActionRule], index: int) -> bool:
    """Calls of a removed rule go on to later ones: no harm if it allowed them all, or if no later rule can be freer."""
    rule = base[index]
    if rule.then == "deny":
        return False
    if rule.then == "allow" and not rule.when:
        return True
    return all(later.then == "deny" or not _may_overlap(rule, later) for later in base[index + 1 :])


def _addition_tightens(head: Sequence[ActionRule], index: int) -> bool:
    """An added rule takes its calls from later ones: no harm if it denies, or asks where a later rule let them pass."""
    rule = head[index]
    if rule.then in ("deny", "allow"):
        return rule.then == "deny"
    later = next((other for other in head[index + 1 :] if _may_overlap(rule, other)), None)
    return later is not None and later.then == "allow" and not later.when and inside(_tools(rule), _tools(later))


def _may_overlap(one: ActionRule, other: ActionRule) -> bool:
    return any(may_overlap(name, match) for name in one.match.tools for match in other.match.tools)


def _decide_alike(aligned: _Alignment, base: Sequence[ActionRule], head: Sequence[ActionRule]) -> bool:
    """Whether rules only passed others that no call has in common with them: each call still meets the same rules."""
    kept = sorted([*aligned.pairs, *aligned.moved])
    if len(kept) > _MOST_COMPARED:
        return False
    return not any(
        after[1] < before[1]
        and (_may_overlap(base[before[0]], base[after[0]]) or _may_overlap(head[before[1]], head[after[1]]))
        for number, before in enumerate(kept)
        for after in kept[number + 1 :]
    )


def _differences(old: ActionRule, new: ActionRule, later: Sequence[ActionRule]) -> Iterator[tuple[bool, str]]:
    """(certainly tighter, what differs) for each way in which two versions of one rule differ."""
    before, after = _kind(old), _kind(new)
    if before != after:
        yield _POWER[after] < _POWER[before], f"{before} -> {after}"
    gone, more = _tools(old) - _tools(new), _tools(new) - _tools(old)
    if gone or more:
        fewer = not old.when and not new.when and inside(_tools(new), _tools(old))
        denied = after == "ask" and not any(_freer_than_deny(old, later))
        less = fewer and before == after and (after == "allow" or denied)
        wider = before == after == "deny" and inside(_tools(old), _tools(new))
        both = f"tools {short(sorted(_tools(old)))} -> {short(sorted(_tools(new)))}"
        one = f"{after} {short(sorted(more))} too" if more else f"not for {short(sorted(gone))} any more"
        yield less or wider, both if gone and more else one
    if meaning(old.when) != meaning(new.when):
        tighter = before == after and _condition_tightens(old, new, later)
        yield tighter, f"when {short(old.when or 'always')} -> {short(new.when or 'always')}"
    if isinstance(old.then, Then) and isinstance(new.then, Then):
        yield from _asked(old.then.ask, new.then.ask)


def _condition_tightens(old: ActionRule, new: ActionRule, later: Sequence[ActionRule]) -> bool:
    """Whether another condition of the same answer certainly lets less through, whatever the later rules say."""
    if new.then == "deny":
        return narrower(new.when, old.when)
    if not narrower(old.when, new.when):
        return False
    freer = _freer_than_deny(old, later)
    if new.then != "allow":
        return not any(freer)
    return fails_alike(old.when, new.when) or all(never_both(old.when, other.when) for other in freer)


def _freer_than_deny(rule: ActionRule, later: Sequence[ActionRule]) -> Iterator[ActionRule]:
    """The later rules that may let calls pass that a rule is about."""
    return (other for other in later if other.then != "deny" and _may_overlap(rule, other))


def _asked(old: Ask, new: Ask) -> Iterator[tuple[bool, str]]:
    if more := sorted(set(new.who) - set(old.who)):
        yield False, f"{short(more)} may approve too"
    if gone := sorted(set(old.who) - set(new.who)):
        yield True, f"{short(gone)} may not approve any more"
    if old.count != new.count:
        yield new.count > old.count, f"approvals {old.count} -> {new.count}"
    if old.four_eyes != new.four_eyes:
        yield new.four_eyes, "four eyes needed now" if new.four_eyes else "four eyes not needed any more"
    before, after = seconds(old.within), seconds(new.within)
    if old.within != new.within and (before is None or before != after):
        shorter = before is not None and after is not None and after < before
        yield shorter, f"approval within {short(old.within)} -> {short(new.within)}"
    if gone := sorted(set(old.show) - set(new.show)):
        yield False, f"approvers do not see {short(gone)} any more"
    if more := sorted(set(new.show) - set(old.show)):
        yield True, f"approvers see {short(more)} too"


def _kind(rule: ActionRule) -> str:
    return rule.then if isinstance(rule.then, str) else "ask"


def _said(rule: ActionRule) -> str:
    tools = short(rule.match.tools, 40)
    what = f"ask {short(rule.then.ask.who, 40)} for {tools}" if isinstance(rule.then, Then) else f"{rule.then} {tools}"
    return f"{what} when {short(rule.when)}" if rule.when else what


def _plain(rule: ActionRule) -> dict[str, object]:
    plain: dict[str, object] = msgspec.to_builtins(rule)
    return plain
