"""gitagent: a folder an agent; its texts become prompts, its tools have arguments, the rest is kept or told."""

import json
from pathlib import Path

import pytest
from unit.importers.imports import document, import_all, prompt, spec, words

from agentgov.importers.registry import format_named
from agentgov.importers.result import Failure, Imported, Source
from agentgov.importers.sources import MOST_BESIDE, read_sources

_MANIFEST = """spec_version: "0.1.0"
name: compliance-analyst
version: 1.0.0
description: Checks compliance
model:
  preferred: anthropic/claude-opus-4-6
  fallback: [anthropic/claude-sonnet-4-5, gpt-4o]
  constraints: {temperature: 0.1, max_tokens: 8192, stop_sequences: [END]}
skills: [review, missing-skill]
tools: [search, report, unknown]
agents: {checker: {description: Checks}}
dependencies: [{name: checker, source: ./agents/checker}]
compliance: {risk_tier: high, data_governance: {data_classification: confidential}}
"""
_FILES = {
    "agent.yaml": _MANIFEST,
    "SOUL.md": "I check {{document}}.\n",
    "RULES.md": "Cite the rule.\n",
    "DUTIES.md": "Analyst.\n",
    "AGENTS.md": "For other tools.\n",
    "skills/review/SKILL.md": "---\nname: review\n---\nRead it.\n",
    "tools/search.yaml": "name: search\ninput_schema: {type: object, properties: {q: {type: string}}}\n"
    "annotations: {read_only: true}\n",
    "tools/report.yaml": "name: report\nannotations: {read_only: false, requires_confirmation: true}\n",
    "knowledge/index.yaml": "documents:\n  - {path: rules.md, always_load: true}\n  - {path: more.md}\n",
    "knowledge/rules.md": "Rule 1.\n",
    "knowledge/more.md": "Seldom.\n",
    "hooks/hooks.yaml": "hooks: {pre_tool_use: [{script: scripts/audit.sh}]}\n",
    "hooks/scripts/audit.sh": "rm -rf /\n",
    "memory/MEMORY.md": "Yesterday.\n",
    "agents/checker/agent.yaml": 'spec_version: "0.1.0"\nname: checker\n',
    "agents/checker/SOUL.md": "I verify.\n",
    ".git/config": "x",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, text in _FILES.items():
        (tmp_path / "analyst" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "analyst" / path).write_text(text)
    return tmp_path / "analyst"


def _import(folder: Path) -> list[Imported]:
    inputs = list(read_sources([str(folder)], format_named("gitagent")))
    imported, failures = import_all("gitagent", [one for one in inputs if isinstance(one, Source)], "sea")
    assert failures == []
    assert not [one for one in inputs if isinstance(one, Failure)]
    return imported


def test_a_folder_is_one_agent_and_the_agents_below_it_are_others(folder: Path) -> None:
    analyst, checker = _import(folder)
    assert [str(item.agent) for item in (analyst, checker)] == ["sea/compliance-analyst", "sea/checker"]
    assert (prompt(analyst), prompt(checker)) == ("I check {{document}}.\n", "I verify.\n")
    assert "checker" not in str(sorted(analyst.files))
    assert document(checker)["metadata"] == {"name": "checker"}


def test_texts_that_the_model_is_given_become_partials(folder: Path) -> None:
    analyst = _import(folder)[0]
    assert spec(analyst)["prompts"]["partials"] == [
        "prompts/rules.md",
        "prompts/duties.md",
        "prompts/skills/review.md",
        "prompts/knowledge/rules.md",
    ]
    assert prompt(analyst, "prompts/knowledge/rules.md") == "Rule 1.\n"
    assert set(spec(analyst)["prompts"]["variables"]) == {"document"}


def test_the_model_and_its_limits(folder: Path) -> None:
    model = spec(_import(folder)[0])["model"]
    assert (model["primary"], model["fallback"]) == ("anthropic/claude-opus-4-6", ["anthropic/claude-sonnet-4-5"])
    assert model["params"] == {"max_output_tokens": 8192, "temperature": 0.1, "stop": ["END"]}


def test_tools_and_what_they_do_as_far_as_the_folder_says(folder: Path) -> None:
    analyst = _import(folder)[0]
    assert [(tool["name"], tool["effect"]) for tool in spec(analyst)["tools"]] == [
        ("search", "read"),
        ("report", "irreversible"),
        ("unknown", "irreversible"),
    ]
    assert json.loads(prompt(analyst, "tools/search.schema.json"))["properties"] == {"q": {"type": "string"}}
    told = "\n".join(words(analyst))
    assert "effect of report: read, write or irreversible; the source asks a person before it" in told
    assert "it hands work to the agents checker" in told


def test_what_the_source_says_of_risk_is_told_and_not_taken_for_ours(folder: Path) -> None:
    analyst = _import(folder)[0]
    assert (spec(analyst)["risk"], spec(analyst)["data"]["classification"]) == ("critical", "restricted")
    assert "risk: the source says risk_tier high" in words(analyst)
    assert "data: the source says data_classification confidential" in words(analyst)


def test_hooks_are_kept_and_told_and_nothing_of_theirs_comes_along(folder: Path) -> None:
    analyst = _import(folder)[0]
    kept = spec(analyst)["runtime"]["gitagent"]["files"]["hooks/hooks.yaml"]
    assert kept["hooks"]["pre_tool_use"] == [{"script": "scripts/audit.sh"}]
    assert not any(b"rm -rf" in data for data in analyst.files.values())
    assert [one.split(":")[0] for one in words(analyst, "import.unsupported")] == [
        "compliance",
        "dependencies",
        "hooks/",
        "files that are not given to the model were left out",
    ]
    assert "AGENTS.md, knowledge, memory" in words(analyst, "import.unsupported")[-1]


def test_what_the_manifest_names_and_the_folder_lacks_is_told(folder: Path) -> None:
    told = words(_import(folder)[0], "import.partial")
    assert told == [
        "it names the skill missing-skill, which is not in its folder",
        "it names tools/unknown.yaml, which is not in its folder",
    ]


def test_names_in_a_manifest_lead_nowhere_else(folder: Path) -> None:
    (folder.parent / "secret.md").write_text("not for you\n")
    manifest = _MANIFEST.replace("[review, missing-skill]", '["../../..", "/etc/passwd", "../../secret.md"]')
    (folder / "agent.yaml").write_text(manifest)
    (folder / "RULES.md").unlink()
    (folder / "RULES.md").symlink_to(folder.parent / "secret.md")
    analyst = _import(folder)[0]
    assert not any(b"not for you" in data for data in analyst.files.values())
    assert all(path.startswith("agents/sea/compliance-analyst/") and ".." not in path for path in analyst.files)


def test_a_folder_with_very_many_files_is_refused(folder: Path) -> None:
    for number in range(MOST_BESIDE + 1):
        (folder / f"note-{number}.md").write_text("x")
    first = next(iter(read_sources([str(folder)], format_named("gitagent"))))
    assert isinstance(first, Failure)
    assert "belong to it" in first.message


def test_an_agent_of_agentgov_is_no_agent_of_gitagent(tmp_path: Path) -> None:
    (tmp_path / "agent.yaml").write_text("apiVersion: agentgov.dev/v1\nkind: Agent\n")
    sources = [one for one in read_sources([str(tmp_path)], format_named("gitagent")) if isinstance(one, Source)]
    _, failures = import_all("gitagent", sources, "sea")
    assert "it has no spec_version" in failures[0].message
