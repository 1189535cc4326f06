"""The rules beyond the schema: each mistake gives its finding, at its place, and nothing else does."""

from collections.abc import Mapping

import pytest
from unit.validate.fleet_sample import (
    ACCESS,
    AGENT,
    ALICE,
    FILES,
    FLEET,
    OWNERS,
    PIPELINE,
    PROMPT,
    SECOND,
    SHARED,
    WORKSPACE,
    Edit,
    Modes,
    findings,
    fleet,
    told,
)

from agentgov.model.finding import Severity
from agentgov.model.snapshot import EXECUTABLE, SUBMODULE, SYMLINK, MemorySnapshot
from agentgov.validate.run import validate
from agentgov.validate.selection import Selection


def test_the_sample_fleet_is_in_order() -> None:
    assert findings() == ()


def add(text: str) -> tuple[str, str]:
    """An edit that adds lines to the end of the spec of the first agent."""
    return ("  playbook: playbooks/refunds.yaml\n", f"  playbook: playbooks/refunds.yaml\n{text}")


RULES: dict[str, tuple[Mapping[str, Edit], list[tuple[str, str, int]]]] = {
    # Layout
    "no agentgov.yaml": ({FLEET: None}, [("layout.file-missing", FLEET, 0)]),
    "a folder in place of a file": (
        {FLEET: None, "agentgov.yaml/x": "x"},
        [("layout.not-a-file", FLEET, 0)],
    ),
    "agent.yml": (
        {SECOND: None, "agents/support/triage/agent.yml": FILES[SECOND]},
        [("layout.agent-missing", SECOND, 0), ("layout.unexpected-file", "agents/support/triage/agent.yml", 1)],
    ),
    "an agent outside of a workspace": (
        {"agents/refunds/agent.yaml": FILES[AGENT]},
        [("layout.unexpected-file", "agents/refunds/agent.yaml", 1)],
    ),
    "an agent inside an agent": (
        {"agents/support/refunds/sub/agent.yaml": FILES[AGENT]},
        [("layout.unexpected-file", "agents/support/refunds/sub/agent.yaml", 1)],
    ),
    "an agent called shared": (
        {"agents/support/shared/agent.yaml": FILES[AGENT]},
        [("layout.unexpected-file", "agents/support/shared/agent.yaml", 1)],
    ),
    "a misspelt governance file": (
        {"governance/acess.yaml": "x: 1\n"},
        [("layout.unexpected-file", "governance/acess.yaml", 1)],
    ),
    "a workspace in a subfolder": (
        {"governance/workspaces/a/b.yaml": "x: 1\n"},
        [("layout.unexpected-file", "governance/workspaces/a/b.yaml", 1)],
    ),
    "a workspace called otherwise": (
        {WORKSPACE: ("name: support", "name: help")},
        [("layout.name-mismatch", WORKSPACE, 3)],
    ),
    "an agent called otherwise": ({AGENT: ("name: refunds", "name: refund")}, [("layout.name-mismatch", AGENT, 3)]),
    "two folders that differ in case": (
        {"agents/support/refunds/Prompts/x.md": "x\n"},
        [("layout.collision", "agents/support/refunds/Prompts/x.md", 1), ("layout.collision", PROMPT, 1)],
    ),
    "two names that differ in Unicode form": (
        {"agents/support/shared/\u00e4.md": "x\n", "agents/support/shared/a\u0308.md": "x\n"},
        [
            ("layout.collision", "agents/support/shared/a\u0308.md", 1),
            ("layout.collision", "agents/support/shared/\u00e4.md", 1),
        ],
    ),
    "a hidden character in a name": (
        {"agents/support/shared/a\u200bb.md": "x\n"},
        [("layout.path-characters", "agents/support/shared/a\u200bb.md", 1)],
    ),
    "a line feed in a name": (
        {"agents/support/shared/a\nb.md": "x\n"},
        [("layout.path-characters", "agents/support/shared/a\nb.md", 1)],
    ),
    "a name that is not UTF-8": (
        {"agents/support/shared/a\udcff.md": "x\n"},
        [("layout.path-characters", "agents/support/shared/a\udcff.md", 1)],
    ),
    # Access: decided by trust, told with line and column
    "one key on two people": (
        {ACCESS: ("- {id: bob, ", f'- {{id: bob, keys: ["{ALICE}"], ')},
        [("access.key-shared", ACCESS, 6)],
    ),
    "a threshold that cannot be met": ({ACCESS: ("threshold: 2", "threshold: 3")}, [("access.threshold", ACCESS, 3)]),
    # References
    "a prompt that is not there": (
        {
            AGENT: ("prompts/system.md", "prompts/sytsem.md"),
            PROMPT: None,
            "agents/support/refunds/prompts/a.md": "{{customer}}",
        },
        [("reference.file-missing", AGENT, 10)],
    ),
    "a prompt that is a folder": (
        {AGENT: ("file: prompts/system.md", "file: prompts")},
        [("reference.file-missing", AGENT, 10)],
    ),
    "a path that leaves the agent": (
        {AGENT: ("../shared/tone.md", "../triage/prompts/system.md")},
        [("reference.escapes", AGENT, 11)],
    ),
    "a suite that is not there": (
        {AGENT: add("  evals: [{suite: evals/x.yaml}]\n")},
        [("reference.file-missing", AGENT, 24)],
    ),
    "arguments that are not JSON": (
        {"agents/support/refunds/tools/lookup.json": "{"},
        [("reference.not-a-schema", AGENT, 14)],
    ),
    "arguments nested without end": (
        {"agents/support/refunds/tools/lookup.json": "[" * 200_000},
        [("reference.not-a-schema", AGENT, 14)],
    ),
    "arguments that are a list": (
        {"agents/support/refunds/tools/lookup.json": "[]"},
        [("reference.not-a-schema", AGENT, 14)],
    ),
    "an unknown owner": ({SECOND: ("owner: alice", "owner: alicia")}, [("reference.unknown-person", SECOND, 6)]),
    "a team without its word": (
        {SECOND: ("owner: alice", "owner: support")},
        [("reference.unknown-person", SECOND, 6)],
    ),
    "a bot as owner": ({SECOND: ("owner: alice", "owner: gate")}, [("reference.unknown-person", SECOND, 6)]),
    "an unknown team to ask": (
        {AGENT: ("who: [team:support]", "who: [team:suport]")},
        [("reference.unknown-team", AGENT, 18)],
    ),
    "an unknown role on call": ({AGENT: ("role:administrator", "role:admin")}, [("reference.unknown-role", AGENT, 22)]),
    "an unknown team in a review rule": (
        {FLEET: ("team:security", "team:sec")},
        [("reference.unknown-team", FLEET, 9)],
    ),
    "an unknown change in a review rule": ({FLEET: ("[tools]", "[tool]")}, [("reference.unknown-change", FLEET, 9)]),
    "unknown promoters": (
        {PIPELINE: ("from: [team:support]", "from: [zoe]")},
        [("reference.unknown-person", PIPELINE, 6)],
    ),
    "an unknown workspace owner": (
        {WORKSPACE: ("owner: team:support", "owner: team:x")},
        [("reference.unknown-team", WORKSPACE, 4)],
    ),
    "a workspace that governance does not know": (
        {WORKSPACE: None},
        [("reference.workspace-missing", WORKSPACE, 0)],
    ),
    "a playbook that is not there": ({"playbooks/refunds.yaml": None}, [("reference.file-missing", AGENT, 23)]),
    # Limits
    "a model that is not on the list": (
        {SECOND: ("openai/gpt-4o-mini", "mistral/large")},
        [("limit.model", SECOND, 8)],
    ),
    "a model that is denied": ({SECOND: ("openai/gpt-4o-mini", "openai/o1")}, [("limit.model", SECOND, 8)]),
    "a fallback that is not on the list": (
        {SECOND: ("max_output_tokens: 200}", "max_output_tokens: 200}, fallback: [openai/gpt-4o, a/b]")},
        [("limit.model", SECOND, 8)],
    ),
    "a tool that is denied": (
        {AGENT: ("tools:\n", "tools:\n    - {name: shell.run, effect: read}\n"), SECOND: FILES[SECOND]},
        [("content.tool-never-allowed", AGENT, 14), ("limit.tool", AGENT, 14)],
    ),
    "a risk below the floor": ({SECOND: ("risk: medium", "risk: low")}, [("limit.risk", SECOND, 7)]),
    "data above the ceiling": (
        {SECOND: ("  risk: medium\n", "  risk: medium\n  data: {classification: restricted}\n")},
        [("limit.data", SECOND, 8)],
    ),
    "another currency": ({AGENT: ('day: "4.00 USD"', 'day: "4.00 EUR"')}, [("limit.currency", AGENT, 20)]),
    "another currency in an override": (
        {AGENT: ('{day: "1.00 USD"}', '{day: "1.00 EUR"}')},
        [("limit.currency", AGENT, 21)],
    ),
    # Ownership
    "no CODEOWNERS": ({OWNERS: None}, [("owner.no-codeowners", OWNERS, 0)]),
    "a CODEOWNERS that does not decide": ({"docs/CODEOWNERS": "* @x\n"}, [("owner.shadowed", "docs/CODEOWNERS", 1)]),
    "a prompt without owner": (
        {OWNERS: "* @sample/support\n/agents/support/refunds/prompts/\n"},
        [("owner.unowned", PROMPT, 1)],
    ),
    "governance without owner": (
        {OWNERS: "/agents/ @sample/support\n/governance/ @sample/support\n/.github/ @sample/support\n"},
        [("owner.unowned", FLEET, 1)],
    ),
    "owners whom nobody knows": (
        {OWNERS: "* @sample/support\n/agents/support/shared/ @sample/ghosts\n"},
        [("owner.nobody", OWNERS, 2), ("owner.unknown", OWNERS, 2)],
    ),
    "one owner whom nobody knows": ({OWNERS: "* @sample/support @ghost\n"}, [("owner.unknown", OWNERS, 1)]),
    "one owner only": (
        {OWNERS: "* @sample/support\n/governance/ @alice-ng\n"},
        [("owner.too-few", OWNERS, 2)],
    ),
    "two owners where high risk takes two approvals": (
        {
            OWNERS: "* @sample/support\n/agents/support/triage/ @alice-ng bob@sample.example\n",
            SECOND: ("risk: medium", "risk: high"),
        },
        [("owner.too-few", OWNERS, 2)],
    ),
    "an accountable owner who owns nothing": (
        {OWNERS: "* @sample/support\n/agents/support/triage/ bob@sample.example carol@sample.example\n"},
        [("owner.disagrees", SECOND, 6)],
    ),
    "a line that GitHub skips": (
        {OWNERS: "* @sample/support\n!x @sample/support\n"},
        [("codeowners.invalid-pattern", OWNERS, 2)],
    ),
    # Content
    "a tool listed twice": (
        {AGENT: ("tools:\n", "tools:\n    - {name: refund.create, effect: read}\n")},
        [("content.duplicate-tool", AGENT, 16)],
    ),
    "an irreversible tool without a rule": (
        {AGENT: ("match: {tools: [refund.create]}", 'match: {tools: ["orders.*"]}')},
        [("content.irreversible-without-rule", AGENT, 15)],
    ),
    "a rule about nothing": (
        {AGENT: ('["*.lookup"]', '["*.lookup", "tickets.*"]')},
        [("content.rule-matches-nothing", AGENT, 17)],
    ),
    "a quota about nothing": (
        {AGENT: ("tool: refund.create", "tool: refund")},
        [("content.quota-without-tool", AGENT, 19)],
    ),
    "more answers than people": ({AGENT: ("count: 2", "count: 4")}, [("content.too-few-people", AGENT, 18)]),
    "more approvals than people": (
        {FLEET: ("approvals: 1, from: [team:security]", "approvals: 3, from: [team:security]")},
        [("content.too-few-people", FLEET, 9)],
    ),
    "a run dearer than a day": ({AGENT: ('run: "1.00 USD"', 'run: "5.00 USD"')}, [("content.budget-order", AGENT, 20)]),
    "a rolling window that is too short": (
        {AGENT: ('run: "1.00 USD"', 'rolling: {9m: "1.00 USD"}')},
        [("content.rolling-window", AGENT, 20)],
    ),
    "the same rolling window twice": (
        {AGENT: ('run: "1.00 USD"', 'rolling: {24h: "1.00 USD", 1d: "2.00 USD"}')},
        [("content.rolling-window", AGENT, 20)],
    ),
    "a shorter rolling window with more": (
        {WORKSPACE: ('{month: "100.00 USD"}', '{rolling: {7d: "1.00 USD", 24h: "2.00 USD"}}')},
        [("content.budget-order", WORKSPACE, 5)],
    ),
    "a budget in a zone that does not exist": (
        {AGENT: ('run: "1.00 USD"', "zone: Europe/Pairs")},
        [("content.unknown-zone", AGENT, 20)],
    ),
    "a budget of the fleet in another currency": (
        {FLEET: ("name: sample\n", 'name: sample\nbudget: {rolling: {24h: "9.00 ZAR"}}\n')},
        [("limit.currency", FLEET, 5)],
    ),
    "a lease that expires before its refresh": (
        {AGENT: add("  lease: {ttl: 5m, hardExpiry: 2m}\n")},
        [("content.lease-order", AGENT, 24)],
    ),
    "a day that does not exist": (
        {AGENT: add("  lifecycle: {reviewBy: 2027-02-30}\n")},
        [("content.no-such-date", AGENT, 24)],
    ),
    "a time zone that does not exist": (
        {AGENT: add('  schedule: {cron: "0 8 * * *", tz: Europe/Pairs}\n')},
        [("content.unknown-zone", AGENT, 24)],
    ),
    "an environment that is no agent": (
        {AGENT: ("environments: {staging: {", "environments: {staging: {schedule: {tz: UTC}, ")},
        [("content.environment", AGENT, 21)],
    ),
    "nobody on call": (
        {AGENT: ("  oncall: {escalate: [team:support, role:administrator]}\n", "")},
        [("content.no-oncall", AGENT, 4)],
    ),
    "an empty on-call list": (
        {AGENT: ("escalate: [team:support, role:administrator]", "ackWithin: 5m")},
        [("content.no-oncall", AGENT, 22)],
    ),
    "no budget": ({AGENT: ('  budget: {day: "4.00 USD", run: "1.00 USD"}\n', "")}, [("content.no-budget", AGENT, 4)]),
    "no budget in production alone": (
        {AGENT: ("environments: {staging", "environments: {production: {budget: {day: null}}, staging")},
        [("content.no-budget", AGENT, 20)],
    ),
    "a rolling window is a budget": ({AGENT: ('{day: "4.00 USD", run', '{rolling: {24h: "4.00 USD"}, run')}, []),
    "no playbook": ({AGENT: ("  playbook: playbooks/refunds.yaml\n", "")}, [("content.no-playbook", AGENT, 4)]),
    "a past that is still there": (
        {AGENT: ("{name: refunds}", "{name: refunds, formerly: support/triage}")},
        [("content.formerly", AGENT, 3)],
    ),
    "two heirs of one past": (
        {
            AGENT: ("{name: refunds}", "{name: refunds, formerly: support/old}"),
            SECOND: ("{name: triage}", "{name: triage, formerly: support/old}"),
        },
        [("content.formerly", SECOND, 3)],
    ),
    "an exemption of governed paths": (
        {FLEET: FILES[FLEET] + "  exempt: [docs/**, agents/**]\n"},
        [("content.exempt-governed", FLEET, 10)],
    ),
    "an exemption of a name that stands in governed paths": (
        {FLEET: FILES[FLEET] + "  exempt: [prompts/]\n"},
        [("content.exempt-governed", FLEET, 10)],
    ),
    "a path pattern that is none": (
        {FLEET: FILES[FLEET] + "  exempt: ['docs/[ab]']\n"},
        [("content.path-pattern", FLEET, 10)],
    ),
    "shares that do not rise": ({PIPELINE: ("{share: 50%}", "{share: 5%}")}, [("content.steps-order", PIPELINE, 5)]),
    "a freeze without end": (
        {PIPELINE: FILES[PIPELINE] + "freezes: [{name: a, start: 2026-12-20}]\n"},
        [("content.freeze", PIPELINE, 7)],
    ),
    "a freeze of a day that does not exist": (
        {PIPELINE: FILES[PIPELINE] + "freezes: [{name: a, start: 2026-02-30, end: 2026-03-01}]\n"},
        [("content.no-such-date", PIPELINE, 7)],
    ),
    # Prompts and texts
    "a prompt that is not UTF-8": ({PROMPT: b"{{customer}} \xff"}, [("prompt.not-utf8", AGENT, 10)]),
    "a prompt without text": ({PROMPT: " \n", SHARED: "{{customer}}"}, [("prompt.empty", AGENT, 10)]),
    "an undeclared variable": ({SHARED: "Be kind\nto {{ name }}.\n"}, [("prompt.undeclared-variable", SHARED, 2)]),
    "an unused variable": ({PROMPT: "You help.\n"}, [("prompt.unused-variable", AGENT, 12)]),
    "a hidden character in a prompt": ({SHARED: "Be k\u200bind.\n"}, [("text.hidden-character", SHARED, 1)]),
    "a hidden character in YAML": ({AGENT: ("Refunds.", "Ref\u202eunds.")}, [("text.hidden-character", AGENT, 5)]),
    "a file that is too large": (
        {"agents/support/refunds/data.bin": b"\xff" * (2**20 + 1)},
        [("file.too-large", "agents/support/refunds/data.bin", 1)],
    ),
    "a playbook that is no YAML": (
        {"playbooks/refunds.yaml": "a: [\n"},
        [("yaml.syntax", "playbooks/refunds.yaml", 2)],
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_a_mistake_gives_its_finding_and_nothing_else(name: str) -> None:
    edits, expected = RULES[name]
    assert told(edits) == expected


def test_problems_of_several_files_come_at_once_and_sorted() -> None:
    edits: dict[str, Edit] = {
        AGENT: ("risk: medium", "risk: hihg"),
        ACCESS: ("threshold: 2", "threshold: two"),
        SECOND: ("owner: alice", "owner: nobody\n  xyz: 1"),
        PROMPT: None,
    }
    assert told(edits) == [
        ("schema.not-one-of", AGENT, 7),
        ("schema.unknown-field", SECOND, 7),
        ("schema.wrong-type", ACCESS, 3),
    ]


def test_an_unknown_field_hides_no_other_problem() -> None:
    edits: dict[str, Edit] = {AGENT: add("  colour: red\n"), PROMPT: None}
    assert told(edits) == [("reference.file-missing", AGENT, 10), ("schema.unknown-field", AGENT, 24)]


def test_a_merge_key_gives_one_finding_and_what_it_brings_in_is_judged_where_it_is_written() -> None:
    edits: dict[str, Edit] = {
        AGENT: (
            '  budget: {day: "4.00 USD", run: "1.00 USD"}\n',
            '  x-limits: &limits\n    day: "1.00 USD"\n    run: "2.00 USD"\n  budget:\n    <<: *limits\n',
        )
    }
    assert told(edits) == [("content.budget-order", AGENT, 22), ("yaml.merge-key", AGENT, 24)]


def test_a_wrong_value_behind_an_alias_is_told_at_the_alias_with_the_place_of_the_anchor() -> None:
    edits: dict[str, Edit] = {
        AGENT: (
            '  budget: {day: "4.00 USD", run: "1.00 USD"}\n',
            '  x-limits: &limits {day: "$4"}\n  budget: *limits\n',
        )
    }
    (found,) = findings(edits)
    assert (found.code, found.where.line, found.where.column) == ("schema.wrong-form", 21, 11)
    assert "(by the alias *limits; its anchor is in line 20)" in found.message


def test_a_fleet_of_one_person_gets_one_warning() -> None:
    alone = FILES[ACCESS].split("  - {id: bob")[0].replace("[alice, bob], threshold: 2", "[alice]")
    found = findings(
        {
            ACCESS: alone + 'teams:\n  - {id: support, members: [alice], handles: ["@sample/support"]}\n',
            FLEET: FILES[FLEET].split("reviews:")[0],
            AGENT: ("count: 2", "count: 1"),
        }
    )
    assert [(one.code, one.severity) for one in found] == [("owner.one-person-fleet", Severity.WARNING)]


def test_an_empty_fleet_is_told_what_is_missing() -> None:
    assert [one.where.file for one in validate(MemorySnapshot({})) if one.code == "layout.file-missing"] == [
        "agentgov.yaml",
        "governance/access.yaml",
        "governance/pipeline.yaml",
    ]


@pytest.mark.parametrize(
    ("path", "mode", "codes"),
    [
        (PROMPT, SYMLINK, ["layout.symlink"]),
        (AGENT, SYMLINK, ["layout.not-a-file", "layout.symlink"]),
        (ACCESS, SYMLINK, ["layout.not-a-file", "layout.symlink"]),
        ("agents/support/other", SYMLINK, ["layout.symlink", "layout.unexpected-file"]),
        ("agents/support/refunds/lib", SUBMODULE, ["layout.submodule"]),
        (OWNERS, SYMLINK, ["layout.symlink", "owner.no-codeowners"]),
        (PROMPT, EXECUTABLE, []),
        ("agents/support/refunds/pipe", 0, ["layout.not-a-file"]),
    ],
)
def test_only_ordinary_files_may_stand_at_governed_paths(path: str, mode: int, codes: list[str]) -> None:
    found = validate(Modes(fleet(), {path: mode}))
    assert sorted(one.code for one in found if one.where.file == path) == codes


def test_lines_of_a_monorepo_that_decide_no_governed_path_are_left_alone() -> None:
    assert told({OWNERS: "/src/ @others\n* @sample/support\n/docs/guide/ @writers\n"}) == []


def test_a_run_with_paths_keeps_their_findings_and_those_of_their_agents() -> None:
    edits: dict[str, Edit] = {
        PROMPT: "no variable\n",
        SECOND: ("owner: alice", "owner: zoe"),
        FLEET: ("[tools]", "[x]"),
    }
    snapshot = fleet(edits)
    by_prompt = validate(snapshot, Selection((PROMPT,)))
    assert [(one.code, one.where.file) for one in by_prompt] == [("prompt.unused-variable", AGENT)]
    by_second = validate(snapshot, Selection(("agents/support/triage",)))
    assert [(one.code, one.where.file) for one in by_second] == [("reference.unknown-person", SECOND)]
    by_shared = validate(snapshot, Selection((SHARED,)))
    assert [(one.code, one.where.file) for one in by_shared] == [("prompt.unused-variable", AGENT)]
    assert validate(snapshot, Selection(("docs/x.md",))) == ()


def test_a_deleted_prompt_concerns_the_agent_that_names_it() -> None:
    found = validate(fleet({PROMPT: None}), Selection((PROMPT,)))
    assert [(one.code, one.where.file) for one in found] == [("reference.file-missing", AGENT)]
