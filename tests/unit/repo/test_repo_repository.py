"""Repository: reads, names, ancestry, identity, refs."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from gitworld import commit_files, environment, git, make_commit, make_repository, raw_object

from agentgov.errors import ConfigurationError, IncompleteError, UsageError
from agentgov.model.snapshot import FILE, TREE, Entry
from agentgov.repo.objects import ObjectError
from agentgov.repo.repository import Repository


@pytest.fixture
def world(tmp_path: Path) -> Path:
    folder = make_repository(tmp_path / "fleet")
    commit_files(folder, {"agentgov.yaml": "a: 1\n", "agents/a/b/agent.yaml": "x\n"}, "first")
    return folder


def test_opens_from_a_folder_inside_and_knows_where_it_is(world: Path) -> None:
    repo = Repository.open(world / "agents" / "a")
    assert (repo.root, repo.git_dir) == (world, world / ".git")


def test_opens_a_bare_repository_and_a_linked_work_tree(world: Path, tmp_path: Path) -> None:
    bare = make_repository(tmp_path / "bare.git", bare=True)
    assert Repository.open(bare).root is None
    git(world, "worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    linked = Repository.open(tmp_path / "linked")
    assert linked.root == tmp_path / "linked"
    assert linked.head_branch() == "refs/heads/side"
    assert linked.head() == linked.resolve("main")


def test_says_what_to_do_where_there_is_no_repository(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as error:
        Repository.open(tmp_path)
    assert "git init" in error.value.hint


def test_a_sha256_repository_is_incomplete_with_a_clear_word(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256")
    with pytest.raises(IncompleteError, match="SHA-256"):
        Repository.open(tmp_path)


def test_reads_commit_tree_and_blob(world: Path) -> None:
    repo = Repository.open(world)
    head = repo.resolve("HEAD")
    commit = repo.commit(head)
    assert commit.message == b"first\n"
    assert repo.blob(next(entry.oid for entry in repo.tree(commit.tree) if entry.name == b"agentgov.yaml")) == b"a: 1\n"
    found = repo.entry(commit.tree, "agents/a/b/agent.yaml")
    assert found is not None
    assert found.mode == FILE
    assert repo.blob(found.oid) == b"x\n"
    folder = repo.entry(commit.tree, "agents")
    assert folder is not None
    assert folder.mode == TREE
    assert repo.entry(commit.tree, "agents/a/b/agent.yaml/deeper") is None
    assert repo.entry(commit.tree, "nothing") is None
    assert repo.kind(head) == "commit"
    assert repo.kind("0" * 40) is None


def test_a_missing_object_is_incomplete_and_names_it(world: Path) -> None:
    with pytest.raises(IncompleteError, match="1234567890123456789012345678901234567890") as error:
        Repository.open(world).blob("1234567890" * 4)
    assert "git fetch" in error.value.hint


def test_a_shallow_clone_answers_incomplete_with_the_command_that_helps(world: Path, tmp_path: Path) -> None:
    first = git(world, "rev-parse", "HEAD").decode()
    commit_files(world, {"b": "2"})
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{world}", "shallow")
    repo = Repository.open(tmp_path / "shallow")
    assert repo.is_shallow
    with pytest.raises(IncompleteError) as error:
        repo.is_ancestor(first, repo.resolve("HEAD"))
    assert "--unshallow" in error.value.hint
    with pytest.raises(IncompleteError):
        list(repo.walk(repo.resolve("HEAD")))


def test_a_partial_clone_answers_incomplete_with_the_command_that_helps(world: Path, tmp_path: Path) -> None:
    git(world, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{world}", "partial")
    repo = Repository.open(tmp_path / "partial")
    found = repo.entry(repo.commit(repo.resolve("HEAD")).tree, "agentgov.yaml")
    assert found is not None
    with pytest.raises(IncompleteError) as error:
        repo.blob(found.oid)
    assert found.oid in error.value.hint


def test_a_loose_object_with_another_objects_content_is_refused(world: Path) -> None:
    repo = Repository.open(world)
    one, two = raw_object(world, "blob", b"good"), raw_object(world, "blob", b"evil")
    place = world / ".git" / "objects"
    good = place / one[:2] / one[2:]
    good.chmod(0o644)
    good.write_bytes((place / two[:2] / two[2:]).read_bytes())
    assert git(world, "cat-file", "blob", one) == b"evil"  # what git itself says
    with pytest.raises(ObjectError) as error:
        repo.blob(one)
    assert error.value.code == "object.hash-mismatch"


def test_a_truncated_loose_object_is_refused_without_a_traceback(world: Path) -> None:
    oid = raw_object(world, "blob", os.urandom(5000))
    place = world / ".git" / "objects" / oid[:2] / oid[2:]
    place.chmod(0o644)
    place.write_bytes(place.read_bytes()[:300])
    with pytest.raises(ObjectError):
        Repository.open(world).blob(oid)


def test_the_wrong_kind_of_object_is_refused(world: Path) -> None:
    repo = Repository.open(world)
    with pytest.raises(ObjectError, match="is a commit where a blob"):
        repo.blob(repo.resolve("HEAD"))


class TestNames:
    def test_branches_tags_ids_and_steps(self, world: Path) -> None:
        first = git(world, "rev-parse", "HEAD").decode()
        git(world, "tag", "-a", "v1", "-m", "one")
        git(world, "tag", "-a", "nested", "-m", "two", "v1")
        second = commit_files(world, {"b": "2"})
        repo = Repository.open(world)
        for rev in (
            first,
            first[:12],
            "v1",
            "nested",
            "refs/tags/v1",
            "HEAD~1",
            "main^",
            "@^1",
            "main^{commit}~",
            "v1^{}",
        ):
            assert repo.resolve(rev) == first, rev
        for rev in ("HEAD", "main", "heads/main", "HEAD^0", "HEAD~0"):
            assert repo.resolve(rev) == second, rev

    @pytest.mark.parametrize(
        "rev",
        [
            *("", "nope", "HEAD..main", "-h", "HEAD~99", "HEAD^2", ":/first", "main@{0}", "HEAD:a", "HEAD^{tree}"),
            *("0" * 40, "--upload-pack=x", "a b", "HEAD^{/first}", "abc", "HEAD~" + "9" * 30),
        ],
    )
    def test_what_names_no_commit_is_a_usage_error(self, world: Path, rev: str) -> None:
        with pytest.raises(UsageError):
            Repository.open(world).resolve(rev)

    def test_a_name_of_two_commits_is_refused(self, world: Path) -> None:
        git(world, "tag", "main")
        commit_files(world, {"b": "2"})
        with pytest.raises(UsageError, match="ambiguous"):
            Repository.open(world).resolve("main")

    def test_a_tag_of_a_tree_names_no_commit(self, world: Path) -> None:
        git(world, "tag", "treeish", "HEAD^{tree}")
        with pytest.raises(UsageError):
            Repository.open(world).resolve("treeish")

    def test_refs_by_prefix_packed_and_loose_without_symbolic_ones(self, world: Path) -> None:
        head = git(world, "rev-parse", "HEAD").decode()
        git(world, "tag", "a/v1")
        git(world, "pack-refs", "--all")
        git(world, "tag", "a/v2")
        git(world, "symbolic-ref", "refs/tags/a/link", "refs/tags/a/v1")
        repo = Repository.open(world)
        assert repo.refs("refs/tags/") == {"refs/tags/a/v1": head, "refs/tags/a/v2": head}
        assert repo.ref("refs/tags/a/link") == head
        assert repo.ref("refs/tags/none") is None

    def test_threads_that_read_packed_refs_keep_no_older_ones(self, world: Path) -> None:
        def pack(oid: str, count: int) -> None:
            new = world / ".git" / "packed-refs.new"
            new.write_text("".join(f"{oid} refs/tags/{number}\n" for number in range(count)))
            new.replace(world / ".git" / "packed-refs")

        interval, together = sys.getswitchinterval(), Barrier(3)
        sys.setswitchinterval(1e-6)

        def look(repo: Repository) -> None:
            together.wait()
            repo.refs("refs/tags/")

        try:
            with ThreadPoolExecutor(2) as pool:
                for _ in range(30):
                    pack("1" * 40, 2000)
                    repo = Repository.open(world)
                    looks = [pool.submit(look, repo) for _ in range(2)]
                    together.wait()
                    pack("2" * 40, 1)  # parsed before the longer one that was read earlier
                    repo.refs("refs/tags/")
                    for one in looks:
                        one.result()
                    assert repo.refs("refs/tags/") == {"refs/tags/0": "2" * 40}
        finally:
            sys.setswitchinterval(interval)

    def test_head_on_a_branch_detached_and_unborn(self, world: Path, tmp_path: Path) -> None:
        assert Repository.open(world).head_branch() == "refs/heads/main"
        git(world, "checkout", "-q", "--detach")
        assert Repository.open(world).head_branch() is None
        unborn = Repository.open(make_repository(tmp_path / "new"))
        assert (unborn.head(), unborn.head_branch()) == (None, "refs/heads/main")


class TestIdentity:
    def test_of_the_environment_and_of_settings(self, world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for key, value in environment().items():
            monkeypatch.setenv(key, value)
        monkeypatch.setenv("GIT_AUTHOR_NAME", "Bo")
        monkeypatch.delenv("GIT_AUTHOR_EMAIL")
        monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
        monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.email")
        monkeypatch.setenv("GIT_CONFIG_VALUE_0", "bo@example.com")
        assert Repository.open(world).ident() == ("Bo", "bo@example.com")

    def test_unset_says_which_commands_set_it(self, world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for key, value in environment().items():
            monkeypatch.setenv(key, value)
        for key in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"):
            monkeypatch.delenv(key)
        with pytest.raises(ConfigurationError) as error:
            Repository.open(world).ident()
        assert "git config --global user.email" in error.value.hint

    def test_the_repositorys_own_word_is_left_out_of_global_settings(
        self, world: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        git(world, "config", "gpg.ssh.program", "evil")
        repo = Repository.open(world)
        assert repo.config("gpg.ssh.program") == "evil"
        assert repo.config_global("gpg.ssh.program") is None
        assert repo.config("no.such") is None


class TestRefs:
    def test_moves_only_from_the_expected_value(self, world: Path) -> None:
        repo = Repository.open(world)
        first, second = repo.resolve("HEAD"), make_commit(world)
        name = "refs/heads/agentgov/journal"
        assert repo.update_ref(name, first, None)
        assert not repo.update_ref(name, second, None)
        assert not repo.update_ref(name, first, second)
        assert repo.ref(name) == first
        assert repo.update_ref(name, second, first)
        assert repo.ref(name) == second == git(world, "rev-parse", name).decode()
        assert not repo.update_ref(name, None, first)
        assert repo.update_ref(name, None, second)
        assert repo.ref(name) is None

    def test_packed_refs_are_moved_and_deleted_too(self, world: Path) -> None:
        repo = Repository.open(world)
        head = repo.resolve("HEAD")
        git(world, "tag", "x")
        git(world, "pack-refs", "--all")
        assert repo.update_ref("refs/tags/x", None, head)
        assert git(world, "tag", "-l") == b""
        assert not (world / ".git" / "packed-refs").is_symlink()

    def test_a_lock_that_never_goes_away_is_an_error_and_not_a_lost_race(self, world: Path) -> None:
        repo = Repository.open(world)
        (world / ".git" / "refs" / "heads" / "x.lock").touch()
        with pytest.raises(Exception, match="refs/heads/x cannot be updated"):
            repo.update_ref("refs/heads/x", repo.resolve("HEAD"), None)


def test_what_is_written_is_what_git_reads(world: Path) -> None:
    repo = Repository.open(world)
    blob = repo.write_blob(b"content")
    assert git(world, "cat-file", "blob", blob) == b"content"
    base = repo.commit(repo.resolve("HEAD")).tree
    tree = repo.put_files(base, {"agents/a/b/agent.yaml": None, "new/deep/file": (FILE, blob)})
    assert git(world, "ls-tree", "-r", "--name-only", tree) == b"agentgov.yaml\nnew/deep/file"
    assert repo.entry(tree, "new/deep/file") == Entry(FILE, blob)


def test_several_files_are_read_in_one_go_as_far_as_they_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = Repository.open(make_repository(tmp_path / "many"))
    oids = [repo.write_blob(b"%d" % number * 100) for number in range(600)]
    missing = "1" * 40
    found = repo.blobs([*oids[:300], missing, *oids[300:]])
    assert found == {oid: repo.blob(oid) for oid in oids}
    monkeypatch.setattr("agentgov.repo.storage._ROOM", 1000)
    few = repo.blobs(oids)
    assert 0 < sum(map(len, few.values())) <= 1000
    assert repo.blobs(oids[:3]) == {oid: repo.blob(oid) for oid in oids[:3]}  # by a new child
