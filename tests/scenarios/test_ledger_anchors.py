"""The journal keeps how far the ledger was: a gate says it, and nobody takes it back."""

import hostile
import pytest
from simulator import FleetSimulator

from agentgov.errors import RefusedError
from agentgov.journal.anchoring import anchor_fields
from agentgov.model.anchored import Anchored

LOG, ROOT, OTHER = "0123456789abcdef", "ab" * 32, "cd" * 32
SIGNED = "A" * 91 + "="


def anchor(world: FleetSimulator, *trees: tuple[str, int, str], who: str = "gate", log: str = LOG) -> None:
    """Append a checkpoint that says so."""
    world.append(
        hostile.write(world, who, "checkpoint", anchor_fields(log, [(*tree, SIGNED) for tree in trees])), by=who
    )


def test_what_a_gate_anchored_stands_in_the_journal(local: FleetSimulator) -> None:
    anchor(local, ("support", 5, ROOT), ("_fleet", 1, OTHER))
    anchor(local, ("support", 7, OTHER))
    anchor(local, ("support", 7, OTHER))  # said again
    head = local.view().state.head
    assert sorted(local.view().state.anchors(), key=lambda one: one.tree) == [
        Anchored("_fleet", LOG, 1, OTHER, SIGNED, head.seq - 2, head.time),
        Anchored("support", LOG, 7, OTHER, SIGNED, head.seq, head.time),
    ]
    assert local.verify().offence is None


@pytest.mark.parametrize(
    ("trees", "said"),
    [([("support", 4, ROOT)], "act 1 has 5 records"), ([("support", 5, OTHER)], "or other ones")],
)
def test_a_tree_never_becomes_shorter_or_another_one(
    local: FleetSimulator, trees: list[tuple[str, int, str]], said: str
) -> None:
    anchor(local, ("support", 5, ROOT))
    with pytest.raises(RefusedError, match=said):
        anchor(local, *trees)
    anchor(local, *trees, log="f" * 16)  # another ledger, which everybody sees
    assert {one.log for one in local.view().state.anchors()} == {LOG, "f" * 16}


def test_nobody_but_a_gate_says_how_far_the_ledger_is(local: FleetSimulator) -> None:
    for who in ("reconciler", "carol"):
        with pytest.raises(RefusedError, match=r"only a gate|no person needs"):
            anchor(local, ("support", 5, ROOT), who=who)


@pytest.mark.parametrize(
    "lines",
    [
        [f"{LOG} support 5"],
        [f"{LOG} support 5 {ROOT}"],
        [f"{LOG} support 05 {ROOT} {SIGNED}"],
        [f"{LOG} support 0 {ROOT} {SIGNED}"],
        [f"{LOG} support {2**63} {ROOT} {SIGNED}"],
        [f"{LOG} ../support 5 {ROOT} {SIGNED}"],
        [f"{LOG} Support 5 {ROOT} {SIGNED}"],
        [f"{LOG[:-1]} support 5 {ROOT} {SIGNED}"],
        [f"{LOG} support 5 {ROOT} {SIGNED}", f"{LOG} support 6 {ROOT} {SIGNED}"],
        [f"{LOG} support 5 {ROOT} {SIGNED}", f"{LOG} finance 6 {ROOT} {SIGNED}"],
    ],
)
def test_an_anchor_has_one_spelling(local: FleetSimulator, lines: list[str]) -> None:
    with pytest.raises(RefusedError, match=r"checkpoint\.ledger|tree of the ledger|in order"):
        local.append(hostile.write(local, "gate", "checkpoint", [("Ledger", line) for line in lines]), by="gate")
    assert not list(local.view().state.anchors())
