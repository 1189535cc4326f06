"""What anchors say of how old pruned records were; which holds reach a tree; what a folder cannot tell."""

from collections.abc import Iterable, Sequence

import pytest

from agentgov.model.access import Access, Administrators
from agentgov.model.anchored import Anchored
from agentgov.model.policies import HoldMatch, LegalHold, Retention, RetentionClass
from agentgov.runtime.disposal_judge import ROUGHLY, Gone, Governed, Judged, Known, judge
from agentgov.runtime.erasure_orders import Electors
from agentgov.runtime.holds import Holds
from agentgov.runtime.ledger import Leaf
from agentgov.trust.identity import Directory

NOW, DAY = 1_795_939_200_000, 86_400_000
LIMIT = NOW - 30 * DAY + ROUGHLY
CLASSES = {"short": RetentionClass(payload="1d", leaf="30d"), "long": RetentionClass(payload="9d", leaf="90d")}
ACCESS = Access(administrators=Administrators(who=("carol",), threshold=1))


def said(
    leaf: Leaf, *holds: HoldMatch, anchors: Sequence[Anchored] = (), gone: Iterable[Gone | None] = ()
) -> list[Judged]:
    """What is said of a disposal in the tree `support`, under holds h0, h1... of these matches."""
    kept = tuple(LegalHold(id=f"h{number}", match=match, by="carol") for number, match in enumerate(holds))
    by = Governed(
        "f" * 32,
        Retention(classes=CLASSES, default="short", holds=kept),
        lambda index_of: Holds(kept, index_of=index_of),
        Electors(ACCESS, Directory(ACCESS)),
        lambda agent: None if agent == "support/lost" else {"long"},
        lambda tree: ["finance/moved"] if tree == "support" else [],
    )
    return list(judge(leaf, Known("support", None, lambda first, last: gone, None, anchors), by))


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
    wrong = said(leaves("short 1 29d; long 254 30d; gone 1 30d"), anchors=old)
    assert [one.message for one in wrong] == [
        "governance kept short for 30d, and not for 29d",
        "governance kept long for 90d, and not for 30d",
        "governance had no class gone",
    ]
    assert said(leaves("short"), anchors=old) == [Judged("it cannot be read as a disposal", is_known=False)]


@pytest.mark.parametrize(
    ("match", "is_known"),
    [
        (HoldMatch(), True),
        (HoldMatch(agents=("support/*",)), True),
        (HoldMatch(agents=("support/*",), tools=("refund",)), False),
        (HoldMatch(since="2026-01-01"), False),
        (HoldMatch(agents=("support/triage",)), False),
        (HoldMatch(agents=("*/triage",)), False),
        (HoldMatch(agents=("finance/*",)), False),
        (HoldMatch(agents=("legal/*",)), None),
    ],
)
def test_a_hold_reaches_a_tree_whole_in_part_or_not(match: HoldMatch, is_known: bool | None) -> None:
    found = said(leaves(), match, anchors=[anchor(256, LIMIT)])
    assert [one.is_known for one in found] == ([] if is_known is None else [is_known])


def payloads(agent: str = "support/triage") -> Leaf:
    refs = {"payloads": "short", "rule": "1d", "since": "0", "until": str(NOW - DAY), "count": "1"}
    return Leaf(
        seq=9, time=NOW, type="ledger.prune", agent=agent, actor="gate", refs=refs | {"first": "1", "last": "1"}
    )


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
