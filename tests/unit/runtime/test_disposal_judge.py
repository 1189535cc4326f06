"""Whether governance allowed a disposal: how old it was, of which class, under which holds, on whose signed order."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agentgov.model.access import Access, Administrators, Person
from agentgov.model.anchored import Anchored
from agentgov.model.policies import HoldMatch, LegalHold, Retention, RetentionClass
from agentgov.runtime.disposal_judge import ROUGHLY, Gone, Governed, Judged, Known, judge
from agentgov.runtime.erasure import NAMESPACE, Erasure, order_text
from agentgov.runtime.erasure_orders import Electors
from agentgov.runtime.holds import Holds
from agentgov.runtime.ledger import Leaf, Receipt
from agentgov.trust.identity import Directory
from agentgov.trust.signers import KeyFileSigner, generate_key

NOW, DAY = 1_795_939_200_000, 86_400_000
LIMIT = NOW - 30 * DAY + ROUGHLY
CLASSES = {"short": RetentionClass(payload="1d", leaf="30d"), "long": RetentionClass(payload="9d", leaf="90d")}
CLASSES["spare"] = RetentionClass(payload="1d", leaf="60d")
FLEET = "f" * 32
_CAROL = Access(administrators=Administrators(who=("carol",), threshold=1))
CAROL = Electors(_CAROL, Directory(_CAROL))


def said(
    leaf: Leaf,
    *holds: HoldMatch,
    anchors: Sequence[Anchored] = (),
    gone: Iterable[Gone | None] = (),
    electors: Electors = CAROL,
    **known: Any,
) -> list[Judged]:
    """What is said of a disposal in the tree `support`, under holds h0, h1... of these matches."""
    kept = tuple(LegalHold(id=f"h{number}", match=match, by="carol") for number, match in enumerate(holds))
    by = Governed(
        FLEET,
        Retention(classes=CLASSES, default="short", holds=kept),
        lambda index_of: Holds(kept, index_of=index_of),
        electors,
        lambda agent: None if agent in ("support/lost", "") else {"long"},
        lambda tree: ["finance/moved"] if tree == "support" else [],
    )
    about = Known("support", None, lambda first, last: gone, None, anchors)
    return list(judge(leaf, about._replace(**known), by))


def leaves(classes: str = "short 256 30d") -> Leaf:
    return Leaf(seq=300, time=NOW, type="ledger.prune", actor="gate", refs={"classes": classes, "leaves": "256"})


def anchor(size: int, time_ms: int, seq: int = 7) -> Anchored:
    return Anchored(tree="support", log="ab", size=size, root="", signature="", seq=seq, time=time_ms // 1000)


UNSHOWN = Judged("how old the records were cannot be told: nothing anchored them in time", is_known=False)


@pytest.mark.parametrize(
    ("anchors", "found"),
    [
        ([anchor(256, LIMIT)], []),
        ([anchor(255, LIMIT - 60_000), anchor(300, LIMIT)], []),
        ([anchor(256, LIMIT + 1000)], [UNSHOWN]),
        ([anchor(255, LIMIT)], [UNSHOWN]),
        ([], [UNSHOWN]),
        (
            [anchor(200, LIMIT), anchor(255, LIMIT + 1000, 8), anchor(256, LIMIT + 60_000)],
            [Judged("records went that were too young: act 8 of the journal anchored 255 records, and 256 are gone")],
        ),
    ],
)
def test_anchors_say_how_old_records_were_to_the_hour(anchors: Sequence[Anchored], found: Sequence[Judged]) -> None:
    assert said(leaves(), anchors=anchors) == found


def test_records_go_by_the_periods_of_their_classes() -> None:
    old = [anchor(256, NOW - 100 * DAY)]
    assert said(leaves("short 1 30d; long 255 90d"), anchors=old) == []
    wrong = said(leaves("short 1 29d; long 253 30d; gone 1 30d; short 1 31d"), anchors=old)
    assert [one.message for one in wrong] == [
        "governance kept short for 30d, and not for 29d",
        "governance kept long for 90d, and not for 30d",
        "governance had no class gone",
        "governance kept short for 30d, and not for 31d",
    ]
    assert said(leaves("short"), anchors=old) == [Judged("it cannot be read as a disposal", is_known=False)]


@pytest.mark.parametrize(
    ("match", "is_known"),
    [
        (HoldMatch(), True),
        (HoldMatch(agents=("support/*",)), True),
        (HoldMatch(agents=("support/*",), tools=("refund",)), False),
        (HoldMatch(since="2026-01-01"), False),
        (HoldMatch(until="2026-01-01"), False),
        (HoldMatch(subjects=("matter-1",)), False),
        (HoldMatch(labels={"tier": "gold"}), False),
        (HoldMatch(agents=("support/triage",)), False),
        (HoldMatch(agents=("*/triage",)), False),
        (HoldMatch(agents=("finance/*",)), False),
        (HoldMatch(agents=("legal/*",)), None),
    ],
)
def test_a_hold_reaches_a_tree_whole_in_part_or_not(match: HoldMatch, is_known: bool | None) -> None:
    found = said(leaves(), match, anchors=[anchor(256, LIMIT)])
    assert [one.is_known for one in found] == ([] if is_known is None else [is_known])


def test_records_of_agents_of_before_may_be_anywhere_in_a_tree_of_the_fleet() -> None:
    found = said(leaves(), HoldMatch(agents=("legal/*",)), anchors=[anchor(256, LIMIT)], tree="_fleet")
    assert found == [Judged("whether the hold h0 was about any of the records", is_known=False)]


def payloads(agent: str = "support/triage", **refs: str) -> Leaf:
    usual = {"payloads": "short", "rule": "1d", "since": "0", "until": str(NOW - DAY), "count": "1"}
    said = usual | {"first": "1", "last": "1"} | refs
    return Leaf(seq=9, time=NOW, type="ledger.prune", agent=agent, actor="gate", refs=said)


def gone(seq: int = 1, agent: str = "support/triage", *, subject: str | None = "", shared: bool = False) -> Gone:
    """A record whose payload is gone, of the subject of this digest."""
    return Gone(Leaf(seq=seq, time=0, type="action", agent=agent), subject, lambda: shared)


def test_payloads_go_when_their_period_is_over() -> None:
    (found,) = said(payloads(until=str(NOW - DAY + 1)))
    assert found == Judged("payloads went that were younger than 1d")
    assert said(payloads()) == []


def test_payloads_go_by_a_class_of_their_agent() -> None:
    spare, long = {"payloads": "spare", "until": "0"}, {"payloads": "long", "rule": "9d", "until": "0"}
    assert said(payloads(**long)) == []
    assert said(payloads(**spare)) == [Judged("support/triage never was of the class spare")]
    of_nobody = said(payloads("", **spare))
    assert of_nobody == [Judged("what is about no agent never was of the class spare")]
    assert said(payloads("", **long)) == [], "the ledger's own records are kept for the longest"
    assert said(payloads("")) == [], "the others by the default"


MATTER = HoldMatch(subjects=("matter-1",))
KEPT = Judged("the hold h0 kept record 1")
SHARED = Judged("the hold h0 kept record 1, and by which disposal that went cannot be told", is_known=False)
PRUNED = Judged("the records are gone that holds may have been about", is_known=False)
UNTOLD = Judged("whom record 1 was about cannot be told, and a hold names subjects", is_known=False)


def digest(name: str) -> str:
    return sha256(name.encode()).hexdigest()


def test_a_hold_keeps_the_payloads_that_it_is_about() -> None:
    assert said(payloads(), MATTER, gone=[gone(subject=digest("matter-1"))], index_of=digest) == [KEPT]
    assert said(payloads(), MATTER, gone=[gone(subject=digest("matter-2"))], index_of=digest) == []
    assert said(payloads(), HoldMatch(), gone=[gone(agent="support/other")]) == [], "it is of another agent"
    assert said(payloads(), HoldMatch(tools=("refund",)), gone=[gone(subject=None)]) == [], "no hold names subjects"
    assert said(payloads(), HoldMatch(agents=("support/other",)), gone=[None]) == [], "no hold is about the agent"


def test_what_another_disposal_explains_as_well_was_taken_for_certain_by_neither() -> None:
    held, free = gone(subject=digest("matter-1"), shared=True), gone(2)
    assert said(payloads(), MATTER, gone=[held], index_of=digest) == [SHARED]
    assert said(payloads(count="2"), MATTER, gone=[held, free], index_of=digest) == [SHARED]
    assert said(payloads(), MATTER, gone=[held, free], index_of=digest) == [], "it took one: that with one explanation"


@pytest.mark.parametrize("first", [PRUNED, SHARED, UNTOLD])
def test_of_several_doubts_the_first_is_told(first: Judged) -> None:
    shared, untold = gone(subject=digest("matter-1"), shared=True), gone(subject=None)
    doubts = {PRUNED: None, SHARED: shared, UNTOLD: untold}
    order = [doubts.pop(first), *doubts.values()]
    assert said(payloads(count="9"), MATTER, gone=order, index_of=digest) == [first]


def test_whom_a_record_was_about_cannot_be_told_from_a_folder() -> None:
    about = Leaf(seq=1, time=0, type="action", agent="support/triage", subject="ab")
    match = HoldMatch(subjects=("matter-1",))
    (found,) = said(payloads(), match, gone=[Gone(about, None)])
    assert found == Judged("whom record 1 was about cannot be told, and a hold names subjects", is_known=False)
    assert said(payloads(), match, gone=[Gone(about, "another")]) == []
    (found,) = said(payloads(), match, gone=[None])
    assert found == Judged("the records are gone that holds may have been about", is_known=False)
    assert said(payloads(), HoldMatch(agents=("legal/*",)), gone=[None]) == [], "no hold can be about it"
    late = Leaf(seq=1, time=NOW - DAY, type="action", agent="support/triage")
    assert said(payloads(), HoldMatch(), gone=[Gone(late, "")]) == [], "it is none of those that went"
    assert said(payloads("support/lost"))[0].message == "which classes support/lost had cannot be told"


ERASED = Leaf(seq=9, time=NOW, type="redacted", actor="carol", refs={"records": "1"})
LETTER = Erasure("carol", "letter", place=Receipt("support", 1))
OTHERWISE = "the order that was signed says something else"


class Desk:
    """Carol and Dave administer, and it takes both; Alice has a key."""

    def __init__(self, folder: Path) -> None:
        names = ("alice", "carol", "dave")
        for name in names:
            generate_key(folder / name, name)
        self.signers = {name: KeyFileSigner(folder / name) for name in names}
        people = tuple(Person(id=name, keys=(one.public_key,)) for name, one in self.signers.items())
        access = Access(administrators=Administrators(who=("carol", "dave"), threshold=2), people=people)
        self.electors = Electors(access, Directory(access))

    def said(
        self,
        *holds: HoldMatch,
        order: Erasure = LETTER,
        by: Sequence[str] = ("carol", "dave"),
        fleet: str = FLEET,
        leaf: Leaf = ERASED,
        reason: str = "letter",
        gone: Iterable[Gone | None] = (),
    ) -> list[str]:
        """What is said of an erasure by this order, that these signed."""
        text = order_text(fleet, order, NOW)
        proof = "".join(self.signers[name].sign(NAMESPACE, text).decode() for name in by)
        payload = {"by": "carol", "reason": reason, "order": text.decode(), "signature": proof}
        about = msgspec.json.encode(payload)
        return [one.message for one in said(leaf, *holds, gone=gone, electors=self.electors, payload=about)]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("keys"))


def test_an_erasure_takes_the_signatures_of_as_many_administrators(desk: Desk) -> None:
    assert desk.said() == []
    assert desk.said(order=Erasure("carol", "letter", "Ada")) == []
    for by, names in ((), "nobody"), (("alice",), "nobody"), (("dave", "alice", "dave"), "dave"):
        assert desk.said(by=by) == [f"{names} of the administrators signed the order, and it took 2"]


def test_an_erasure_is_of_what_the_order_says(desk: Desk) -> None:
    assert desk.said(fleet="e" * 32) == [OTHERWISE]
    assert desk.said(reason="another letter") == [OTHERWISE]
    assert desk.said(order=Erasure("dave", "letter", "Ada")) == [OTHERWISE]
    for place in (Receipt("support", 2), Receipt("finance", 1)):
        assert desk.said(order=Erasure("carol", "letter", place=place)) == [OTHERWISE]
    signed = msgspec.structs.replace(ERASED, actor="dave")
    assert desk.said(leaf=signed) == ["dave is said to have ordered it, and the payload says carol"]


def test_a_hold_keeps_whom_an_order_to_erase_is_about(desk: Desk) -> None:
    about = Gone(Leaf(seq=1, time=0, type="action", agent="support/triage", subject="ab"), None)
    order = Erasure("carol", "letter", "matter-1")
    assert desk.said(MATTER, order=order, gone=[about]) == ["the hold h0 kept record 1"]
    assert desk.said(MATTER, order=Erasure("carol", "letter", "Ada"), gone=[about]) == []
