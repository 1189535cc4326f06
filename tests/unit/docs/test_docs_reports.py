"""docs/reports.md, docs/editors.md and what `init` writes for CI, held against the program and the forges' schemas."""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from agentgov.cli.main import status
from agentgov.report.formats import FORMATS, github, markdown, sarif, text
from agentgov.scaffold.forge import ci_files, precommit

DOCS = Path(__file__).resolve().parents[3] / "docs"
REPORTS, EDITORS = ((DOCS / f"{name}.md").read_text("utf-8") for name in ("reports", "editors"))
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", f"{REPORTS}\n{EDITORS}", re.MULTILINE | re.DOTALL)


def schema_of(name: str) -> Any:
    """A schema that forges publish, as the package check-jsonschema carries it."""
    folder = files("check_jsonschema.builtin_schemas.vendor")
    return jsonschema_rs.validator_for(json.loads(folder.joinpath(f"{name}.json").read_text("utf-8")))


def loaded(block: str) -> Any:
    """YAML as forges read it: `on` is a word."""
    found = yaml.safe_load(block)
    return {("on" if key is True else key): value for key, value in found.items()} if isinstance(found, dict) else found


def test_every_format_has_its_section_and_its_row() -> None:
    assert re.findall(r"^## `(\w+)`$", REPORTS, re.MULTILINE) == list(FORMATS)
    assert re.findall(r"^\| `(\w+)` \|", REPORTS, re.MULTILINE) == list(FORMATS)


def test_limits_are_those_of_the_program() -> None:
    said = dict(re.findall(r"^\| `(\w+)` \|[^|]*\| ([^|]*) \|$", REPORTS, re.MULTILINE))
    assert said["text"].startswith(f"{text.SHOWN} findings, {text.SHOWN_WITH_SOURCE} with")
    assert said["markdown"].startswith(f"{markdown.COMMENT:,} characters")
    assert said["github"].startswith(f"{github.KEPT} annotations")
    assert said["sarif"].startswith(f"{sarif.MOST_RESULTS:,} results and {sarif.MOST_BYTES // 10**6} MB")


def test_workflows_and_pipelines_are_what_forges_accept() -> None:
    workflows, pipelines = schema_of("github-workflows"), schema_of("gitlab-ci")
    for written in ci_files("github", "1.2.3").values():
        workflows.validate(loaded(written))
    for written in ci_files("gitlab", "1.2.3").values():
        pipelines.validate(loaded(written))
    found = [loaded(block) for block in BLOCKS]
    assert [next(iter(one)) for one in found if one] == ["name", "agentgov", "name", "repos"]
    for one in found:
        if one and "jobs" in one:
            workflows.validate(one)
        if one and "agentgov" in one:
            pipelines.validate(one)


def test_the_hook_that_is_shown_is_there() -> None:
    hooks = yaml.safe_load((DOCS.parent / ".pre-commit-hooks.yaml").read_text("utf-8"))
    shown = next(one for one in map(loaded, BLOCKS) if one and "repos" in one)
    assert [hook["id"] for hook in shown["repos"][0]["hooks"]] == [hook["id"] for hook in hooks]
    (local,) = yaml.safe_load(precommit())["repos"][0]["hooks"]
    for key in ("entry", "always_run", "pass_filenames"):
        assert local[key] == hooks[0][key]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_its_line(shell: str) -> None:
    assert f"agentgov completion {shell}" in EDITORS
    assert status(["completion", shell]) == 0
