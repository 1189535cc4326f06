"""What is known about an agent's harm, and what proves that it is kept small: risk, data, audit, evaluations."""

from collections.abc import Iterator
from dataclasses import replace

from agentgov.diff.change import FieldChange, Place, change, short
from agentgov.diff.identity import named
from agentgov.diff.limits import ranked, seconds
from agentgov.diff.sequence import keyed
from agentgov.diff.version import AgentVersion
from agentgov.model.agent import AgentSpec, Audit, Data, Eval
from agentgov.model.document import CLASSIFICATIONS, RISKS
from agentgov.model.policies import Retention, RetentionClass

_MODES = ("async", "write-ahead")
_PAYLOADS = ("none", "hashed", "encrypted", "full")


def harm(base: AgentSpec, head: AgentSpec, place: Place) -> Iterator[FieldChange]:
    """Changes of the declared risk and of the data an agent may see."""
    yield from ranked(("risk.raised", "risk.lowered"), "risk", RISKS, base.risk, head.risk, place.to("risk"))
    yield from _data(base.data, head.data, place.to("data"))


def _data(base: Data, head: Data, place: Place) -> Iterator[FieldChange]:
    fields = ("data.classification.raised", "data.classification.lowered")
    old, new = base.classification, head.classification
    yield from ranked(fields, "data class", CLASSIFICATIONS, old, new, place.to("classification"))
    before, after = dict.fromkeys(base.categories), dict.fromkeys(head.categories)
    for name in [name for name in before if name not in after]:
        index = base.categories.index(name)
        yield change(
            "data.categories.removed", place.to("categories", index), name, None, f"data category {short(name)} removed"
        )
    for name in [name for name in after if name not in before]:
        index = head.categories.index(name)
        yield change(
            "data.categories.added", place.to("categories", index), None, name, f"data category {short(name)} added"
        )


def audit(base: Audit, head: Audit, place: Place, retention: Retention | None = None) -> Iterator[FieldChange]:
    """Changes of how the ledger records an agent: less is loosening, and so is keeping contents in clear.

    `retention` says how long each class keeps what; without it one class cannot be told from another.
    """
    fields = ("audit.mode.tightened", "audit.mode.loosened")
    yield from ranked(fields, "audit mode", _MODES, base.mode, head.mode, place.to("mode"))
    old, new = base.payloads, head.payloads
    if old != new:
        tighter = _PAYLOADS.index(new) > _PAYLOADS.index(old) and new != "full"
        field = "audit.payloads.tightened" if tighter else "audit.payloads.loosened"
        yield change(field, place.to("payloads"), old, new, f"audit payloads {old} -> {new}")
    yield from _kept(base.retention, head.retention, place.to("retention"), retention)


def _kept(base: str, head: str, place: Place, retention: Retention | None) -> Iterator[FieldChange]:
    classes = {} if retention is None else retention.classes
    old, new = classes.get(base), classes.get(head)
    if base == head or old is None or new is None:
        yield from named("audit.retention", "retention class", base, head, place)
        return
    said = f"{short(base)} -> {short(head)} ({_periods(old)} -> {_periods(new)})"
    yield change(f"audit.retention.{_direction(old, new)}", place, base, head, f"retention class {said}")


def _direction(old: RetentionClass, new: RetentionClass) -> str:
    """Whether a class keeps payloads and records for more time or for less; `changed` where that is not certain."""
    signs = set()
    for text, other in ((old.payload, new.payload), (old.leaf, new.leaf)):
        before, after = seconds(text), seconds(other)
        if before is None or after is None:
            return "changed"
        signs.add((after > before) - (after < before))
    if signs == {0}:
        return "renamed"
    return "changed" if signs >= {1, -1} else "raised" if 1 in signs else "lowered"


def _periods(kept: RetentionClass) -> str:
    return f"payload {short(kept.payload)}, record {short(kept.leaf)}"


def evals(base: AgentVersion, head: AgentVersion) -> Iterator[FieldChange]:
    """Changes of the evaluation suites: which, what is in them, what they must reach, which stages wait for them."""
    place = Place(head.agent_id.file, "/spec/evals")
    before, after = keyed(base.agent.spec.evals, _suite), keyed(head.agent.spec.evals, _suite)
    pairs = [(before.pop(key), after.pop(key)) for key in list(before) if key in after]
    # A suite that moved with the same text is the same suite.
    rest = keyed(before.values(), lambda item: base.text(item[1].suite))
    more = keyed(after.values(), lambda item: head.text(item[1].suite))
    same = [key for key in rest if key in more and key[0] is not None]
    pairs += [(rest.pop(key)[1], more.pop(key)[1]) for key in same]
    for (_, old), (index, new) in pairs:
        text, other = base.text(old.suite), head.text(new.suite)
        if text != other:
            at = Place(head.path(new.suite))
            summary = f"suite {short(new.suite)} tests something else"
            yield change("evals.changed", at, _decoded(text), _decoded(other), summary)
        yield from _demands(old, new, place.to(index))
    for _, (index, old) in rest.values():
        gone = change("evals.removed", place.to(index), old.suite, None, f"suite {short(old.suite)} removed")
        yield replace(gone, also=(base.path(old.suite),))
    for _, (index, new) in more.values():
        come = change("evals.added", place.to(index), None, new.suite, f"suite {short(new.suite)} added")
        yield replace(come, also=(head.path(new.suite),))


def _suite(suite: Eval) -> str:
    return suite.suite


def _demands(base: Eval, head: Eval, place: Place) -> Iterator[FieldChange]:
    what = short(head.suite)
    for name in sorted(base.min.keys() | head.min.keys()):
        old, new = base.min.get(name), head.min.get(name)
        if old == new:
            continue
        if old is None or new is None:
            direction = "removed" if new is None else "added"
        else:
            direction = "raised" if new > old else "lowered"
        summary = f"{what}: minimum of {short(name)} {short(old)} -> {short(new)}"
        yield change(f"evals.min.{direction}", place.to("min", name), old, new, summary)
    for stage in dict.fromkeys((*base.before, *head.before)):
        if (stage in base.before) != (stage in head.before):
            gone = stage in base.before
            field = "evals.before.removed" if gone else "evals.before.added"
            summary = f"{what}: {stage} {'does not wait for it any more' if gone else 'waits for it now'}"
            yield change(field, place.to("before"), stage if gone else None, None if gone else stage, summary)


def _decoded(text: bytes | None) -> str | None:
    return None if text is None else text.decode("utf-8", "backslashreplace")
