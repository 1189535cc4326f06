"""New trees and differences of trees against git itself: names of any bytes, modes, files that become folders."""

from pathlib import Path

import pytest
from gitworld import commit_files, git, make_commit, make_repository, raw_object
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.model.governed import ROOTS
from agentgov.model.snapshot import EXECUTABLE, FILE, SUBMODULE, SYMLINK, TREE, Entry, path_bytes, path_text
from agentgov.repo.changes import Changes, changed_paths, touches
from agentgov.repo.compose import commit_bytes, ident
from agentgov.repo.objects import ObjectError, TreeEntry
from agentgov.repo.repository import Repository
from agentgov.repo.treeedit import EMPTY_TREE

WHO = ident("Ada", "ada@example.com", 1)
NAMES = st.sampled_from(["a", "a.b", "a-b", "b", "Ä", "A", "a\u0308", 'q"u', "t\tab", "new\nline", "\udcff", "a0", " "])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
MODES = st.sampled_from([FILE, EXECUTABLE, SYMLINK])
FILES = st.dictionaries(PATHS, st.tuples(MODES, st.sampled_from([b"one", b"two", b""])), max_size=8)


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository.open(make_repository(tmp_path_factory.mktemp("trees")))


def consistent(files: dict[str, tuple[int, bytes]]) -> dict[str, tuple[int, bytes]]:
    """The files without those that lie below another file."""
    return {path: file for path, file in files.items() if not any(path.startswith(f"{other}/") for other in files)}


def root_of(repo: Repository) -> Path:
    assert repo.root is not None
    return repo.root


def git_tree(repo: Repository, files: dict[str, tuple[int, bytes]], index: str = "own-index") -> str:
    """The tree that git's index makes of these files."""
    where = root_of(repo)
    env = {"GIT_INDEX_FILE": str(where / ".git" / index), "PATH": "/usr/bin:/bin"}
    (where / ".git" / index).unlink(missing_ok=True)
    lines = b"".join(
        b"%o %s\t%s\0" % (mode, repo.write_blob(data).encode(), path_bytes(path))
        for path, (mode, data) in files.items()
    )
    git(where, "update-index", "-z", "--index-info", data=lines, env=env)
    return git(where, "write-tree", env=env).decode()


def git_diff(repo: Repository, old: str, new: str) -> Changes:
    """What `git diff-tree` says, in our words."""
    fields = git(root_of(repo), "diff-tree", "-r", "-z", "--no-renames", old, new).split(b"\0")
    found: Changes = {}
    for meta, path in zip(fields[::2], fields[1::2], strict=False):
        old_mode, new_mode, old_oid, new_oid, _ = meta.removeprefix(b":").decode().split()
        before = Entry(int(old_mode, 8), old_oid) if int(old_mode) else None
        after = Entry(int(new_mode, 8), new_oid) if int(new_mode) else None
        found[path_text(path)] = (before, after)
    return found


@settings(max_examples=30)
@given(FILES.map(consistent), FILES.map(consistent))
def test_trees_and_differences_are_those_of_git(
    repo: Repository, before: dict[str, tuple[int, bytes]], after: dict[str, tuple[int, bytes]]
) -> None:
    old, new = git_tree(repo, before), git_tree(repo, after)
    built = repo.put_files(None, {path: (mode, repo.write_blob(data)) for path, (mode, data) in before.items()})
    assert built == old
    difference = changed_paths(repo, old, new)
    assert difference == git_diff(repo, old, new)
    assert list(difference) == sorted(difference, key=path_bytes)
    edits = {path: (after_.mode, after_.oid) if after_ else None for path, (_, after_) in difference.items()}
    assert repo.put_files(old, edits) == new


def test_a_folder_is_grafted_whole_and_empty_folders_vanish(repo: Repository) -> None:
    blob = repo.write_blob(b"x")
    part = repo.put_files(None, {"a": (FILE, blob), "b/c": (FILE, blob)})
    whole = repo.put_files(None, {"authorised": (TREE, part), "state/d": (FILE, blob)})
    assert repo.entry(whole, "authorised/b/c") == Entry(FILE, blob)
    assert repo.put_files(whole, {"state/d": None}) == repo.put_files(None, {"authorised": (TREE, part)})
    assert repo.put_files(whole, {"authorised": None, "state": None}) == EMPTY_TREE
    assert repo.put_files(whole, {"authorised": (TREE, EMPTY_TREE), "state": None}) == EMPTY_TREE
    assert repo.put_files(None, {}) == EMPTY_TREE
    assert repo.tree(EMPTY_TREE) == ()
    assert git(root_of(repo), "cat-file", "-t", EMPTY_TREE) == b"tree"


def test_deleting_below_a_file_changes_nothing(repo: Repository) -> None:
    tree = repo.put_files(None, {"a": (FILE, repo.write_blob(b"x"))})
    assert repo.put_files(tree, {"a/b/c": None, "no/where": None}) == tree


@pytest.mark.parametrize(
    "path", ["", "/a", "a/", "a//b", "a/../b", "./a", ".git/hooks/x", "a/.GIT", "a\0b", "x/" * 200]
)
def test_paths_that_no_tree_can_hold_are_refused(repo: Repository, path: str) -> None:
    with pytest.raises(ObjectError):
        repo.put_files(None, {path: (FILE, repo.write_blob(b"x"))})


def test_two_changes_one_inside_the_other_are_refused(repo: Repository) -> None:
    blob = repo.write_blob(b"x")
    with pytest.raises(ObjectError):
        repo.put_files(None, {"a": (FILE, blob), "a/b": (FILE, blob)})


def test_roots_limit_what_is_compared(repo: Repository) -> None:
    blob = repo.write_blob(b"x")
    tree = repo.put_files(
        None, {"agents/a/b/c": (FILE, blob), "src/main.py": (FILE, blob), "src/agents/x": (FILE, blob)}
    )
    assert set(changed_paths(repo, None, tree, ROOTS)) == {"agents/a/b/c"}
    assert changed_paths(repo, tree, None, ["src/main.py"]) == {}


def test_submodules_are_entries_and_are_never_entered(repo: Repository) -> None:
    tree = repo.write_tree([TreeEntry(SUBMODULE, b"m", "5" * 40)])
    assert changed_paths(repo, None, tree) == {"m": (None, Entry(SUBMODULE, "5" * 40))}


def test_a_tree_of_exponentially_many_paths_is_refused(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentgov.repo.changes.MAX_PATHS", 20_000)
    tree = repo.put_files(None, {str(number): (FILE, repo.write_blob(b"x")) for number in range(100)})
    for _ in range(4):
        tree = repo.write_tree([TreeEntry(TREE, str(number).encode(), tree) for number in range(100)])
    with pytest.raises(ObjectError) as error:
        changed_paths(repo, None, tree)
    assert error.value.code == "tree.too-large"


def test_a_tree_nested_deeper_than_any_path_is_refused(repo: Repository) -> None:
    tree = repo.put_files(None, {"x": (FILE, repo.write_blob(b"x"))})
    for _ in range(300):
        tree = repo.write_tree([TreeEntry(TREE, b"d", tree)])
    with pytest.raises(ObjectError):
        changed_paths(repo, None, tree)


@settings(max_examples=30)
@given(st.lists(FILES.map(consistent), min_size=2, max_size=4), FILES.map(consistent))
def test_a_merge_touches_what_differs_from_every_parent(
    repo: Repository, befores: list[dict[str, tuple[int, bytes]]], after: dict[str, tuple[int, bytes]]
) -> None:
    trees = [
        repo.put_files(None, {path: (mode, repo.write_blob(data)) for path, (mode, data) in files.items()})
        for files in (*befores, after)
    ]
    parents = [repo.write_object("commit", commit_bytes(tree, [], WHO, WHO, b"x")) for tree in trees[:-1]]
    merge = repo.write_object("commit", commit_bytes(trees[-1], parents, WHO, WHO, b"m"))
    expected = set.intersection(*(set(changed_paths(repo, tree, trees[-1])) for tree in trees[:-1]))
    assert touches(repo, merge) == expected


def test_a_folder_of_a_hundred_thousand_entries(repo: Repository) -> None:
    blob = repo.write_blob(b"x")
    tree = repo.write_tree(TreeEntry(FILE, b"%06d" % number, blob) for number in range(100_000))
    assert len(changed_paths(repo, None, tree)) == 100_000
    edited = repo.put_files(tree, {"000007": None, "z": (FILE, blob)})
    assert set(changed_paths(repo, tree, edited)) == {"000007", "z"}


def test_an_octopus_of_thirty_parents(repo: Repository) -> None:
    blobs = [(FILE, repo.write_blob(str(number).encode())) for number in range(31)]
    trees = [repo.put_files(None, {"own": blob, f"d/{number}": blob}) for number, blob in enumerate(blobs)]
    parents = [repo.write_object("commit", commit_bytes(tree, [], WHO, WHO, b"x")) for tree in trees[:30]]
    both = repo.put_files(trees[30], {"d/7": blobs[7], "e": blobs[0]})
    merge = repo.write_object("commit", commit_bytes(both, parents, WHO, WHO, b"m"))
    assert touches(repo, merge) == {"own", "d/30", "e"}


class TestTouches:
    def test_first_and_ordinary_commits(self, tmp_path: Path) -> None:
        folder = make_repository(tmp_path / "r")
        first = commit_files(folder, {"agents/x": "1", "src": "1"})
        second = commit_files(folder, {"agents/x": "2", "agents/é": "new"})
        third = commit_files(folder, {"agents/x": None})
        repo = Repository.open(folder)
        assert touches(repo, first) == {"agents/x", "src"}
        assert touches(repo, first, ROOTS) == {"agents/x"}
        assert touches(repo, second) == {"agents/x", "agents/é"}
        assert touches(repo, third) == {"agents/x"}

    def test_a_merge_touches_only_what_no_parent_holds(self, tmp_path: Path) -> None:
        folder = make_repository(tmp_path / "r")
        base = commit_files(folder, {"kept": "0", "both": "0"})
        left = commit_files(folder, {"left": "1", "both": "left"})
        git(folder, "checkout", "-q", "-b", "side", base)
        right = commit_files(folder, {"right": "1", "both": "right"})
        repo = Repository.open(folder)

        def merge(**files: str) -> str:
            blobs = {name: (FILE, raw_object(folder, "blob", text.encode())) for name, text in files.items()}
            return make_commit(folder, (left, right), repo.put_files(None, blobs))

        clean = merge(kept="0", left="1", right="1", both="left")
        assert touches(repo, clean) == set()
        assert touches(repo, merge(kept="0", left="1", right="1", both="third")) == {"both"}
        assert touches(repo, merge(kept="0", left="1", right="1", both="left", evil="x")) == {"evil"}
        assert touches(repo, merge(left="1", right="1", both="left")) == {"kept"}
        assert touches(repo, merge(kept="0", right="1", both="right")) == set()
