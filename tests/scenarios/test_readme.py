"""The README keeps its word: its commands run as they stand, and what it names exists."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import gitworld
import pytest
from ports import free_port

from agentgov.cli.commands import COMMANDS
from agentgov.model.act import GRAMMAR
from agentgov.model.command_line import Command, read_command
from agentgov.trust.verbs import VERBS
from agentgov.validate.command_lines import grammar

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
GATE = (PROJECT / "docs/gate.md").read_text(encoding="utf-8")
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md")), PROJECT / ".github/CONTRIBUTING.md"]
PAGES += sorted((PROJECT / "examples").rglob("README.md"))


def commands_of(page: str) -> list[str]:
    """The commands of the block that a mark in a page says are run here."""
    after = page.partition("test_readme.py runs the commands of the next block")[2]
    block = after.partition("```console\n")[2].partition("```")[0]
    return [line.removeprefix("$ ") for line in block.splitlines()]


def gate_commands() -> list[str]:
    """Those of the page about the gate, at a port that is free, once it listens."""
    at = f"127.0.0.1:{free_port()}"
    lines = [line.replace("127.0.0.1:8080", at) for line in commands_of(GATE) if not line.startswith("pip ")]
    listens = next(number for number, line in enumerate(lines, 1) if line.endswith("&"))
    wait = f"until curl -fs http://{at}/readyz; do kill -0 $! && sleep 0.2; done"
    return [*lines[:listens], wait, *lines[listens:], "kill $!", "wait"]


def own_fleet(tmp_path: Path, commands: list[str]) -> str:
    """What commands say that somebody runs who has a name and an address, and nothing else yet."""
    home = tmp_path / "home"
    key = gitworld.make_key(home / ".ssh", "id_ed25519")
    remote = gitworld.make_repository(tmp_path / "remote.git", bare=True)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "agentgov").write_text(f'#!/bin/sh\nexec {sys.executable} -m agentgov "$@"\n')
    (programs / "agentgov").chmod(0o755)
    env = {
        "HOME": str(home),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(PROJECT),
        "FLEET_REMOTE": str(remote),
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    prepare = ["git config --global user.name Ada", "git config --global user.email ada@example.com"]
    prepare += ["git config --global init.defaultBranch main", "cd ~"]
    script = "\n".join(["set -e", *prepare, *commands])
    done = subprocess.run(["bash", "-c", script], env=env, cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert key.exists()
    assert not list(home.glob("acme-agents/**/id_ed25519*")), "a private key went into the fleet"
    return done.stdout


def test_own_fleet_from_the_readme_works_as_it_stands(tmp_path: Path) -> None:
    told = own_fleet(tmp_path, commands_of(README))
    assert re.search(r"support/greeter +v1\.0\.0 soaking", told), told


@pytest.mark.slow
def test_the_gate_serves_that_fleet_as_its_page_says(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not there")
    told = own_fleet(tmp_path, [*commands_of(README), *gate_commands()])
    assert told.count('"release":{"commit"') == 2, told
    assert "support/greeter is paused by ada: It answers in riddles" in told


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_line_that_calls_the_program_is_a_command() -> None:
    told = [(page.name, line) for page in PAGES for line in _called(page.read_text(encoding="utf-8"))]
    unreadable = [one for one in told if not isinstance(read_command(one[1], grammar()), Command)]
    assert len(told) > 100
    assert unreadable == []


def _called(page: str) -> list[str]:
    """The lines of its blocks that call the program, up to where a shell would go on by itself."""
    blocks = "".join(re.findall(r"^```\w*\n(.*?)^```", page.replace("\\\n", ""), re.DOTALL | re.MULTILINE))
    found = re.findall(r"^(?:\w*\$ )?(?:[A-Z_]+=\S+ )*(agentgov .+)", blocks, re.MULTILINE)
    return [re.split(r"\s+(?:#|[|<>&;]|2>)", line)[0].rstrip() for line in found if "..." not in line]


def test_every_command_is_named() -> None:
    assert [name for name in COMMANDS if f"`{name}`" not in README] == []


def test_every_act_and_verb_is_in_the_table_of_permissions() -> None:
    table = (PROJECT / "docs/permissions.md").read_text(encoding="utf-8")
    assert [name for name in (*GRAMMAR, *VERBS) if f"`{name}`" not in table] == []
