"""The line of acts answers like a walk over the whole journal, also after the end of it was exchanged."""

import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier

import gitworld
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.errors import IncompleteError
from agentgov.journal.line import Line, Standing
from agentgov.model.act import Act, new_id, render
from agentgov.model.snapshot import FILE, TREE
from agentgov.repo.repository import Repository

FOLDERS = ("agents/support/triage", "agents/support/shared", "agents/finance/payroll")


class Branch:
    """A branch that looks like a journal, with nothing signed."""

    def __init__(self, folder: Path) -> None:
        self.repo = Repository.open(gitworld.make_repository(folder))
        self.number = 0

    def act(self, parent: str | None, contents: dict[str, str]) -> str:
        """One more act, with these contents (path to text) authorised after it."""
        self.number += 1
        files = {path: (FILE, self.repo.write_blob(text.encode())) for path, text in contents.items()}
        authorised = self.repo.put_files(None, dict(files))
        tree = self.repo.put_files(None, {"authorised": (TREE, authorised)})
        text = render(Act("checkpoint", new_id(0, self.number), "f", "g", "bot:r", f"act {self.number}", time=1))
        head = f"tree {tree}\n" + (f"parent {parent}\n" if parent else "")
        who = "a <a@a> 1 +0000"
        raw = f"{head}author {who}\ncommitter {who}\n\n".encode() + text
        return self.repo.write_object("commit", raw)

    def walk(self, tip: str) -> list[tuple[str, str]]:
        """(commit, authorised tree) from the first act on, by brute force."""
        found: list[tuple[str, str]] = []
        here: str | None = tip
        while here is not None:
            commit = self.repo.commit(here)
            entry = self.repo.entry(commit.tree, "authorised")
            assert entry is not None
            found.insert(0, (here, entry.oid))
            here = commit.parents[0] if commit.parents else None
        return found

    def standings(self, tip: str, folder: str) -> list[Standing]:
        """Every act that changed a folder, newest first, by brute force."""
        found: list[Standing] = []
        before = None
        for seq, (_, tree) in enumerate(self.walk(tip)):
            entry = self.repo.entry(tree, folder)
            now = entry.oid if entry is not None else None
            if now != before:
                found.insert(0, Standing(seq, tree))
            before = now
        return found


@given(st.lists(st.tuples(st.integers(0, 3), st.sets(st.sampled_from(FOLDERS)), st.integers(0, 2)), max_size=12))
@settings(max_examples=25)
def test_line_answers_like_a_walk(tmp_path: Path, steps: list[tuple[int, set[str], int]]) -> None:
    branch = Branch(tmp_path / "repo")
    line = Line(branch.repo)
    commits = [branch.act(None, {"agentgov.yaml": "x"})]
    for back, folders, text in steps:
        parent = commits[max(len(commits) - 1 - back, 0)]  # now and then a lost race exchanges the end
        commits.append(branch.act(parent, {f"{folder}/x": str(text) for folder in folders} | {"agentgov.yaml": "x"}))
        tip = commits[-1]
        known = branch.walk(tip)
        assert line.follow(tip) == len(known) - 1
        other = Line(branch.repo)  # another process begins with what this one kept at the parent
        other.keep_from(partial(line.kept_until, parent, 0))
        assert other.commits(tip) == [commit for commit, _ in known]
        for folder in FOLDERS:
            assert list(other.standings((folder,), tip)) == branch.standings(tip, folder)
        for folder in FOLDERS:
            assert list(line.standings((folder,), tip)) == branch.standings(tip, folder)
        for commit in commits:
            place = next((seq for seq, (oid, _) in enumerate(known) if oid == commit), None)
            assert line.seq_of(commit, tip) == place


def test_older_tip_does_not_see_later_acts(tmp_path: Path) -> None:
    branch = Branch(tmp_path / "repo")
    first = branch.act(None, {f"{FOLDERS[0]}/x": "1"})
    second = branch.act(first, {f"{FOLDERS[0]}/x": "2"})
    line = Line(branch.repo)
    assert [one.seq for one in line.standings((FOLDERS[0],), second)] == [1, 0]
    assert [one.seq for one in line.standings((FOLDERS[0],), first)] == [0]
    assert line.seq_of(second, first) is None
    assert line.holds(new_id(0, 2), second)
    assert not line.holds(new_id(0, 2), first)
    assert line.holds(new_id(0, 1), first)


def test_act_of_a_lost_race_is_forgotten(tmp_path: Path) -> None:
    branch = Branch(tmp_path / "repo")
    root = branch.act(None, {"agentgov.yaml": "x"})
    lost, won = (branch.act(root, {f"{folder}/x": "1"}) for folder in FOLDERS[:2])
    line = Line(branch.repo)
    assert line.holds(new_id(0, 2), lost)
    assert not line.holds(new_id(0, 2), won)
    assert list(line.standings((FOLDERS[0],), won)) == []
    assert line.holds(new_id(0, 2), lost)


def test_branch_that_is_no_journal_has_no_line(tmp_path: Path) -> None:
    branch = Branch(tmp_path / "repo")
    garbage = gitworld.make_commit(tmp_path / "repo")
    with pytest.raises(IncompleteError):
        Line(branch.repo).follow(garbage)


def test_threads_that_look_back_at_once_see_the_same(tmp_path: Path) -> None:
    branch, tip = Branch(tmp_path / "repo"), None
    for number in range(40):
        tip = branch.act(tip, {f"{folder}/agent.yaml": f"{number % 7}{folder}" for folder in FOLDERS})
    assert tip is not None
    first = Line(branch.repo)
    expected = list(first.standings(FOLDERS, tip))
    kept = first.kept_until(tip, more=1)
    together = Barrier(4)

    def look(line: Line, tip: str) -> list[Standing]:
        together.wait()
        return list(line.standings(FOLDERS, tip))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            for begins_with in (kept, None) * 20:
                line = Line(branch.repo)
                line.keep_from(partial(_same, begins_with))
                asked = [pool.submit(look, line, tip) for _ in range(4)]
                assert [one.result() for one in asked] == [expected] * 4
    finally:
        sys.setswitchinterval(interval)


def _same(value: bytes | None) -> bytes | None:
    return value
