"""`agentgov init` and `agentgov new`: a fleet out of nothing that validates; asks nothing, overwrites nothing."""

import json
import os
import subprocess
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from agentgov.cli.main import status
from agentgov.journal.view import day_of
from agentgov.repo import clock
from agentgov.repo.snapshot import WorkTreeSnapshot
from agentgov.resources import folder
from agentgov.trust.signers import KeyFileSigner
from agentgov.validate.load import load_fleet
from agentgov.validate.run import validate


@pytest.fixture(autouse=True)
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of one's own: name, e-mail and signing key in git's configuration. Returns the configuration file."""
    home = tmp_path / "home"
    home.mkdir()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / "key")], check=True)
    config = home / "gitconfig"
    config.write_text(
        "[user]\n\tname = Robin Doe\n\temail = robin@acme.example\n"
        f"\tsigningkey = {home / 'key.pub'}\n[gpg]\n\tformat = ssh\n[init]\n\tdefaultBranch = trunk\n"
    )
    for name in [name for name in os.environ if name.startswith(("GIT_", "AGENTGOV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("AGENTGOV_CONFIG_HOME", str(home / "config"))
    monkeypatch.chdir(tmp_path)
    return config


def run_json(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, Any]:
    capsys.readouterr()
    assert status([*args, "--json"]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    schema = json.loads((folder("schemas") / f"output/{args[0]}.schema.json").read_text("utf-8"))
    jsonschema.Draft7Validator(schema).validate(answer)
    return answer


def codes(root: Path) -> list[str]:
    return [found.code for found in validate(WorkTreeSnapshot(root)) if found.code != "owner.one-person-fleet"]


def git(root: Path, *args: str) -> str:
    return subprocess.run(["git", "-C", str(root), *args], check=True, capture_output=True, text=True).stdout.strip()


# --- init ----------------------------------------------------------------------------------------------------------


def test_a_fleet_out_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = run_json(capsys, "init", "My Fleet")
    root = tmp_path / "My Fleet"
    assert codes(root) == []
    assert git(root, "symbolic-ref", "HEAD") == "refs/heads/main"
    assert answer["fleet"]["name"] == "my-fleet"
    assert answer["left"] == answer["notes"] == []
    governance = load_fleet(WorkTreeSnapshot(root)).governance
    assert governance is not None
    (robin,) = governance.access.people
    public = (tmp_path / "home/key.pub").read_text().split()
    assert (robin.id, robin.name, robin.emails) == ("robin", "Robin Doe", ("robin@acme.example",))
    assert robin.keys == (f"{public[0]} {public[1]} robin@acme.example",)
    assert (root / ".agentgov/schemas/agent.schema.json").is_file()


def test_the_private_keys_of_its_bots_stay_with_the_user(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = run_json(capsys, "init", "fleet")
    for bot in ("reconciler", "gate"):
        private = tmp_path / "home/config/keys" / answer["fleet"]["id"] / bot
        assert private.stat().st_mode & 0o777 == 0o600
        assert KeyFileSigner(private).public_key in (tmp_path / "fleet/governance/access.yaml").read_text()
    assert "PRIVATE" not in "".join(path.read_text() for path in (tmp_path / "fleet").rglob("*.yaml"))


def test_a_second_time_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = run_json(capsys, "init", "fleet")
    before = {path: path.read_bytes() for path in (tmp_path / "fleet").rglob("*") if path.is_file()}
    second = run_json(capsys, "init", "fleet")
    assert second["fleet"] == first["fleet"]
    assert (second["written"], second["left"]) == ([], first["written"])
    assert {path: path.read_bytes() for path in (tmp_path / "fleet").rglob("*") if path.is_file()} == before


def test_files_that_exist_are_left_alone_and_the_rest_fits_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "fleet"
    root.mkdir()
    (root / "README.md").write_text("mine")
    (root / "agentgov.yaml").write_text(
        "apiVersion: agentgov.dev/v1\nkind: Fleet\nid: 6f0c3c1e-58a4-4a7e-9a39-1f4a5f7f0001\nname: ours\n"
    )
    answer = run_json(capsys, "init", "fleet")
    assert answer["fleet"] == {"id": "6f0c3c1e-58a4-4a7e-9a39-1f4a5f7f0001", "name": "ours"}
    assert answer["left"] == ["agentgov.yaml", "README.md"]
    assert (root / "README.md").read_text() == "mine"
    assert codes(root) == []


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("git@gitlab.com:acme/fleet.git", ".gitlab-ci.yml"),
        ("git@github.com:acme/fleet.git", ".github/workflows/agentgov.yml"),
    ],
)
def test_ci_is_that_of_the_forge_where_the_remote_is(
    tmp_path: Path, url: str, written: str, capsys: pytest.CaptureFixture[str]
) -> None:
    git(tmp_path, "init", "-q", "fleet")
    git(tmp_path / "fleet", "remote", "add", "origin", url)
    answer = run_json(capsys, "init", "fleet")
    assert [path for path in answer["written"] if path in (".gitlab-ci.yml", ".github/workflows/agentgov.yml")] == [
        written
    ]
    assert codes(tmp_path / "fleet") == []


def test_a_pipeline_of_ones_own_is_left_alone_and_what_it_lacks_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet/.gitlab-ci.yml").write_text("build: {script: make}\n")
    answer = run_json(capsys, "init", "fleet")
    assert (tmp_path / "fleet/.gitlab-ci.yml").read_text() == "build: {script: make}\n"
    assert ".gitlab/CODEOWNERS" in answer["written"]
    (note,) = answer["notes"]
    assert "docs/gitlab-ci.md" in note


def test_without_ci_nothing_of_it_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = run_json(capsys, "init", "fleet", "--ci", "none")
    assert [path for path in answer["written"] if "workflows" in path or "gitlab" in path] == []


@pytest.mark.parametrize(
    "args", [("--action", "acme/agentgov@v1"), ("--ci", "gitlab", "--action", f"acme/agentgov@{'a' * 40}")]
)
def test_an_action_that_can_be_moved_or_is_for_another_forge_is_refused_before_anything_is_written(
    tmp_path: Path, args: tuple[str, ...]
) -> None:
    assert status(["init", "fleet", *args]) == 2
    assert not (tmp_path / "fleet").exists()


def test_settings_of_an_editor_are_never_merged_and_what_they_lack_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "fleet/.vscode").mkdir(parents=True)
    (tmp_path / "fleet/.vscode/settings.json").write_text("{}\n")
    answer = run_json(capsys, "init", "fleet")
    assert (tmp_path / "fleet/.vscode/settings.json").read_text() == "{}\n"
    assert (".vscode/settings.json" in answer["left"], ".idea/jsonSchemas.xml" in answer["written"]) == (True, True)
    (note,) = answer["notes"]
    assert note.startswith(".vscode/settings.json is yours")


@pytest.mark.parametrize("place", ["CODEOWNERS", "docs/CODEOWNERS"])
def test_codeowners_that_decide_already_are_not_silenced(
    tmp_path: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "fleet" / place).parent.mkdir(parents=True)
    (tmp_path / "fleet" / place).write_text("*.go @org/go\n")
    answer = run_json(capsys, "init", "fleet")
    assert not (tmp_path / "fleet/.github/CODEOWNERS").exists()
    assert place in answer["left"]
    assert any("/governance/ robin@acme.example" in note for note in answer["notes"])


def test_inside_a_repository_its_top_is_the_fleet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    git(tmp_path, "init", "-q", "monorepo")
    (tmp_path / "monorepo/services/api").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "monorepo/services/api")
    answer = run_json(capsys, "init")
    assert answer["root"] == str(tmp_path / "monorepo")
    assert (tmp_path / "monorepo/agentgov.yaml").is_file()


def test_a_bare_repository_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    monkeypatch.chdir(tmp_path / "bare.git")
    assert status(["init"]) == 2


def test_without_a_signing_key_the_files_are_written_and_it_is_said(
    person: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    person.write_text("[user]\n\tname = Robin Doe\n\temail = robin@acme.example\n")
    answer = run_json(capsys, "init", "fleet")
    assert answer["person"]["keys"] == []
    assert any("ssh-keygen -t ed25519" in note for note in answer["notes"])
    assert codes(tmp_path / "fleet") == []


def test_a_key_that_is_too_weak_is_not_written(
    person: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rsa = tmp_path / "home/rsa"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "1024", "-N", "", "-f", str(rsa)], check=True)
    person.write_text(f"[user]\n\tname = R\n\temail = r@x.io\n\tsigningkey = {rsa}.pub\n[gpg]\n\tformat = ssh\n")
    answer = run_json(capsys, "init", "fleet")
    assert answer["person"]["keys"] == []
    assert any("your signing key does not count" in note for note in answer["notes"])


def test_nobody_at_all_is_still_a_fleet(person: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    person.write_text("")
    answer = run_json(capsys, "init", "fleet")
    assert answer["person"] == {"id": "owner", "name": "", "emails": [], "keys": []}
    assert codes(tmp_path / "fleet") == []


def test_nothing_is_written_through_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "fleet").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "fleet/governance").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert status(["init", "fleet"]) == 2
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_file_in_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert status(["init", "file"]) == 2


# --- new -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    assert status(["init", "fleet"]) == 0
    monkeypatch.chdir(tmp_path / "fleet")
    return tmp_path / "fleet"


def test_a_new_agent_validates(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = run_json(capsys, "new", "support/hello")
    assert codes(fleet) == []
    assert answer["owner"] == "robin"
    assert answer["governance"] == ["governance/workspaces/support.yaml"]
    agent = next(iter(load_fleet(WorkTreeSnapshot(fleet)).agents.values()))
    assert agent.spec.lifecycle.state == "active"
    assert agent.spec.tools == ()


def test_a_second_agent_of_a_workspace_changes_no_governance(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_json(capsys, "new", "support/hello")
    assert run_json(capsys, "new", "support/again")["governance"] == []
    assert codes(fleet) == []


@pytest.mark.parametrize("name", ["Support/x", "support", "support/shared", "a/b/c", "../x/y", "support/", "s/x_y"])
def test_bad_names_are_refused(fleet: Path, name: str) -> None:
    assert status(["new", name]) == 2
    assert not (fleet / "agents").exists()


def test_an_agent_that_exists_is_refused(fleet: Path) -> None:
    (fleet / "agents/support/hello").mkdir(parents=True)
    assert status(["new", "support/hello"]) == 1
    assert list((fleet / "agents/support/hello").iterdir()) == []


def test_outside_of_a_fleet_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert status(["new", "support/hello"]) == 2
    assert list((tmp_path / "empty").iterdir()) == []


def test_an_owner_who_does_not_own_the_folder_yet_gets_a_line(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    access = fleet / "governance/access.yaml"
    text = access.read_text().replace("bots:", "  - {id: ann, emails: [ann@acme.example]}\nbots:")
    access.write_text(text + 'teams: [{id: care, members: [ann, robin], handles: ["@acme/care"]}]\n')
    codeowners = fleet / ".github/CODEOWNERS"
    codeowners.write_text(codeowners.read_text().rstrip("\n"))
    answer = run_json(capsys, "new", "support/hello", "--owner", "team:care")
    assert answer["governance"] == ["governance/workspaces/support.yaml", ".github/CODEOWNERS"]
    assert codeowners.read_text().splitlines()[-1].split() == ["/agents/support/hello/", "@acme/care"]
    assert "owner.disagrees" not in codes(fleet)


@pytest.mark.parametrize("owner", ["nobody", "team:nobody", "role:operator", ""])
def test_an_owner_whom_access_does_not_know_is_refused(fleet: Path, owner: str) -> None:
    assert status(["new", "support/hello", "--owner", owner]) == 2
    assert not (fleet / "agents").exists()


def test_the_limits_of_the_workspace_are_kept(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (fleet / "governance/workspaces").mkdir()
    (fleet / "governance/workspaces/bank.yaml").write_text(
        "apiVersion: agentgov.dev/v1\nkind: Workspace\nname: bank\nowner: robin\nbudget: {day: 9 EUR}\n"
        "models: {allow: [openai/*]}\nrisk: {floor: high}\ndata: {ceiling: public}\n"
    )
    run_json(capsys, "new", "bank/teller")
    assert codes(fleet) == []


def test_a_new_playbook_says_when_it_is_read_again(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_json(capsys, "new", "support/hello")
    assert status(["playbook", "new", "loop", "support/hello"]) == 0
    for name in ("hello", "hello-loop"):
        last = (fleet / f"playbooks/support-{name}.yaml").read_text().splitlines()[-1]
        again = date.fromisoformat(last.split()[1])
        assert last.startswith("reviewBy: ")
        assert timedelta(days=180) < again - day_of(clock.now()) < timedelta(days=184)  # midnight may come between


def test_a_playbook_that_exists_is_left_alone(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (fleet / "playbooks").mkdir()
    (fleet / "playbooks/support-hello.yaml").write_text("mine: true\n")
    assert run_json(capsys, "new", "support/hello")["left"] == ["playbooks/support-hello.yaml"]
    assert (fleet / "playbooks/support-hello.yaml").read_text() == "mine: true\n"


def test_the_text_says_what_takes_approval(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert status(["new", "support/hello", "--repo", str(fleet)]) == 0
    assert "governance/workspaces/support.yaml: governance" in capsys.readouterr().out
