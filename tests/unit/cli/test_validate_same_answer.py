"""However a fleet is looked at, the findings are the same: from the start or from what is kept, on disk, in the index
or in a commit, in one process or several.

A fleet is edited at random, and what is kept stays from one example to the next, as it would in a year of work.
"""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gitworld import environment, git, make_repository, write_files
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.validate.fleet_sample import ACCESS, FILES, FLEET, OWNERS, SHARED, WORKSPACE

from agentgov.cli.main import status
from agentgov.repo.snapshot import WorkTreeSnapshot
from agentgov.validate.run import examine

SECOND_WORKSPACE = "governance/workspaces/sales.yaml"
START = {
    **FILES,
    SECOND_WORKSPACE: FILES[WORKSPACE].replace("name: support", "name: sales"),
    "agents/sales/offers/agent.yaml": FILES["agents/support/triage/agent.yaml"].replace("name: triage", "name: offers"),
    "agents/sales/offers/prompts/system.md": "You write offers.\n",
    "agents/sales/shared/tone.md": "Be brief.\n",
}
FOLDERS = ("agents/support/refunds", "agents/support/triage", "agents/sales/offers", "agents/sales/new")
# What replaces a piece of an agent.yaml; each gives findings of its own, some of them across the fleet.
PIECES = (
    ("risk: medium", "risk: low"),
    ("risk: medium", "risk: hihg"),
    ("USD", "EUR"),
    ("metadata: {name: ", "metadata: {formerly: support/triage, name: "),
    ("prompts/system.md", "../shared/tone.md"),
    ("prompts/system.md", "prompts/missing.md"),
    ("owner: alice", "owner: team:nobody"),
    ("spec:", "spec:  # agentgov: ignore[content.no-budget] because it is a test"),
    ("lifecycle: {state: draft}", "lifecycle: {state: active}"),
)
HEAD = "apiVersion: agentgov.dev/v1\nkind: "
GOVERNANCE = (
    (OWNERS, "* @sample/support\n/agents/sales/ @sample/sales\n"),
    (OWNERS, "/agents/ @sample/support\n"),
    (OWNERS, FILES[OWNERS]),
    (ACCESS, FILES[ACCESS].replace("carol@", "carla@")),
    (WORKSPACE, FILES[WORKSPACE].replace("openai/*", "anthropic/*")),
    (
        FLEET,
        FILES[FLEET].replace(
            "approvals: 1, from: owners}\n", "approvals: 1, from: owners}\n  exempt: [/agents/sales/]\n"
        ),
    ),
    (SECOND_WORKSPACE, None),
    ("governance/acess.yaml", "x: 1\n"),
    ("playbooks/refunds.yaml", None),
    ("playbooks/refunds.yaml", FILES["playbooks/refunds.yaml"].replace("support/*", "sales/*")),
    ("governance/prices.yaml", f"{HEAD}PriceList\ncurrency: EUR\nasOf: 2026-11-01\n"),
    ("governance/prices.yaml", "x: 1\n"),
    ("drills/try.yaml", "a: [1\n"),
)
OTHERS = (
    ("agents/support/shared/Tone.md", "Be loud.\n"),
    ("agents/support/Refunds", "a file beside a folder\n"),
    (SHARED, "Be kind\u200b.\n"),
    (SHARED, None),
    ("agents/sales/shared/tone.md", "key: ghp_0123456789abcdefghijklmnopqrstuvwxyz\n"),
    ("agents/sales/offers/agent.yml", "x: 1\n"),
    ("agents/sales/offers/data.bin", "\0\1\2"),
    ("agents/Sales/x/agent.yaml", "x: 1\n"),
    ("agents/sales/offers/\udcff.md", "x\n"),
    ("docs/notes.md", "not governed\n"),
)

Edit = tuple[str, int, int]
EDITS = st.tuples(
    st.sampled_from(
        ["piece", "governance", "other", "copy", "move", "remove", "mode", "link", "stage", "touch", "text"]
    ),
    st.integers(0, len(FOLDERS) - 1),
    st.integers(0, 20),
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment().items():
            patch.setenv(name, value)
        repo = make_repository(folder / "fleet")
        git(repo, "config", "core.autocrlf", "false")
        write_files(repo, START)
        git(repo, "add", "-A")
        git(repo, "commit", "-qm", "A fleet")
        yield folder


def edit(repo: Path, what: str, where: int, which: int) -> None:
    """One change of the work tree; nothing where it makes no sense now."""
    folder, other = repo / FOLDERS[where], repo / FOLDERS[which % len(FOLDERS)]
    agent = folder / "agent.yaml"
    if what == "piece" and agent.is_file() and not agent.is_symlink():
        old, new = PIECES[which % len(PIECES)]
        agent.write_text(agent.read_text().replace(old, new, 1))
    elif what == "governance":
        put(repo, *GOVERNANCE[which % len(GOVERNANCE)])
    elif what == "other":
        put(repo, *OTHERS[which % len(OTHERS)])
    elif what == "copy" and folder.is_dir() and not other.exists():
        shutil.copytree(folder, other, symlinks=True)
    elif what == "move" and folder.is_dir() and not other.exists():
        folder.rename(other)
    elif what == "remove" and folder.is_dir():
        shutil.rmtree(folder)
    elif what == "mode" and agent.is_file():
        agent.chmod(0o755 if which % 2 else 0o644)
    elif what == "link" and (folder / "prompts/system.md").exists():
        (folder / "prompts/system.md").unlink()
        (folder / "prompts/system.md").symlink_to("../agent.yaml")
    elif what == "stage":
        git(repo, "add", "-A", *([FOLDERS[where]] if folder.exists() and which % 2 else []))
    elif what == "touch" and agent.is_file():
        os.utime(agent, (which, which))
    elif what == "text" and (folder / "prompts").is_dir():
        write_files(folder, {f"prompts/p{which}.md": "You say {{something}}.\n" * (which % 3)})


def change_a_file(repo: Path, which: int, piece: int, undo: bool) -> None:
    """Another content for one file of an agent: it follows from what is known of the others, or does not."""
    files = sorted(path for path in repo.glob("agents/*/*/**/*") if path.is_file() and not path.is_symlink())
    if files:
        file, (old, new) = files[which % len(files)], PIECES[piece % len(PIECES)]
        data, (a, b) = file.read_bytes(), (old.encode(), new.encode())
        changed = data.replace(b, a, 1) if undo else data.replace(a, b, 1)
        file.write_bytes(data + b"# key: ghp_0123456789abcdefghijklmnopqrstuvwxyz\n" if changed == data else changed)


def put(repo: Path, path: str, text: str | None) -> None:
    file = repo / path
    if text is None:
        file.unlink(missing_ok=True)
    elif not file.is_dir() and all(not above.is_file() for above in file.parents):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def told(capsys: pytest.CaptureFixture[str], repo: Path, *args: str) -> Any:
    """Everything that is said of a fleet, but for where it was looked at."""
    code = status(["validate", "--repo", str(repo), "--json", *args])
    out, err = capsys.readouterr()
    assert code in (0, 1), err
    document = json.loads(out)
    del document["summary"]["source"]
    return document


@settings(max_examples=12)
@given(edits=st.lists(EDITS, min_size=1, max_size=6), small=st.tuples(*[st.integers(0, 20)] * 2, st.booleans()))
def test_findings_do_not_depend_on_how_a_fleet_is_looked_at(
    world: Path, capsys: pytest.CaptureFixture[str], edits: list[Edit], small: tuple[int, int, bool]
) -> None:
    repo = world / "fleet"
    git(repo, "reset", "-q", "--hard")
    git(repo, "clean", "-qfdx")
    git(repo, "checkout", "-q", "main")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTGOV_CACHE", str(world / "cache"))
        told(capsys, repo, "--rev", "HEAD")
        for one in edits:
            edit(repo, *one)
        before = told(capsys, repo, "--staged")
        warm = told(capsys, repo)
        again = told(capsys, repo)
        patch.setenv("AGENTGOV_CACHE", "off")
        assert told(capsys, repo, "--staged") == before
        cold = told(capsys, repo)
        assert cold == warm == again
        on_disk = examine(WorkTreeSnapshot(repo))
        assert [one["message"] for one in cold["findings"]] == [one.message for one in on_disk.findings]
        assert len(cold["suppressed"]) == len(on_disk.suppressed)
        git(repo, "add", "-A")
        staged = told(capsys, repo, "--staged")
        git(repo, "checkout", "-q", "--detach")
        git(repo, "commit", "-q", "--allow-empty", "-m", "Edited")
        committed = told(capsys, repo, "--rev", "HEAD")
        patch.setenv("AGENTGOV_CACHE", str(world / "cache"))
        assert cold == staged == committed == told(capsys, repo, "--rev", "HEAD") == told(capsys, repo)
        change_a_file(repo, *small)
        near = told(capsys, repo)
        patch.setenv("AGENTGOV_CACHE", "off")
        assert told(capsys, repo) == near


def test_findings_do_not_depend_on_the_number_of_processes(
    world: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = make_repository(world / "many")
    write_files(repo, START)
    for number in range(420):
        text = START["agents/sales/offers/agent.yaml"].replace("offers", f"offers-{number}")
        text = text.replace("risk: medium", "risk: hihg") if number % 7 == 0 else text
        write_files(repo, {f"agents/sales/offers-{number}/agent.yaml": text})
        write_files(repo, {f"agents/sales/offers-{number}/prompts/system.md": "You offer {{x}}.\n"[: number % 18]})
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "Many")
    monkeypatch.setenv("AGENTGOV_CACHE", "off")
    answers = []
    for jobs in ("1", "3"):
        monkeypatch.setenv("AGENTGOV_JOBS", jobs)
        answers += [told(capsys, repo), told(capsys, repo, "--rev", "HEAD")]
        reading = told(capsys, repo, "--select", "schema", "--select", "yaml")
        assert reading["findings"] == [one for one in answers[-1]["findings"] if one["code"].startswith("schema.")]
    assert answers.count(answers[0]) == 4
    assert len(answers[0]["findings"]) > 60
