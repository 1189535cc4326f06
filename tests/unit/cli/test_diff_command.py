"""`agentgov diff` on real files and real commits: what is told, in which order and format, with which exit code."""

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from gitworld import commit_files, git, make_repository, write_files

from agentgov.cli.main import status

ROOT = Path(__file__).resolve().parents[3]
REFUNDS = "agents/support/refund-assistant"
AGENT = f"{REFUNDS}/agent.yaml"
PROMPT = f"{REFUNDS}/prompts/system.md"


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    folder = tmp_path / "fleet"
    make_repository(folder)
    shutil.copytree(ROOT / "examples/acme", folder, dirs_exist_ok=True)
    commit_files(folder, {})
    return folder


def edit(fleet: Path, path: str, old: str, new: str) -> None:
    text = (fleet / path).read_text()
    assert old in text
    (fleet / path).write_text(text.replace(old, new, 1))


def run(fleet: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = status(["diff", *arguments, "--repo", str(fleet)])
    said = capsys.readouterr()
    return code, said.out, said.err


def document(fleet: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code, out, _ = run(fleet, capsys, *arguments, "--json")
    found = json.loads(out)
    schema = json.loads((ROOT / "schemas/output/diff.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(found, schema)
    return code, found


def fields(found: dict[str, Any]) -> dict[str, list[str]]:
    return {agent["agent"]: [change["field"] for change in agent["changes"]] for agent in found["agents"]}


def test_nothing_changed(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(fleet, capsys, "--exit-code")
    assert code == 0
    assert out.startswith("no change in what any agent is (commit ")
    assert document(fleet, capsys)[1]["agents"] == []


def test_comments_and_order_are_no_change(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(fleet, AGENT, "  risk: medium", "  # really\n  'risk': \"medium\"")
    assert run(fleet, capsys, "--exit-code")[0] == 0


def test_an_edit_of_the_working_tree_in_words(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(fleet, AGENT, 'budget: {day: "40.00 USD"', 'budget: {day: "80.00 USD"')
    edit(fleet, PROMPT, "refund", "billing")
    code, out, err = run(fleet, capsys)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[:4] == [
        "support/refund-assistant  loosens  modified, medium risk",
        "  prompt reworded, budget 40 -> 80 USD/day: loosens, needs team:payments-support and team:security",
        (
            "  loosens   budget 40.00 USD/day -> 80.00 USD/day in production; staging unchanged (5.00 USD override)"
            "  budget.raised"
        ),
        "  loosens   prompt prompts/system.md reworded (+1 -1 words)  prompt.changed",
    ]
    assert f"  {PROMPT}" in lines
    assert any("[-refund-]{+billing+}" in line for line in lines)
    assert lines[-1].startswith("1 agent changed, 1 loosened (commit ")


def test_the_exit_code_says_whether_something_differs(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(fleet, AGENT, "description: Answers", "description: Handles")
    assert run(fleet, capsys)[0] == 0
    assert run(fleet, capsys, "--exit-code")[0] == 1
    assert run(fleet, capsys, "--exit-code", "--format", "markdown")[0] == 1


def test_a_shared_text_touches_every_agent_that_names_it(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(fleet, "agents/support/shared/tone.md", "\n", "\nBe brief.\n")
    named = [path.parent for path in fleet.glob("agents/support/*/agent.yaml") if "shared/tone.md" in path.read_text()]
    _, found = document(fleet, capsys)
    assert sorted(fields(found)) == sorted(f"support/{folder.name}" for folder in named)
    assert {change["path"] for agent in found["agents"] for change in agent["changes"]} == {
        "agents/support/shared/tone.md"
    }


def test_revisions_tags_and_ranges(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = git(fleet, "rev-parse", "HEAD").decode()
    git(fleet, "tag", "-am", "one", "support/refund-assistant/v1.0.0")
    git(fleet, "switch", "-qc", "topic")
    edit(fleet, AGENT, "risk: medium", "risk: low")
    topic = commit_files(fleet, {})
    git(fleet, "switch", "-q", "main")
    edit(fleet, AGENT, "description: Answers", "description: Handles")
    commit_files(fleet, {})
    expected = {"support/refund-assistant": ["risk.lowered"]}
    for arguments in (("main...topic",), (f"{first}..topic",), ("support/refund-assistant/v1.0.0", "topic")):
        _, found = document(fleet, capsys, *arguments)
        assert fields(found) == expected
        assert (found["base"]["commit"], found["head"]["commit"]) == (first, topic)
    both = {"support/refund-assistant": ["risk.lowered", "description.changed"]}
    assert fields(document(fleet, capsys, "main", "topic")[1]) == both
    assert fields(document(fleet, capsys, "...topic")[1]) == expected


def test_new_and_removed_agents(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(fleet / "agents/hr/policy-answers")
    shutil.copytree(fleet / "agents/marketing/campaign-copywriter", fleet / "agents/marketing/copy-two")
    edit(fleet, "agents/marketing/copy-two/agent.yaml", "name: campaign-copywriter", "name: copy-two")
    _, found = document(fleet, capsys)
    assert [(agent["agent"], agent["status"], agent["class"]) for agent in found["agents"]] == [
        ("marketing/copy-two", "added", "loosens"),
        ("hr/policy-answers", "removed", "neutral"),
    ]
    assert found["agents"][0]["changes"][0]["field"] == "agent.added"


def test_retention_classes_are_compared_by_the_governance_of_the_base(
    fleet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agent, kept = "agents/finance/invoice-matcher/agent.yaml", "governance/retention.yaml"
    edit(fleet, agent, "retention: financial", "retention: operational")
    assert fields(document(fleet, capsys)[1]) == {"finance/invoice-matcher": ["audit.retention.lowered"]}
    edit(fleet, agent, "retention: operational", "retention: longer")
    edit(fleet, kept, "classes:\n", "classes:\n  longer: {payload: 3y, leaf: 20y}\n")
    assert fields(document(fleet, capsys)[1]) == {"finance/invoice-matcher": ["audit.retention.changed"]}
    edit(fleet, agent, "retention: longer", "retention: financial")
    commit_files(fleet, {})
    edit(fleet, agent, "retention: financial", "retention: longer")
    assert fields(document(fleet, capsys)[1]) == {"finance/invoice-matcher": ["audit.retention.raised"]}


def test_a_moved_agent_is_one_agent(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = fleet / "agents/support/money-back"
    (fleet / REFUNDS).rename(new)
    edit(
        fleet,
        "agents/support/money-back/agent.yaml",
        "name: refund-assistant",
        "name: money-back\n  formerly: support/refund-assistant",
    )
    for only in ((), ("--agent", "support/money-back")):
        _, found = document(fleet, capsys, *only)
        assert fields(found) == {"support/money-back": ["agent.moved", "formerly.changed"]}


def test_an_agent_that_moved_and_does_not_say_so_is_one_agent_too(
    fleet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = fleet / "agents/support/money-back"
    (fleet / REFUNDS).rename(new)
    edit(fleet, "agents/support/money-back/agent.yaml", "name: refund-assistant", "name: money-back")
    edit(fleet, "agents/support/money-back/agent.yaml", "risk: medium", "risk: low")
    for only in ((), ("--agent", "support/money-back"), ("--agent", "support/refund-assistant")):
        _, found = document(fleet, capsys, *only)
        assert fields(found) == {"support/money-back": ["agent.moved", "risk.lowered"]}
        assert "stay behind" in found["agents"][0]["changes"][0]["summary"]


def test_governance_is_told_after_the_agents(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(fleet, "governance/access.yaml", "threshold: 2", "threshold: 1")
    edit(fleet, "governance/pipeline.yaml", "kind: Pipeline", "kind: Pipeline  # the pipeline")
    write_files(fleet, {".github/workflows/ci.yml": "on: push\n"})
    _, found = document(fleet, capsys)
    assert [(change["field"], change["class"], change["path"]) for change in found["governance"]] == [
        ("access.administrators.threshold.lowered", "loosens", "governance/access.yaml"),
        ("governance.file.changed", "loosens", ".github/workflows/ci.yml"),
        ("governance.rewritten", "neutral", "governance/pipeline.yaml"),
    ]
    out = run(fleet, capsys)[1]
    assert "governance/access.yaml: administrators threshold 2 -> 1" in out
    assert document(fleet, capsys, "--agent", "support/refund-assistant")[1]["governance"] == []


def test_an_agent_that_cannot_be_read_is_named_and_the_others_are_shown(
    fleet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(fleet, AGENT, "risk: medium", "risk: medium\n  rsik: low")
    edit(fleet, "agents/hr/leave-assistant/agent.yaml", "risk: ", "risk: critical # ")
    code, out, err = run(fleet, capsys)
    assert code == 2
    assert "hr/leave-assistant" in out
    assert "not everything could be read" in out
    line = next(number for number, text in enumerate((fleet / AGENT).read_text().splitlines(), 1) if "rsik" in text)
    assert f"{AGENT}:{line}:" in err
    assert "working tree" in err
    code, found = document(fleet, capsys)
    assert code == 2
    assert list(fields(found)) == ["hr/leave-assistant"]
    assert (found["problems"][0]["file"], found["problems"][0]["line"]) == (AGENT, line)


def test_governance_that_cannot_be_read_is_named_and_not_guessed(
    fleet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(
        fleet, {"governance/access.yaml": "kind: [", "agentgov.yaml": (fleet / "agentgov.yaml").read_text() + "\n"}
    )
    code, found = document(fleet, capsys)
    assert code == 2
    assert [(change["field"], change["path"]) for change in found["governance"]] == [
        ("governance.file.changed", "agentgov.yaml"),
        ("governance.file.changed", "governance/access.yaml"),
    ]


def test_questions_that_make_no_sense(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ("--agent", "support/ghost"),
        ("--agent", "ghost"),
        ("main...main", "main"),
        ("nowhere",),
        ("--upload-pack=x",),
    ):
        code, out, err = run(fleet, capsys, *arguments)
        assert (code, out) == (2, "")
        assert "Traceback" not in err


def test_unrelated_histories_have_no_fork(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(fleet, "switch", "-q", "--orphan", "other")
    commit_files(fleet, {"agents/a/b/agent.yaml": "kind: Agent\n"})
    code, _, err = run(fleet, capsys, "main...other")
    assert code == 2
    assert "no history in common" in err


def test_before_the_first_commit_everything_is_new(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_repository(tmp_path / "new")
    shutil.copytree(ROOT / "examples/acme", folder, dirs_exist_ok=True)
    _, found = document(folder, capsys)
    assert {agent["status"] for agent in found["agents"]} == {"added"}
    assert found["base"] == {"rev": "HEAD", "commit": None, "name": "nothing"}


def test_a_bare_repository_needs_two_revisions(fleet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(fleet, AGENT, "risk: medium", "risk: low")
    commit_files(fleet, {})
    git(tmp_path, "clone", "-q", "--bare", str(fleet), str(tmp_path / "bare"))
    assert run(tmp_path / "bare", capsys)[0] == 2
    assert fields(document(tmp_path / "bare", capsys, "main~1", "main")[1]) == {
        "support/refund-assistant": ["risk.lowered"]
    }


def test_markdown_holds_what_people_wrote_in_code(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(fleet, AGENT, "then: allow}", "then: deny, x-note: '`|` <img src=x> @everyone'}")
    edit(fleet, AGENT, "owner: team:payments-support", "owner: team:growth")
    edit(fleet, PROMPT, "refund", "````@everyone <b>")
    code, out, _ = run(fleet, capsys, "--format", "markdown")
    assert code == 0
    assert "### `support/refund-assistant` loosens" in out
    assert "| loosens | `owner team:payments-support -> team:growth` | `owner.changed` |" in out
    text = out.partition("<pre>")[2].partition("</pre>")[0]
    assert "<del>refund</del><ins>````&#64;everyone &lt;b&gt;</ins>" in text
    assert "@everyone" not in text
    assert out.count("<pre>") == out.count("</pre>") == 1


def test_control_characters_do_not_reach_the_terminal(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(fleet, PROMPT, "refund", "\x1b[2Jrefund\u202e")
    _, out, _ = run(fleet, capsys)
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "\\x1b[2J" in out


def test_playbooks_and_drills_are_told_and_neutral(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(fleet, "playbooks/refund-assistant.yaml", "timeout: 3m", "timeout: 5m")
    (fleet / "drills/refund-agent.yaml").unlink()
    code, found = document(fleet, capsys, "--exit-code")
    assert code == 1
    assert [(change["field"], change["class"]) for change in found["practice"]] == [
        ("drills.removed", "neutral"),
        ("playbooks.steps.timeout.raised", "neutral"),
    ]
    _, out, _ = run(fleet, capsys)
    assert "playbook refund-assistant, step identify: timeout 3m -> 5m" in out
    assert "2 changes of playbooks and drills" in out
    assert "### Playbooks and drills" in run(fleet, capsys, "--format", "markdown")[1]


def test_the_smaller_files_of_governance_are_told_field_by_field(
    fleet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(fleet, "governance/prices.yaml", 'input: "3.00"', 'input: "2.00"')
    edit(fleet, "governance/retention.yaml", "leaf: 10y", "leaf: 9y")
    (fleet / "governance/alerts.yaml").unlink()
    changes = document(fleet, capsys)[1]["governance"]
    assert {(change["field"], change["class"], change["path"]) for change in changes} == {
        ("prices.models.input.lowered", "loosens", "governance/prices.yaml"),
        ("retention.classes.leaf.lowered", "loosens", "governance/retention.yaml"),
        ("alerts.removed", "loosens", "governance/alerts.yaml"),
    }
