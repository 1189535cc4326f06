"""Which merges come of merging by itself: what git makes without a conflict, and nothing that differs by one byte."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from gitworld import Content, commit_files, git, make_commit, make_repository, raw_object, write_files

from agentgov.errors import IncompleteError
from agentgov.repo.merging import is_automatic_merge
from agentgov.repo.repository import Repository

LINES = "".join(f"line {number}\n" for number in range(20))
FIRST, LAST = LINES.replace("line 0\n", "topic\n"), LINES.replace("line 19\n", "main\n")
START: Mapping[str, Content] = {"a.txt": LINES, "b.txt": "b\n", "d/one": "1\n", "d/two": "2\n", "d/e/three": "3\n"}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = make_repository(tmp_path / "repo")
    commit_files(folder, START, "start")
    git(folder, "branch", "topic")
    return folder


def diverge(repo: Path, topic: Mapping[str, Content], main: Mapping[str, Content]) -> None:
    """Both branches change; topic is checked out."""
    commit_files(repo, main, "on main")
    git(repo, "switch", "-q", "topic")
    commit_files(repo, topic, "on topic")


def merged(repo: Path, *options: str) -> str:
    git(repo, "merge", "-q", "--no-edit", "--no-ff", *options, "main")
    return head(repo)


def head(repo: Path) -> str:
    return git(repo, "rev-parse", "HEAD").decode()


def amended(repo: Path, files: Mapping[str, Content]) -> str:
    """The merge at HEAD with something else in it."""
    write_files(repo, files)
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "--amend", "--no-edit")
    return head(repo)


def automatic(repo: Path, commit: str) -> bool:
    return is_automatic_merge(Repository.open(repo), commit)


@pytest.mark.parametrize(
    ("topic", "main"),
    [
        ({"a.txt": "x\n"}, {"b.txt": "y\n"}),
        ({"a.txt": FIRST}, {"a.txt": LAST}),
        ({"a.txt": FIRST, "same": "s\n"}, {"a.txt": FIRST, "b.txt": "y\n", "same": "s\n"}),
        ({"d/one": None, "d/two": None, "d/e/three": None}, {"d/new": "n\n"}),
        ({"d/one": None, "d/two": None, "d/e/three": "new\n"}, {"d/two": None, "d/e/four": "4\n"}),
        ({"d/one": None, "b.txt": None}, {"d/one": None, "d/two": "y\n"}),
        ({"new/x": "x\n"}, {"new/y": "y\n"}),
        ({"a.txt": "x\n"}, {}),
        ({"b.txt": None, "b.txt/x": "x\n"}, {"a.txt": "y\n"}),
    ],
)
def test_what_git_merges_without_a_conflict_is_automatic(
    repo: Path, topic: dict[str, Content], main: dict[str, Content]
) -> None:
    diverge(repo, topic, main)
    assert automatic(repo, merged(repo))


@pytest.mark.parametrize(("topic", "main"), [(FIRST, LAST), (LINES, LAST), (FIRST, LINES)])
@pytest.mark.parametrize("mover", ["topic", "main"])
def test_modes_and_texts_are_merged_each_by_itself(repo: Path, topic: str, main: str, mover: str) -> None:
    for branch, text in (("main", main), ("topic", topic)):
        git(repo, "switch", "-q", branch)
        if branch == mover:
            (repo / "a.txt").chmod(0o755)
        commit_files(repo, {"a.txt": text, f"{branch}.txt": "more\n"}, "change")
    commit = merged(repo)
    assert (repo / "a.txt").stat().st_mode & 0o111
    assert automatic(repo, commit)
    assert not automatic(repo, amended(repo, {"a.txt": "evil\n"}))
    git(repo, "reset", "-q", "--hard", commit)
    (repo / "a.txt").chmod(0o644)
    assert not automatic(repo, amended(repo, {}))


@pytest.mark.attack("M1")
@pytest.mark.parametrize(
    "files",
    [
        {"a.txt": FIRST.replace("line 19\n", "main\n") + "\n"},
        {"a.txt": FIRST.replace("line 19\n", "Main\n")},
        {"b.txt": "B\n"},
        {"b.txt": None},
        {"evil.txt": "x\n"},
        {"d/evil.txt": "x\n"},
        {"c.txt": "from main, edited\n"},
        {"c.txt": None},
        {"t.txt": None},
        {"a.txt": FIRST},
        {"a.txt": LAST},
    ],
)
def test_one_byte_by_hand_is_work(repo: Path, files: dict[str, Content]) -> None:
    diverge(repo, {"a.txt": FIRST, "t.txt": "t\n", "d/one": "t\n"}, {"a.txt": LAST, "c.txt": "c\n", "d/two": "m\n"})
    assert automatic(repo, merged(repo))
    assert not automatic(repo, amended(repo, files))


@pytest.mark.parametrize("choice", ["ours", "theirs"])
def test_a_conflict_that_somebody_or_an_option_decided_is_work(repo: Path, choice: str) -> None:
    diverge(repo, {"a.txt": "topic\n"}, {"a.txt": "main\n"})
    assert not automatic(repo, merged(repo, "-X", choice))


def test_a_merge_that_takes_one_side_whole_is_work(repo: Path) -> None:
    diverge(repo, {"a.txt": FIRST}, {"a.txt": LAST, "b.txt": "y\n"})
    assert not automatic(repo, merged(repo, "-s", "ours"))


@pytest.mark.attack("M1")
@pytest.mark.parametrize(("driver", "topic", "main"), [("mine", FIRST, LAST), ("union", "topic\n", "main\n")])
def test_no_driver_of_the_repository_has_a_say(repo: Path, driver: str, topic: str, main: str) -> None:
    """git merges with it and sees no conflict; here it is not even started."""
    marker = repo.parent / "ran"
    git(repo, "config", "merge.mine.driver", f"touch {marker}")
    diverge(repo, {"a.txt": topic, ".gitattributes": f"* merge={driver}\n"}, {"a.txt": main, "b.txt": "y\n"})
    commit = merged(repo)
    marker.unlink(missing_ok=True)
    assert not automatic(repo, commit)
    assert not marker.exists()


def test_a_clean_merge_is_automatic_whatever_attributes_say(repo: Path) -> None:
    diverge(repo, {"a.txt": FIRST}, {"a.txt": LAST})
    commit = merged(repo)
    (repo / ".git" / "info").mkdir(exist_ok=True)
    (repo / ".git" / "info" / "attributes").write_text("* merge=ours\n* binary\n")
    git(repo, "config", "merge.ours.driver", "false")
    assert automatic(repo, commit)


def test_what_no_three_way_merge_can_tell_is_work(repo: Path) -> None:
    diverge(repo, {"t.txt": "t\n"}, {"m.txt": "m\n"})
    topic, main = head(repo), git(repo, "rev-parse", "main").decode()
    assert not automatic(repo, topic)
    git(repo, "switch", "-q", "-c", "third", "main~1")
    commit_files(repo, {"z.txt": "z\n"}, "third")
    git(repo, "merge", "-q", "--no-edit", "topic", "main")
    assert not automatic(repo, head(repo)), "three parents"
    unrelated = make_commit(repo, (), git(repo, "rev-parse", "main^{tree}").decode())
    tree = git(repo, "rev-parse", "main^{tree}").decode()
    assert not automatic(repo, make_commit(repo, (main, unrelated), tree)), "no merge base"


def test_a_criss_cross_has_two_bases_and_is_work(repo: Path) -> None:
    diverge(repo, {"t.txt": "t\n"}, {"m.txt": "m\n"})
    git(repo, "branch", "old")
    assert automatic(repo, merged(repo))
    git(repo, "switch", "-q", "main")
    git(repo, "merge", "-q", "--no-edit", "--no-ff", "old")
    commit_files(repo, {"main.txt": "more\n"}, "main goes on")
    git(repo, "switch", "-q", "topic")
    commit_files(repo, {"topic.txt": "more\n"}, "topic goes on")
    assert not automatic(repo, merged(repo))


def test_a_rename_that_git_followed_is_work(repo: Path) -> None:
    diverge(repo, {"a.txt": None, "moved.txt": LINES}, {"a.txt": LAST})
    commit = merged(repo)
    assert git(repo, "show", f"{commit}:moved.txt").decode() + "\n" == LAST
    assert not automatic(repo, commit)


@pytest.mark.parametrize("kind", ["160000", "120000"])
def test_a_submodule_or_link_is_taken_from_the_one_side_that_moved_it(repo: Path, kind: str) -> None:
    def at(name: str, which: int) -> str:
        oid = str(which) * 40 if kind == "160000" else raw_object(repo, "blob", b"to %d" % which)
        git(repo, "update-index", "--add", "--cacheinfo", f"{kind},{oid},{name}")
        git(repo, "commit", "-q", "-m", f"{name} {which}")
        return head(repo)

    git(repo, "switch", "-q", "topic")
    base = at("link", 1)
    main = at("link", 2)
    git(repo, "reset", "-q", "--mixed", base)
    topic = make_commit(repo, (base,), git(repo, "rev-parse", f"{base}^{{tree}}").decode())
    moved = git(repo, "rev-parse", f"{main}^{{tree}}").decode()
    assert automatic(repo, make_commit(repo, (topic, main), moved))
    third = at("link", 3)
    assert not automatic(repo, make_commit(repo, (third, main), moved))


def test_a_folder_without_entries_is_nothing_that_git_makes(repo: Path) -> None:
    gone: dict[str, Content] = {"d/one": None, "d/two": None, "d/e/three": None}
    diverge(repo, {**gone, "d/x": "x\n", "t": "t\n"}, {"d/one": None, "m": "m\n"})
    git(repo, "rm", "-q", "d/x")
    git(repo, "commit", "-q", "--amend", "-m", "on topic")
    commit = merged(repo)
    assert automatic(repo, commit)
    empty = raw_object(repo, "tree", b"")
    entries = git(repo, "ls-tree", commit) + f"\n040000 tree {empty}\td\n".encode()
    tree = git(repo, "mktree", data=entries).decode()
    parents = git(repo, "rev-parse", f"{commit}^1", f"{commit}^2").decode().split()
    assert not automatic(repo, make_commit(repo, (parents[0], parents[1]), tree))


def test_more_texts_than_are_merged_are_work(repo: Path) -> None:
    names = [f"many/{number}" for number in range(51)]
    git(repo, "switch", "-q", "main")
    commit_files(repo, dict.fromkeys(names, LINES), "many")
    git(repo, "branch", "-f", "topic")
    diverge(repo, dict.fromkeys(names, FIRST), {name: LAST + name for name in names})
    commit = merged(repo)
    repository = Repository.open(repo)
    assert not is_automatic_merge(repository, commit)


def test_where_an_object_is_missing_nothing_is_said(repo: Path) -> None:
    diverge(repo, {"a.txt": FIRST}, {"a.txt": LAST})
    commit = merged(repo)
    text = git(repo, "rev-parse", "main~1:a.txt").decode()
    os.unlink(repo / ".git" / "objects" / text[:2] / text[2:])
    with pytest.raises(IncompleteError):
        automatic(repo, commit)
