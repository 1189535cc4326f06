"""What docs/diff.md shows is what the program prints. Write it anew with: GOLDEN=write pytest tests/unit/docs"""

import os
import re
import shutil
from pathlib import Path

import pytest
from gitworld import commit_files, git, make_repository

from agentgov.cli.main import status

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs/diff.md"
REFUNDS = "agents/support/refund-assistant"
BLOCK = re.compile(r"^(`{3,})console\n\$ agentgov (.*)\n((?:.*\n)*?)\1$", re.MULTILINE)
TONE = """- Do not offer store credit, discounts or free shipping as compensation. That is the care team's decision.
"""
GRANT = """    - {match: {tools: [refund.create]}, when: 'args.amount_minor <= 5000', then: allow}
"""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example fleet on main, and a change of it on topic."""
    folder = make_repository(tmp_path_factory.mktemp("docs") / "fleet")
    shutil.copytree(ROOT / "examples/acme", folder, dirs_exist_ok=True)
    commit_files(folder, {})
    git(folder, "switch", "-qc", "topic")
    prompt = (folder / REFUNDS / "prompts/system.md").read_text()
    prompt = prompt.replace("enough; do not try to talk them out of it.", "enough: hand over with thanks.")
    assert TONE in prompt
    before, heading, rest = prompt.replace(TONE, "").partition("## What you never do\n\n")
    agent = (folder / REFUNDS / "agent.yaml").read_text()
    tool = "    - {name: goodwill.credit, effect: irreversible}\n  connections:\n"
    agent = agent.replace("  connections:\n", tool, 1).replace('budget: {day: "40', 'budget: {day: "80')
    agent = agent.replace(GRANT, GRANT.replace("refund.create]", "refund.create, goodwill.credit]"))
    prompt = before + heading + TONE + rest
    commit_files(folder, {f"{REFUNDS}/prompts/system.md": prompt, f"{REFUNDS}/agent.yaml": agent})
    return folder


def printed(fleet: Path, command: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert status([*command.split(), "--repo", str(fleet)]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return re.sub(r"\b(commit )[0-9a-f]{7}\b", r"\g<1>1a2b3c4", said.out)


def test_the_page_shows_what_is_printed(
    fleet: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "114")  # test runners say how wide their own terminal is
    page = PAGE.read_text(encoding="utf-8")

    def shown(block: re.Match[str]) -> str:
        return f"{block[1]}console\n$ agentgov {block[2]}\n{printed(fleet, block[2], capsys)}{block[1]}"

    assert len(BLOCK.findall(page)) == 3
    found = BLOCK.sub(shown, page)
    if os.environ.get("GOLDEN") == "write":
        PAGE.write_text(found, encoding="utf-8")
    assert found == PAGE.read_text(encoding="utf-8")
