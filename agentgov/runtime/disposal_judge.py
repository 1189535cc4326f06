"""Whether governance allowed what was disposed of: the class and its period, legal holds, who ordered an erasure.

Decides from the record of a disposal, the leaves it is about as far as they are there, and the governance that was in
force when it was made. The same functions decide here that decided then: `Holds`, `Electors`, `decide_threshold`. What
cannot be told is said apart and allows nothing. Pure; `disposals` tells whether a disposal explains what is missing.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from agentgov.errors import RefusedError
from agentgov.model.anchored import Anchored
from agentgov.model.policies import HoldMatch, Retention, RetentionClass
from agentgov.model.units import parse_duration
from agentgov.runtime.disposals import parse_places
from agentgov.runtime.erasure_orders import Electors
from agentgov.runtime.holds import About, Holds
from agentgov.runtime.ledger import UNREADABLE, Leaf
from agentgov.runtime.retention import REDACTED
from agentgov.trust.permissions import decide_threshold

ROUGHLY = (
    3_600_000  # milliseconds: how often a ledger is anchored, so how well the journal knows when a record was made
)
_END = "-----END SSH SIGNATURE-----\n"
_SOMEBODY = "?"  # the digest of nobody


class Judged(NamedTuple):
    """One thing about a disposal: what speaks against it, or why that cannot be told."""

    message: str
    is_known: bool = True


class Governed(NamedTuple):
    """Governance as it was in force."""

    fleet: str
    retention: Retention
    holds: Callable[[Callable[[str], str]], Holds]  # by how subjects are digested
    electors: Electors
    classes_of: Callable[[str], Container[str] | None]  # that an agent's releases named; None where unreadable
    formerly: Callable[[str], Iterable[str]]  # ids of today of agents that were in a workspace


class Gone(NamedTuple):
    """A record whose payload is gone, and the digest that its subject is found by; None where nobody can tell."""

    leaf: Leaf
    subject: str | None
    is_shared: Callable[[], bool] = lambda: False  # whether another disposal explains it as well


class Known(NamedTuple):
    """What is known of a disposal besides its own leaf."""

    tree: str
    payload: bytes | None  # of its record
    gone: Callable[[int, int], Iterable[Gone | None]]  # in these places, both included; None for a pruned leaf
    index_of: Callable[[str], str] | None  # how `Gone.subject` is made; None where it never is there
    anchors: Sequence[Anchored]


def judge(leaf: Leaf, about: Known, by: Governed) -> Iterator[Judged]:
    """What speaks against a disposal, or cannot be told."""
    try:
        if leaf.type == REDACTED:
            yield from _erased(leaf, about, by)
        elif "leaves" in leaf.refs:
            yield from _pruned_leaves(leaf, about, by)
        else:
            yield from _pruned_payloads(leaf, about, by)
    except (*UNREADABLE, KeyError, TypeError):
        yield Judged("it cannot be read as a disposal", is_known=False)


def _pruned_payloads(leaf: Leaf, about: Known, by: Governed) -> Iterator[Judged]:
    name, rule = leaf.refs["payloads"], leaf.refs["rule"]
    yield from _by_class(by.retention.classes, name, rule, lambda one: one.payload)
    if int(leaf.refs["until"]) > leaf.time - parse_duration(rule) * 1000:
        yield Judged(f"payloads went that were younger than {rule}")
    known = by.classes_of(leaf.agent) if leaf.agent else _longest(by.retention.classes)
    if known is None:
        yield Judged(f"which classes {leaf.agent} had cannot be told", is_known=False)
    elif name not in known and name != by.retention.default:
        yield Judged(f"{leaf.agent or 'what is about no agent'} never was of the class {name}")
    if not by.holds(lambda _: _SOMEBODY).touch(leaf.agent):
        return
    since, until = int(leaf.refs["since"]), int(leaf.refs["until"])
    places = about.gone(int(leaf.refs["first"]), int(leaf.refs["last"]))
    mine = [one for one in places if one is None or (one.leaf.agent == leaf.agent and since <= one.leaf.time < until)]
    found = list(_held(mine, about, about.index_of, by))
    if found and len(sole := [one for one in mine if one is None or not one.is_shared()]) >= int(leaf.refs["count"]):
        found = list(_held(sole, about, about.index_of, by))  # so none of the others is one of these
    yield from found


def _longest(classes: Mapping[str, RetentionClass]) -> Container[str]:
    """The class of the ledger's own records, where there is any; what else is about no agent has the default."""
    kept = sorted((parse_duration(one.leaf), one.leaf, name) for name, one in classes.items())
    return [name for *_, name in kept[-1:]]


def _by_class(
    classes: Mapping[str, RetentionClass], name: str, rule: str, part: Callable[[RetentionClass], str]
) -> Iterator[Judged]:
    if name not in classes:
        yield Judged(f"governance had no class {name}")
    elif rule not in map(part, classes.values()) or parse_duration(rule) < parse_duration(part(classes[name])):
        yield Judged(f"governance kept {name} for {part(classes[name])}, and not for {rule}")


def _held(
    gone: Iterable[Gone | None], about: Known, index_of: Callable[[str], str] | None, by: Governed
) -> Iterator[Judged]:
    """The first record that a hold was about, and whether there are any of which that cannot be told."""
    anybody = by.holds(lambda _: _SOMEBODY)
    exact, doubt = by.holds(index_of) if index_of is not None else anybody, ""
    reached = any(_reach(hold.match, about.tree, by) is not None for hold in by.retention.holds)
    for one in gone if reached else ():
        if one is None:
            doubt = doubt or "the records are gone that holds may have been about"
            continue
        seq, record = one.leaf.seq, About(one.leaf.agent, one.leaf.time, one.leaf.refs.get("tool", ""))
        hold = exact.of(record._replace(subject=one.subject or ""))
        if hold and not one.is_shared():
            yield Judged(f"the hold {hold} kept record {seq}")
            return
        if hold:
            doubt = doubt or f"the hold {hold} kept record {seq}, and by which disposal that went cannot be told"
        elif one.subject is None and anybody.of(record._replace(subject=_SOMEBODY)):
            doubt = doubt or f"whom record {seq} was about cannot be told, and a hold names subjects"
    if doubt:
        yield Judged(doubt, is_known=False)


def _pruned_leaves(leaf: Leaf, about: Known, by: Governed) -> Iterator[Judged]:
    end, rules = int(leaf.refs["leaves"]), list[int]()
    for part in leaf.refs["classes"].split("; "):
        name, _, rule = part.rsplit(" ", 2)
        yield from _by_class(by.retention.classes, name, rule, lambda one: one.leaf)
        rules.append(parse_duration(rule) * 1000)
    yield from _age(end, leaf.time - min(rules) + ROUGHLY, about.anchors)
    for hold in by.retention.holds:
        reach = _reach(hold.match, about.tree, by)
        if reach is not None:
            said = f"the hold {hold.id} kept every record of {about.tree}"
            yield Judged(said if reach else f"whether the hold {hold.id} was about any of the records", is_known=reach)


def _age(end: int, limit: int, anchors: Sequence[Anchored]) -> Iterator[Judged]:
    """Whether all records before a place were made before a moment, by what the journal anchored: roughly."""
    within = next((one for one in anchors if one.size >= end), None)
    if within is not None and within.time * 1000 <= limit:
        return
    before = max((one for one in anchors if one.size < end), key=lambda one: one.time, default=None)
    if before is not None and before.time * 1000 > limit:
        said = f"act {before.seq} of the journal anchored {before.size:,} records, and {end:,} are gone"
        yield Judged(f"records went that were too young: {said}")
    else:
        yield Judged("how old the records were cannot be told: nothing anchored them in time", is_known=False)


def _reach(match: HoldMatch, tree: str, by: Governed) -> bool | None:
    """Whether a hold was about all records of a tree (True), about some of them perhaps (False), or about none."""
    patterns = match.agents or ("**",)
    every = "**" in patterns or f"{tree}/*" in patterns
    if every and not (match.subjects or match.tools or match.labels or match.since or match.until):
        return True
    trees = {tree, *(one.partition("/")[0] for one in by.formerly(tree))}
    some = every or tree.startswith("_") or any(one.partition("/")[0] in {*trees, "*"} for one in patterns)
    return False if some else None


def _erased(leaf: Leaf, about: Known, by: Governed) -> Iterator[Judged]:
    if about.payload is None:
        yield Judged("who ordered the erasure cannot be told: the payload of its record is not here", is_known=False)
        subject: str | None = None
    else:
        said = msgspec.json.decode(about.payload, type=dict[str, Any])
        subject = msgspec.json.decode(said["order"], type=dict[str, Any]).get("subject") if "order" in said else None
        yield from _ordered(leaf, about.tree, said, by)
    digests = (
        one if one is None else Gone(one.leaf, subject if one.leaf.subject else "")
        for first, last in parse_places(leaf.refs.get("records", "0--1"))
        for one in about.gone(first, last)
    )
    yield from _held(digests, about, lambda name: sha256(name.encode()).hexdigest(), by)


def _ordered(leaf: Leaf, tree: str, said: Mapping[str, Any], by: Governed) -> Iterator[Judged]:
    """Whether whoever ordered an erasure could, as many as it took."""
    who, electors = str(said["by"]), by.electors
    if leaf.actor != who:
        yield Judged(f"{leaf.actor} is said to have ordered it, and the payload says {who}")
    if "order" not in said:
        person = who.removeprefix("person:")
        if not decide_threshold(electors.access, [person]).allowed:
            needed = electors.needed
            yield Judged(f"{person} alone ordered it, unsigned, and it took {needed} of the administrators")
        return
    text = str(said["order"])
    order = msgspec.json.decode(text, type=dict[str, Any])
    record = order.get("record")
    if (order.get("fleet"), order.get("by"), order.get("reason")) != (by.fleet, who, said["reason"]) or (
        record is not None and record != f"{tree}/{leaf.refs.get('records')}"
    ):
        yield Judged("the order that was signed says something else")
    signers = list(_signers(text, str(said.get("signature", "")), electors))
    if not decide_threshold(electors.access, signers).allowed:
        names = ", ".join(sorted(set(signers))) or "nobody"
        yield Judged(f"{names} of the administrators signed the order, and it took {electors.needed}")


def _signers(text: str, signatures: str, electors: Electors) -> Iterator[str]:
    for one in signatures.split(_END):
        try:
            if one.strip():
                yield electors.signer(text, one.lstrip() + _END)
        except RefusedError:
            continue
