"""Completion as a real bash sees it: commands, options, and the agents of the fleet one stands in."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from unit.cli.command_world import ROOT, CommandWorld

from agentgov.cli.place import agents_on_disk


def completed(world: CommandWorld, line: str, cwd: Path | None = None) -> list[str]:
    """What bash offers for the last word of a line, after sourcing the script as a start-up file would."""
    programs = world.folder / "bin"
    programs.mkdir(exist_ok=True)
    (programs / "agentgov").write_text(f'#!/bin/sh\nexec {sys.executable} -m agentgov "$@"\n')
    (programs / "agentgov").chmod(0o755)
    words = line.split(" ")
    script = f"""
        source <(agentgov completion bash)
        COMP_WORDS=({" ".join(f"'{word}'" for word in words)})
        COMP_CWORD={len(words) - 1}
        set -f
        _agentgov_completion agentgov
        printf '%s\\n' "${{COMPREPLY[@]}}"
        complete -p agentgov >&2
    """
    environment = {**world.environment("alice"), "PYTHONPATH": str(ROOT)}
    environment["PATH"] = f"{programs}:{environment['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "-c", script], cwd=cwd or world.fleet, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "complete -o nosort -F _agentgov_completion agentgov" in done.stderr
    return done.stdout.split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("agentgov sta", ["status"]),
        ("agentgov journal v", ["verify"]),
        ("agentgov rollback --rea", ["--reason"]),
        ("agentgov status ", ["finance/payroll", "support/triage"]),
        ("agentgov rollback support/", ["support/triage"]),
        ("agentgov pause sup", ["support/triage", "support/*"]),
        ("agentgov can alice pause f", ["finance/payroll"]),
        ("agentgov show support/triage --environment s", ["staging"]),
        ("agentgov release support/triage --bump m", ["major", "minor"]),
        ("agentgov can f", ["frank"]),
        ("agentgov access set", ["set-threshold"]),
        ("agentgov access add-key re", ["reconciler"]),
        ("agentgov access add-person gina --team s", ["support", "security"]),
        ("agentgov access show --at ma", ["main"]),
    ],
)
def test_bash_completes(laid: CommandWorld, line: str, offered: list[str]) -> None:
    assert completed(laid, line) == offered


def test_agents_are_those_of_the_fleet_around_or_named(laid: CommandWorld) -> None:
    assert completed(laid, "agentgov status f", cwd=laid.fleet / "agents/support") == ["finance/payroll"]
    assert completed(laid, "agentgov status f", cwd=laid.folder) == []
    assert completed(laid, "agentgov status --repo fleet f", cwd=laid.folder) == ["finance/payroll"]


def test_only_what_can_be_an_agent_is_offered(laid: CommandWorld) -> None:
    laid.write({"agents/support/shared/tone.md": "", "agents/README.md": "", "agents/support/Not_One/x": ""})
    assert agents_on_disk(laid.fleet) == ["finance/payroll", "support/triage"]
    assert agents_on_disk(laid.fleet, "f") == agents_on_disk(laid.fleet, "finance/p") == ["finance/payroll"]
    assert agents_on_disk(laid.fleet, "fin/") == agents_on_disk(laid.fleet, "support/x") == []
    assert agents_on_disk(laid.keys) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_its_script(laid: CommandWorld, shell: str) -> None:
    script = laid.must("alice", "completion", shell).out
    assert "_AGENTGOV_COMPLETE" in script
    if shutil.which(shell) is not None:
        subprocess.run([shell, "-n"], input=script, text=True, check=True, capture_output=True)


def test_another_shell_is_refused(laid: CommandWorld) -> None:
    found = laid.run("alice", "completion", "tcsh")
    assert (found.code, found.out) == (2, "")
    assert "'tcsh' is not one of" in found.err


@pytest.mark.parametrize("breakage", ["no repository", "junk in HEAD", "no fleet", "broken fleet"])
def test_whatever_is_broken_nothing_is_printed_into_the_line(tmp_path: Path, breakage: str, laid: CommandWorld) -> None:
    folder = laid.fleet if breakage != "no repository" else tmp_path
    if breakage == "junk in HEAD":
        (folder / ".git/HEAD").write_text("junk")
    elif breakage != "no repository":
        laid.write({"agentgov.yaml": None if breakage == "no fleet" else ": ["})
    for line in (
        "agentgov validate --rev m",
        "agentgov show a/b --at v",
        "agentgov nope --x",
        "agentgov validate --rev [",
    ):
        environment = {
            **laid.environment("alice"),
            "PYTHONPATH": str(ROOT),
            "_AGENTGOV_COMPLETE": "bash_complete",
            "COMP_WORDS": line.replace(" ", "\n"),
            "COMP_CWORD": str(line.count(" ")),
        }
        command = [sys.executable, "-m", "agentgov"]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.stderr == ""
