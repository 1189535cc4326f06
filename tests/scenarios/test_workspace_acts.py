"""Which acts concern a workspace: those about its agents and files, and those about the whole fleet."""

import pytest
from scenarios.test_ledger_anchors import OTHER, ROOT, anchor
from scenarios.test_recovery_override import DAY, PAY_PROMPT, confirm, override
from simulator import PAYROLL, TRIAGE, FleetSimulator

from agentgov.journal.query import acts_from
from agentgov.journal.workspace_acts import concerns_workspace, workspace_of_path

PROMPT = f"{TRIAGE.folder}/prompts/system.md"


def about(world: FleetSimulator, since: int) -> list[tuple[str, str]]:
    """Each act from that number on, with the workspaces that it concerns."""
    view = world.view()
    return [
        (
            one.act.kind,
            " ".join(name for name in ("finance", "support") if concerns_workspace(view.repo, one, name)),
        )
        for one in acts_from(view, since)
    ]


def test_an_act_concerns_the_workspaces_that_it_names_or_moves(local: FleetSimulator) -> None:
    since = local.view().state.head.seq
    local.commit("dave", {PAY_PROMPT: "Pay at once."})
    local.append(override(local, "carol", due=local.clock() + DAY), by="carol")
    local.advance()
    confirm(local, "alice")
    anchor(local, ("finance", 5, ROOT))
    anchor(local, ("_fleet", 1, OTHER))
    anchor(local, ("finance", 6, OTHER), ("support", 5, ROOT))
    local.commit("dave", {PAY_PROMPT: "Pay late.", PROMPT: "Be brief."})
    local.review("bob")
    assert about(local, since) == [
        ("init", "finance support"),
        ("override", "finance"),
        ("advance", "finance"),
        ("confirm", "finance"),
        ("checkpoint", "finance"),
        ("checkpoint", "finance support"),
        ("checkpoint", "finance support"),
        ("review", "finance support"),
    ]


@pytest.mark.parametrize(
    ("path", "workspace"),
    [
        (f"{PAYROLL.folder}/agent.yaml", "finance"),
        ("agents/finance/shared/tone.md", "finance"),
        ("governance/workspaces/finance.yaml", "finance"),
        ("governance/access.yaml", ""),
        ("agents/CODEOWNERS", ""),
        ("drills/finance.yaml", ""),
    ],
)
def test_a_file_belongs_to_its_workspace_or_to_the_fleet(path: str, workspace: str) -> None:
    assert workspace_of_path(path) == workspace
