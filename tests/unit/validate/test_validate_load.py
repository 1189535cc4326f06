"""Documents as types: what is loaded, and that a document with any error is no document."""

import pytest
from unit.validate.fleet_sample import (
    ACCESS,
    AGENT,
    FILES,
    FLEET,
    OWNERS,
    PIPELINE,
    PROMPT,
    REFUNDS,
    SECOND,
    TRIAGE,
    WORKSPACE,
    Edit,
    fleet,
    removed,
)

from agentgov.model.agent import Agent
from agentgov.model.finding import Severity
from agentgov.model.names import AgentId
from agentgov.validate.load import load_agent, load_fleet, load_governance
from agentgov.validate.run import findings_of_agent, validate


def test_governance_is_loaded_whole() -> None:
    governance, findings = load_governance(fleet())
    assert findings == ()
    assert governance is not None
    assert governance.fleet.reviews.rules[0].when.risk == ("high",)
    assert governance.fleet.reviews.rules[1].sources == ("team:security",)
    assert governance.access.administrators.threshold == 2
    assert governance.pipeline.stage("canary").judge == "none"
    assert governance.workspaces["support"].tools.deny == ("shell.*",)
    assert (governance.codeowners, governance.codeowners_file) == (FILES[OWNERS], OWNERS)


def test_codeowners_is_looked_for_in_the_order_of_github() -> None:
    places = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"]
    for index, place in enumerate(places):
        edits: dict[str, Edit] = {OWNERS: None}
        edits |= dict.fromkeys([*places[index + 1 :], ".gitlab/CODEOWNERS"], "* @later\n")
        edits[place] = "* @first\n"
        governance, _ = load_governance(fleet(edits))
        assert governance is not None
        assert (governance.codeowners_file, governance.codeowners) == (place, "* @first\n")
    governance, _ = load_governance(fleet({OWNERS: None, ".gitlab/CODEOWNERS": "* @gitlab\n"}))
    assert governance is not None
    assert governance.codeowners_file == ""


@pytest.mark.parametrize("path", [FLEET, ACCESS, PIPELINE])
@pytest.mark.parametrize("edit", [None, "a: [\n", "a: 1\na: 2\n", "kind: Agent\n", b"\xff", ""])
def test_governance_with_a_broken_document_is_none(path: str, edit: Edit) -> None:
    governance, findings = load_governance(fleet({path: edit}))
    assert governance is None
    assert {found.where.file for found in findings} == {path}


def test_governance_with_a_broken_workspace_is_none() -> None:
    governance, findings = load_governance(fleet({WORKSPACE: ("owner: team:support\n", "")}))
    assert governance is None
    assert [found.code for found in findings] == ["schema.missing-field"]


def test_an_error_beside_the_values_still_makes_no_document() -> None:
    for edit in [("  risk: medium", "  risk: medium\n  colour: red"), ("Refunds.", "Ref\u200bunds.")]:
        agent, findings = load_agent(fleet({AGENT: edit}), REFUNDS)
        assert agent is None
        assert [found.severity for found in findings] == [Severity.ERROR]


def test_a_warning_keeps_the_document() -> None:
    agent, findings = load_agent(fleet({AGENT: b"\xef\xbb\xbf" + FILES[AGENT].encode()}), REFUNDS)
    assert agent is not None
    assert [found.code for found in findings] == ["yaml.byte-order-mark"]


def test_an_agent_that_is_not_there_is_none_with_a_finding() -> None:
    agent, findings = load_agent(fleet(), AgentId("support", "nobody"))
    assert agent is None
    assert [found.code for found in findings] == ["layout.file-missing"]


def test_whole_numbers_may_be_written_as_floats_as_json_schema_says() -> None:
    agent, findings = load_agent(fleet({AGENT: ("max: 10}", "max: 10.0}")}), REFUNDS)
    assert findings == ()
    assert agent is not None
    assert agent.spec.quotas[0].max == 10
    assert isinstance(agent.spec.quotas[0].max, int)


def test_what_stands_under_free_keys_is_collected_by_pointer() -> None:
    text = FILES[AGENT] + "  x-team: {a: 1}\n  runtime: {x-not: 1}\n"
    text = text.replace("customer: {type: string,", "customer: {x-y/z: [2], type: string,") + "x-top: 3\n"
    agent, findings = load_agent(fleet({AGENT: text}), REFUNDS)
    assert findings == ()
    assert isinstance(agent, Agent)
    assert agent.extensions == {
        "/spec/x-team": {"a": 1},
        "/spec/prompts/variables/customer/x-y~1z": [2],
        "/x-top": 3,
    }


def test_a_fleet_is_loaded_as_far_as_it_can_be_read() -> None:
    loaded = load_fleet(fleet({SECOND: ("owner: alice\n", "")}))
    assert loaded.governance is not None
    assert list(loaded.agents) == [REFUNDS]
    assert [found.where.file for found in loaded.findings] == [SECOND]


def test_one_agent_is_judged_by_the_governance_given() -> None:
    governance, _ = load_governance(fleet({WORKSPACE: ('deny: ["openai/o1"]', 'deny: ["openai/*"]')}))
    assert governance is not None
    assert findings_of_agent(fleet(), governance, REFUNDS)[0].code == "limit.model"
    own, _ = load_governance(fleet())
    assert own is not None
    assert findings_of_agent(fleet(), own, REFUNDS) == ()
    assert findings_of_agent(fleet({SECOND: ("owner: alice", "owner: zoe")}), own, REFUNDS) == ()
    assert [f.code for f in findings_of_agent(fleet({PROMPT: None}), own, REFUNDS)] == ["reference.file-missing"]
    assert [f.code for f in findings_of_agent(fleet({AGENT: None}), own, REFUNDS)] == ["layout.file-missing"]
    unowned, _ = load_governance(fleet({OWNERS: None}))
    assert unowned is not None
    assert {found.code for found in findings_of_agent(fleet(), unowned, TRIAGE)} == {"owner.unowned"}


def test_a_collision_concerns_every_agent_below_it() -> None:
    governance, _ = load_governance(fleet())
    assert governance is not None
    twins = fleet({"agents/Support/refunds/agent.yaml": FILES[AGENT]})
    for agent in (REFUNDS, TRIAGE):
        assert [found.code for found in findings_of_agent(twins, governance, agent)] == ["layout.collision"]


def test_an_agent_that_goes_has_been_retired_or_lives_on_elsewhere() -> None:
    gone = fleet({AGENT: None, PROMPT: None})
    assert [(found.code, found.where.file) for found in removed(fleet(), gone)] == [("layout.agent-removed", AGENT)]
    retired = fleet({AGENT: FILES[AGENT] + "  lifecycle: {state: retired}\n"})
    assert removed(retired, gone) == ()
    moved = {"agents/support/money/agent.yaml": FILES[AGENT].replace("refunds}", "money, formerly: support/refunds}")}
    assert removed(fleet(), fleet({AGENT: None, **moved})) == ()
    assert removed(fleet(), fleet()) == ()


def test_the_same_snapshot_gives_the_same_findings_every_time() -> None:
    broken = fleet({AGENT: ("risk: medium", "risk: x"), SECOND: ("owner: alice", "owner: zoe"), PROMPT: None})
    assert validate(broken) == validate(broken)
    assert len(validate(broken)) == len(set(validate(broken)))
