"""Remote: what became of a push is read from the remote; nothing that a repository names is run."""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from gitworld import commit_files, config_variables, git, make_commit, make_repository, raw_object
from serving import serving

from agentgov.errors import IncompleteError, RefusedError, UsageError
from agentgov.repo.remote import Remote
from agentgov.repo.repository import Repository

JOURNAL = "refs/heads/agentgov/journal"


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "remote.git", bare=True)


@pytest.fixture
def fleet(tmp_path: Path, remote: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    folder = make_repository(tmp_path / "fleet")
    commit_files(folder, {"a": "1"})
    git(folder, "remote", "add", "origin", str(remote))
    git(folder, "push", "-q", "origin", "main")
    return folder


def origin(folder: Path) -> tuple[Repository, Remote]:
    repo = Repository.open(folder)
    found = Remote.of(repo)
    assert found is not None
    return repo, found


def install_hook(remote: Path, name: str, script: str) -> None:
    hook = remote / "hooks" / name
    hook.write_text("#!/bin/sh\n" + script)
    hook.chmod(0o755)


def test_there_is_no_remote_where_none_is_configured(tmp_path: Path) -> None:
    assert Remote.of(Repository.open(make_repository(tmp_path / "alone"))) is None


def test_lists_refs_whose_whole_name_fits(fleet: Path, remote: Path) -> None:
    git(fleet, "push", "-q", "origin", "main:refs/heads/x/refs/heads/main", "main:refs/tags/t")
    repo, there = origin(fleet)
    head = repo.resolve("HEAD")
    assert there.ls("refs/heads/main") == {"refs/heads/main": head}
    assert there.ls("refs/tags/*", "refs/heads/none") == {"refs/tags/t": head}
    assert set(there.ls()) == {"refs/heads/main", "refs/heads/x/refs/heads/main", "refs/tags/t"}
    assert there.default_branch() == "refs/heads/main"
    assert Remote(repo, str(remote)).ls("refs/tags/t") == {"refs/tags/t": head}


def test_the_same_answer_is_the_same_mapping_and_another_one_is_not(fleet: Path) -> None:
    repo, there = origin(fleet)
    before = there.ls("refs/tags/*")
    assert there.ls("refs/tags/*") is before
    git(fleet, "push", "-q", "origin", "main:refs/tags/t")
    assert there.ls("refs/tags/*") == {"refs/tags/t": repo.resolve("HEAD")}
    assert there.ls("refs/heads/*") == {"refs/heads/main": repo.resolve("HEAD")}
    git(fleet, "push", "-q", "origin", ":refs/tags/t")
    assert there.ls("refs/tags/*") == before == {}


def test_a_relative_address_starts_at_the_work_tree(fleet: Path) -> None:
    git(fleet, "remote", "set-url", "origin", "../remote.git")
    (fleet / "deep").mkdir()
    assert "refs/heads/main" in origin(fleet / "deep")[1].ls()


def test_fetches_objects_and_refs(fleet: Path, tmp_path: Path, remote: Path) -> None:
    git(tmp_path, "clone", "-q", str(remote), "other")
    new = commit_files(tmp_path / "other", {"b": "2"})
    git(tmp_path / "other", "push", "-q", "origin", "main")
    repo, there = origin(fleet)
    there.fetch("+refs/heads/*:refs/remotes/origin/*")
    assert repo.ref("refs/remotes/origin/main") == new
    assert repo.commit(new).message == b"change\n"
    assert not (fleet / ".git" / "FETCH_HEAD").exists()
    with pytest.raises(IncompleteError):
        there.fetch("refs/heads/none:refs/heads/none")


def test_an_unreachable_remote_is_incomplete_and_its_password_is_not_shown(fleet: Path) -> None:
    git(fleet, "remote", "set-url", "origin", "http://ada:hunter2@127.0.0.1:1/x.git")
    _, there = origin(fleet)
    for question in (there.ls, there.fetch, lambda: there.push({JOURNAL: None}, {JOURNAL: None})):
        with pytest.raises(IncompleteError) as error:
            question()
        assert "hunter2" not in error.value.message + error.value.hint
        assert "127.0.0.1" in error.value.message


def test_a_token_that_ci_put_into_the_repository_is_sent(fleet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers.get_all("X-Token") or [])
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with serving(HTTPServer(("127.0.0.1", 0), Handler)) as server:
        address = f"http://127.0.0.1:{server.server_port}/"
        git(fleet, "remote", "set-url", "origin", f"{address}x.git")
        git(fleet, "config", f"http.{address}.extraHeader", "X-Token: of the checkout")
        for key, value in config_variables({"http.extraHeader": "X-Token: of the user"}).items():
            monkeypatch.setenv(key, value)
        with pytest.raises(IncompleteError):
            origin(fleet)[1].ls()
    assert seen
    assert all("of the checkout" in tokens and tokens.count("of the user") <= 1 for tokens in seen)


@pytest.mark.parametrize("way", ["--depth=1", "--filter=blob:none", "--filter=tree:0"])
def test_fetches_and_pushes_in_a_shallow_and_in_a_partial_clone(
    fleet: Path, tmp_path: Path, remote: Path, way: str
) -> None:
    git(remote, "config", "uploadpack.allowFilter", "true")
    commit_files(fleet, {"a": "2", "b/c": "3"})
    git(fleet, "push", "-q", "origin", "main")
    git(tmp_path, "clone", "-q", "--no-checkout", way, f"file://{remote}", "clone")
    new = commit_files(fleet, {"a": "1", "b/d": "4"})
    git(fleet, "push", "-q", "origin", "main")
    repo, there = origin(tmp_path / "clone")
    there.fetch("refs/heads/main:refs/remotes/origin/main")
    assert repo.ref("refs/remotes/origin/main") == new
    assert repo.commit(new).parents
    journal = make_commit(tmp_path / "clone")
    assert there.push({JOURNAL: journal}, {JOURNAL: None}).landed


class TestPush:
    def test_lands_from_the_expected_value(self, fleet: Path, remote: Path) -> None:
        repo, there = origin(fleet)
        one = make_commit(fleet)
        two = make_commit(fleet, (one,), when=1_700_000_001)
        assert there.push({JOURNAL: one}, {JOURNAL: None}).landed
        assert there.push({JOURNAL: two, "refs/tags/x": one}, {JOURNAL: one, "refs/tags/x": None}).landed
        assert there.ls() == {"refs/heads/main": repo.resolve("main"), JOURNAL: two, "refs/tags/x": one}
        assert there.push({"refs/tags/x": None}, {"refs/tags/x": one}).landed
        assert "refs/tags/x" not in there.ls()

    def test_a_lost_race_is_a_conflict_and_nothing_moves(self, fleet: Path) -> None:
        _, there = origin(fleet)
        ours, theirs = make_commit(fleet), make_commit(fleet, when=5)
        git(fleet, "push", "-q", "origin", f"{theirs}:{JOURNAL}")
        result = there.push({JOURNAL: ours, "refs/tags/x": ours}, {JOURNAL: None, "refs/tags/x": None})
        assert result.fates == {JOURNAL: "conflict", "refs/tags/x": "refused"}
        assert result.conflict
        assert there.ls(JOURNAL) == {JOURNAL: theirs}

    def test_apart_each_has_its_own_lease_and_one_that_is_lost_keeps_no_other(self, fleet: Path, remote: Path) -> None:
        _, there = origin(fleet)
        ours, theirs, refs = make_commit(fleet), make_commit(fleet, when=5), ("refs/tags/x", "refs/tags/y")
        git(fleet, "push", "-q", "origin", f"{theirs}:{JOURNAL}")
        install_hook(remote, "update", "test $1 != refs/tags/x\n")
        result = there.push(dict.fromkeys((JOURNAL, *refs), ours), dict.fromkeys((JOURNAL, *refs)), apart=True)
        assert result.fates == {JOURNAL: "conflict", "refs/tags/x": "refused", "refs/tags/y": "landed"}
        assert there.ls(JOURNAL, *refs) == {JOURNAL: theirs, "refs/tags/y": ours}

    def test_a_tip_that_descends_from_ours_means_that_ours_landed(
        self, fleet: Path, tmp_path: Path, remote: Path
    ) -> None:
        repo, there = origin(fleet)
        ours = make_commit(fleet)
        git(fleet, "push", "-q", "origin", f"{ours}:{JOURNAL}")
        git(tmp_path, "clone", "-q", str(remote), "other")
        later = make_commit(tmp_path / "other", (ours,), when=7)
        git(tmp_path / "other", "push", "-q", "origin", f"{later}:{JOURNAL}")
        assert there.push({JOURNAL: ours}, {JOURNAL: None}).fates == {JOURNAL: "landed"}
        assert repo.has(later)

    def test_a_hook_that_rejects_leaves_refused_and_its_words(self, fleet: Path, remote: Path) -> None:
        install_hook(remote, "pre-receive", "echo 'protected \x1b[31mbranch'; exit 1\n")
        _, there = origin(fleet)
        result = there.push({JOURNAL: make_commit(fleet)}, {JOURNAL: None})
        assert result.fates == {JOURNAL: "refused"}
        assert result.message == "protected [31mbranch"

    def test_a_hook_that_fails_after_the_ref_moved_changes_nothing(self, fleet: Path, remote: Path) -> None:
        install_hook(remote, "post-receive", "exit 1\n")
        assert origin(fleet)[1].push({JOURNAL: make_commit(fleet)}, {JOURNAL: None}).landed

    def test_a_branch_never_loses_commits(self, fleet: Path) -> None:
        _, there = origin(fleet)
        one, other = make_commit(fleet), make_commit(fleet, when=9)
        there.push({JOURNAL: one}, {JOURNAL: None})
        with pytest.raises(RefusedError, match="would lose commits"):
            there.push({JOURNAL: other}, {JOURNAL: one})
        assert there.push({JOURNAL: other}, {}).fates == {JOURNAL: "conflict"}
        assert there.ls(JOURNAL) == {JOURNAL: one}


class TestHostileConfiguration:
    """H4: a repository names programs in every way that git knows; none of them runs."""

    @pytest.fixture
    def trap(self, fleet: Path, tmp_path: Path) -> Path:
        mark = tmp_path / "ran"
        program = tmp_path / "evil"
        program.write_text(f'#!/bin/sh\necho "$0 $*" >> {mark}\nexit 1\n')
        program.chmod(0o755)
        for key in (
            *("core.sshCommand", "core.askPass", "core.gitProxy", "core.fsmonitor", "core.pager", "core.editor"),
            *("core.alternateRefsCommand", "credential.helper", "gpg.program", "gpg.ssh.program", "hook.x.command"),
            *("remote.origin.uploadpack", "remote.origin.receivepack", "gpg.ssh.defaultKeyCommand"),
            "uploadpack.packObjectsHook",
        ):
            git(fleet, "config", key, str(program))
        for key, value in (
            ("core.hooksPath", str(tmp_path / "hooks")),
            ("push.gpgSign", "true"),
            ("protocol.ext.allow", "always"),
            ("hook.x.event", "pre-push"),
            ("remote.origin.vcs", "evil"),
            ("remote.origin.proxy", "http://127.0.0.1:1"),
            (f"url.ext::{program} .insteadOf", "/"),
        ):
            git(fleet, "config", key, value)
        for folder in (tmp_path / "hooks", fleet / ".git" / "hooks"):
            folder.mkdir(exist_ok=True)
            for hook in ("pre-push", "reference-transaction", "post-checkout", "pre-auto-gc", "post-rewrite"):
                (folder / hook).write_bytes(program.read_bytes())
                (folder / hook).chmod(0o755)
        return mark

    def test_nothing_runs(self, fleet: Path, trap: Path) -> None:
        repo, there = origin(fleet)
        ours = make_commit(fleet)
        assert there.push({JOURNAL: ours}, {JOURNAL: None}).landed
        there.fetch("+refs/heads/*:refs/remotes/origin/*")
        assert there.ls(JOURNAL) == {JOURNAL: ours}
        assert repo.update_ref("refs/heads/y", ours, None)
        assert repo.resolve("y") == ours
        assert not trap.exists(), trap.read_text()

    def test_nothing_runs_where_a_password_or_ssh_is_needed(self, fleet: Path, trap: Path) -> None:
        git(fleet, "config", "--unset-all", "remote.origin.vcs")
        for address in ("ssh://127.0.0.1:1/x.git", "http://ada@127.0.0.1:1/x.git", "git://127.0.0.1:1/x.git"):
            git(fleet, "config", "remote.origin.url", address)
            with pytest.raises(IncompleteError):
                origin(fleet)[1].ls()
        assert not trap.exists(), trap.read_text()

    def test_the_trap_would_be_sprung_by_git_itself(self, fleet: Path, trap: Path) -> None:
        with pytest.raises(RuntimeError):
            git(fleet, "update-ref", "refs/heads/y", "HEAD")
        assert trap.exists()

    def test_an_address_that_is_a_program_or_an_option_is_refused(self, fleet: Path) -> None:
        repo = Repository.open(fleet)
        for address in ("ext::sh -c true", "--upload-pack=evil", "fd::3", "EXT::x"):
            with pytest.raises(UsageError):
                Remote(repo, address)

    def test_git_variables_of_the_environment_have_no_effect(
        self, fleet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mark = tmp_path / "ran"
        program = tmp_path / "evil"
        program.write_text(f"#!/bin/sh\ntouch {mark}\nexit 1\n")
        program.chmod(0o755)
        elsewhere = make_repository(tmp_path / "elsewhere")
        for name in ("GIT_DIR", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_WORK_TREE"):
            monkeypatch.setenv(name, str(elsewhere / ".git"))
        for name in ("GIT_PROXY_COMMAND", "GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_EDITOR", "GIT_PYTHON_GIT_EXECUTABLE"):
            monkeypatch.setenv(name, str(program))
        monkeypatch.setenv("GIT_EXEC_PATH", str(tmp_path))
        monkeypatch.setenv("GIT_CONFIG_PARAMETERS", f"'core.sshCommand'='{program}'")
        monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))
        monkeypatch.setenv("GIT_NAMESPACE", "other")
        repo, there = origin(fleet)
        ours = make_commit(fleet)
        assert there.push({JOURNAL: ours}, {JOURNAL: None}).landed
        assert repo.update_ref("refs/heads/y", ours, None)
        assert repo.config("remote.origin.url") is not None
        assert not mark.exists()
        assert not (tmp_path / "trace").exists()

    def test_the_users_own_settings_count(self, fleet: Path, remote: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        git(fleet, "remote", "set-url", "origin", "short:remote.git")
        for key, value in config_variables({f"url.{remote.parent}/.insteadOf": "short:"}).items():
            monkeypatch.setenv(key, value)
        assert "refs/heads/main" in origin(fleet)[1].ls()


def test_replace_refs_and_grafts_have_no_effect(fleet: Path) -> None:
    first = git(fleet, "rev-parse", "HEAD").decode()
    second = commit_files(fleet, {"a": "2"}, when=1_700_000_010)
    blob = git(fleet, "rev-parse", "HEAD:a").decode()
    git(fleet, "replace", blob, raw_object(fleet, "blob", b"evil"))
    git(fleet, "replace", "--graft", second)
    (fleet / ".git" / "info" / "grafts").write_text(f"{second}\n")
    repo = Repository.open(fleet)
    assert repo.blob(blob) == b"2"
    assert repo.commit(second).parents == (first,)
    assert repo.resolve("HEAD~1") == first
    assert [oid for oid, _ in repo.walk(second)] == [second, first]
    assert repo.is_ancestor(first, second)
