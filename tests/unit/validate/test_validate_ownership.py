"""Ownership across a fleet: who is known, who may review, whether they are enough; in both dialects."""

import pytest
from unit.validate.fleet_sample import ACCESS, AGENT, FILES, FLEET, OWNERS, SECOND, Edit, findings, told

from agentgov.model.partition import Part, PartitionedSnapshot
from agentgov.model.snapshot import MemorySnapshot
from agentgov.validate import ownership
from agentgov.validate.load import load_parts

GITLAB = {FLEET: FILES[FLEET] + "codeowners: {dialect: gitlab}\n", OWNERS: None}
BINDING = '  - {role: operator, who: [team:support], agents: ["**"], environments: [staging]}\n'


def gitlab(text: str, file: str = "CODEOWNERS") -> dict[str, Edit]:
    return {**GITLAB, file: text}


def test_a_fleet_in_gitlabs_dialect_is_in_order() -> None:
    assert told(gitlab("* @sample/support\n[Refunds][2] @sample/support\n/agents/support/refunds/\n")) == []


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        (
            gitlab("* @sample/support\n!/agents/support/shared/\n"),
            [("owner.unowned", "agents/support/shared/tone.md", 1)],
        ),
        (gitlab("* @sample/support @@owner\n"), [("owner.forge-role", "CODEOWNERS", 1)]),
        (
            gitlab("* @@owner\n"),
            [
                ("owner.forge-role", "CODEOWNERS", 1),
                ("owner.nobody", "CODEOWNERS", 1),
                ("owner.disagrees", AGENT, 6),
                ("owner.disagrees", SECOND, 6),
            ],
        ),
        (
            gitlab("* @sample/support\n[Two][2]\n/agents/support/refunds/ alice@sample.example bob@sample.example\n"),
            [("owner.too-few", "CODEOWNERS", 3)],
        ),
        (gitlab("* @sample/support\n^[Maybe]\n/agents/support/refunds/ alice@sample.example\n"), []),
        (gitlab("* @sample/support\n", ".gitlab/CODEOWNERS"), []),
        (
            {**GITLAB, OWNERS: FILES[OWNERS]},
            [("codeowners.not-loaded", OWNERS, 1), ("owner.no-codeowners", "CODEOWNERS", 0)],
        ),
        ({"CODEOWNERS": "* @x\n"}, [("owner.shadowed", "CODEOWNERS", 1)]),
        ({".gitlab/CODEOWNERS": "* @x\n"}, [("codeowners.not-loaded", ".gitlab/CODEOWNERS", 1)]),
        (
            {OWNERS: "* @sample/support\n/agents/support/gone/ @sample/support\n/agents/support/gone2/x.md\n"},
            [("codeowners.matches-nothing", OWNERS, 2), ("codeowners.matches-nothing", OWNERS, 3)],
        ),
        (
            {OWNERS: "/governance/ @sample/support\n/other/code/ @org/x\n/other/ @org/x\n* @sample/support\n"},
            [("codeowners.shadowed", OWNERS, 1)],
        ),
        ({OWNERS: "* @SAMPLE/support\n"}, [("codeowners.case", OWNERS, 1)]),
    ],
)
def test_a_mistake_gives_its_finding_and_nothing_else(
    edits: dict[str, Edit], expected: list[tuple[str, str, int]]
) -> None:
    assert sorted(told(edits)) == sorted(expected)


def test_owners_without_the_right_to_review_are_told_where_they_stand() -> None:
    viewers: dict[str, Edit] = {
        ACCESS: (BINDING, BINDING.replace("operator", "viewer").replace(", environments: [staging]", ""))
    }
    carol = {**viewers, OWNERS: "* @sample/support\n/agents/support/triage/ @alice-ng  carol@sample.example\n"}
    found = {one.code: one for one in findings(carol)}
    assert (found["owner.cannot-review"].where.line, found["owner.cannot-review"].where.column) == (2, 36)
    assert (
        "carol@sample.example may not review agents/support/triage/agent.yaml" in found["owner.cannot-review"].message
    )
    assert "alice and carol own agents/support/triage/agent.yaml" in found["owner.too-few"].message
    assert "1 of them may review" in found["owner.too-few"].message


def test_a_right_elsewhere_is_none_here() -> None:
    elsewhere: dict[str, Edit] = {ACCESS: (BINDING, BINDING.replace('"**"', '"support/triage"'))}
    line = "* @sample/support\n/agents/support/refunds/ carol@sample.example\n"
    assert ("owner.nobody", OWNERS, 2) in told({**elsewhere, OWNERS: line})
    assert ("owner.nobody", OWNERS, 2) not in told({**elsewhere, OWNERS: line.replace("refunds", "triage")})


def test_a_right_that_ends_some_day_is_not_missed() -> None:
    until: dict[str, Edit] = {ACCESS: (BINDING, BINDING.replace("environments", "until: 2020-01-01, environments"))}
    assert told(until) == []


def test_each_part_says_which_lines_decide_and_for_whom() -> None:
    text = "* @sample/support\n/agents/support/refunds/prompts/ @alice-ng\n/agents/support/refunds/tools/\n"
    files = {path: value.encode() for path, value in {**FILES, OWNERS: text}.items()}
    partition = PartitionedSnapshot(MemorySnapshot(files))
    parts = load_parts(Part(partition, ""))
    found = ownership.decided(parts, partition.inside("agents/support/refunds"))
    assert [(one.lines, one.example, one.paths, one.able) for one in found] == [
        ((1,), AGENT, 1, 3),
        ((2,), "agents/support/refunds/prompts/system.md", 1, 1),
    ]
