"""Attacks with what surrounds a repository: objects that another one lends, clones that lack some, the environment of
the process, and histories and folders of a size that nobody writes by hand (H2-H5, G9)."""

import os
import re
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import gitworld
import hostile
import pytest
from forked import ran
from simulator import FLEET, FleetSimulator

from agentgov.errors import IncompleteError
from agentgov.journal.replay import verify_journal
from agentgov.repo.location import find_repository
from agentgov.repo.plumbing import Plumbing
from agentgov.repo.program import ProgramError
from agentgov.repo.repository import Repository
from agentgov.trust.pins import load_pins

PROMPT = "agents/support/triage/prompts/system.md"


def lent(world: FleetSimulator, folder: Path) -> Path:
    """A clone that has no object of its own: all are lent by the repository it was made of."""
    gitworld.git(folder, "clone", "-q", "--shared", str(world.work), "lent")
    clone = folder / "lent"
    gitworld.git(clone, "fetch", "-q", "origin", "refs/heads/*:refs/heads/kept/*")
    assert list((clone / ".git" / "objects").glob("[0-9a-f]*")) == []
    return clone


@pytest.mark.attack("H2")
@pytest.mark.attack("H2")
def test_objects_that_another_repository_lends_do_not_count(local: FleetSimulator, tmp_path: Path) -> None:
    tip = local.append(hostile.pause(local), by="alice").tip
    clone = lent(local, tmp_path)
    assert gitworld.git(clone, "cat-file", "-t", tip) == b"commit"  # git itself follows the file
    repo = Repository.open(clone)
    assert not repo.has(tip)
    with pytest.raises(IncompleteError) as caught:
        verify_journal(repo, tip, load_pins(FLEET), local.clock())
    with pytest.raises(ProgramError):
        list(repo.files_below(gitworld.git(clone, "rev-parse", f"{tip}^{{tree}}").decode()))
    command = re.search(r"git repack .*", caught.value.hint)
    assert command is not None
    subprocess.run(command[0], cwd=clone, shell=True, check=True, capture_output=True, env=gitworld.environment())
    found = verify_journal(Repository.open(clone), tip, load_pins(FLEET), local.clock())
    assert (found.offence, found.acts) == (None, 2)


@pytest.mark.attack("H2")
def test_what_is_written_beside_lent_objects_is_really_here(local: FleetSimulator, tmp_path: Path) -> None:
    content = local.repo.write_blob(b"lent\n")
    repo = Repository.open(lent(local, tmp_path))
    (repo.git_dir / "objects" / "pack").rmdir()
    assert not repo.has(content)
    assert repo.write_blob(b"lent\n") == content
    assert repo.blob(content) == b"lent\n"
    commit = gitworld.make_commit(repo.git_dir.parent)
    assert repo.update_ref("refs/heads/new", commit, None)
    assert repo.resolve("new") == commit


@pytest.mark.attack("H2")
def test_a_file_that_lends_objects_is_seen_when_it_comes_later(local: FleetSimulator, tmp_path: Path) -> None:
    other = gitworld.make_repository(tmp_path / "other", bare=True)
    lent_blob = gitworld.raw_object(other, "blob", b"lent\n")
    plumbing = Plumbing(local.repo.location)
    assert plumbing.git("cat-file", "-e", lent_blob, check=False).code != 0
    (local.work / ".git" / "objects" / "info" / "alternates").write_text(f"{other}/objects\n")
    assert plumbing.git("cat-file", "-e", lent_blob, check=False).code != 0
    assert gitworld.git(local.work, "cat-file", "-t", lent_blob) == b"blob"


def test_a_server_that_pools_the_objects_of_its_forks_may_lend_them(local: FleetSimulator, tmp_path: Path) -> None:
    tip = local.append(hostile.pause(local), by="alice").tip
    location = find_repository(lent(local, tmp_path))
    assert not Repository(location).has(tip)
    found = verify_journal(Repository(replace(location, pooled=True)), tip, load_pins(FLEET), local.clock())
    assert (found.offence, found.acts) == (None, 2)


@pytest.mark.attack("H3")
@pytest.mark.attack("H3")
def test_partial_clone_is_incomplete_and_the_command_that_is_named_mends_it(
    world: FleetSimulator, tmp_path: Path
) -> None:
    tip = world.append(hostile.pause(world), by="alice").tip
    gitworld.unpack(world.remote)
    gitworld.git(world.remote, "config", "uploadpack.allowFilter", "true")
    gitworld.git(world.remote, "config", "uploadpack.allowAnySHA1InWant", "true")
    gitworld.git(tmp_path, "clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{world.remote}", "partial")
    clone = tmp_path / "partial"
    hints = set()
    for _ in range(2):  # asking does not fetch
        with pytest.raises(IncompleteError) as caught:
            verify_journal(Repository.open(clone), tip, load_pins(FLEET), world.clock())
        hints.add(caught.value.hint)
    (hint,) = hints
    one, _, everything = hint.partition("; or all that is missing: ")
    missing = one.rpartition(" ")[2]
    gitworld.git(clone, *one.partition("git ")[2].split(" "))
    assert Repository.open(clone).has(missing)
    gitworld.git(clone, *everything.partition("git ")[2].split(" "))
    found = verify_journal(Repository.open(clone), tip, load_pins(FLEET), world.clock())
    assert (found.offence, found.acts) == (None, 2)


def trapped(world: FleetSimulator, folder: Path) -> Path:
    """A file that a program writes which must never run; it is named wherever git could be told of a program."""
    found, programs = folder / "ran", folder / "programs"
    programs.mkdir()
    for name in ("evil", "git-cat-file", "git-upload-pack", "git-receive-pack", "git-remote-file", "pre-push"):
        (programs / name).write_text(f'#!/bin/sh\necho "$0 $*" >> {found}\n')
        (programs / name).chmod(0o755)
    evil = str(programs / "evil")
    (world.work / ".gitattributes").write_text("* filter=evil diff=evil merge=evil ident text eol=crlf\n")
    for key in ("filter.evil.smudge", "filter.evil.clean", "filter.evil.process", "diff.evil.textconv"):
        gitworld.git(world.work, "config", key, evil)
    gitworld.git(world.work, "config", "core.hooksPath", str(programs))
    gitworld.git(world.work, "config", "core.alternateRefsCommand", evil)
    return found


def hostile_environment(folder: Path) -> dict[str, str]:
    """Everything that git takes from the environment, pointing elsewhere or at a program."""
    evil, empty = str(folder / "programs" / "evil"), gitworld.make_repository(folder / "empty")
    places = {"GIT_DIR": empty / ".git", "GIT_WORK_TREE": empty, "GIT_COMMON_DIR": empty / ".git"}
    places |= {"GIT_OBJECT_DIRECTORY": empty / ".git/objects", "GIT_INDEX_FILE": empty / "index"}
    places |= {"GIT_GRAFT_FILE": empty / "grafts", "GIT_SHALLOW_FILE": empty / "shallow", "GIT_TEMPLATE_DIR": empty}
    places |= {"GIT_EXEC_PATH": folder / "programs", "GIT_TRACE": folder / "ran", "GIT_TRACE2_EVENT": folder / "ran"}
    settings = "".join(f"\t{name} = {evil}\n" for name in ("fsmonitor", "pager", "editor"))
    (folder / "gitconfig").write_text(f"[core]\n\thooksPath = {folder / 'programs'}\n{settings}")
    places |= {"GIT_CONFIG_GLOBAL": folder / "gitconfig"}  # kept, and no hook of it runs
    programs = ("GIT_EXTERNAL_DIFF", "GIT_EDITOR", "GIT_SEQUENCE_EDITOR", "GIT_PAGER", "GIT_PROXY_COMMAND")
    return {
        **{name: str(place) for name, place in places.items()},
        **dict.fromkeys(programs, evil),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(empty / ".git/objects"),
        "GIT_CONFIG_PARAMETERS": f"'core.fsmonitor'='{evil}' 'core.sshCommand'='{evil}'",
        "GIT_NAMESPACE": "elsewhere",
        "GIT_REPLACE_REF_BASE": "refs/heads/",
        "GIT_DEFAULT_HASH": "sha256",
        "GIT_ALLOW_PROTOCOL": "ext",
        "GIT_PYTHON_GIT_EXECUTABLE": evil,
    }


@pytest.mark.attack("H4")
@pytest.mark.attack("H4")
def test_the_environment_and_attributes_change_no_verdict_and_run_nothing(
    world: FleetSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = world.change("alice", {PROMPT: "Sort by urgency.\r\n$Id$\n"})
    marker = trapped(world, tmp_path)
    for name, value in hostile_environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    fresh = Repository.open(world.work)
    entry = fresh.entry(fresh.commit(commit).tree, PROMPT)
    assert entry is not None
    stored = fresh.blob(entry.oid)
    world.review("bob", commit)
    view = world.advance(commit)
    assert view.contents.read(PROMPT) == stored  # the bytes of the blob, whatever a checkout shows
    assert world.verify().offence is None
    assert not marker.exists()


@pytest.mark.attack("H4")
@pytest.mark.attack("H4")
@pytest.mark.parametrize("command", [["journal", "verify"], ["verify"], ["check"], ["status"], ["validate"], ["diff"]])
def test_no_command_that_reads_runs_anything(world: FleetSimulator, tmp_path: Path, command: list[str]) -> None:
    marker = trapped(world, tmp_path)
    (world.work / PROMPT).write_text("Sort.\n")
    environment = {**os.environ, **hostile_environment(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "agentgov", *command], cwd=world.work, env=environment, capture_output=True, check=False
    )
    assert b"Traceback" not in done.stderr
    assert not marker.exists(), marker.read_text()


@pytest.mark.attack("G9")
@pytest.mark.attack("G9")
def test_a_sha256_remote_of_an_ordinary_clone_is_an_error_and_no_verdict(world: FleetSimulator, tmp_path: Path) -> None:
    gitworld.git(tmp_path, "init", "-q", "--bare", "--object-format=sha256", "other.git")
    tree = gitworld.git(tmp_path / "other.git", "mktree").decode()
    commit = gitworld.make_commit(tmp_path / "other.git", tree=tree)
    gitworld.git(tmp_path / "other.git", "update-ref", hostile.JOURNAL, commit)
    gitworld.git(world.work, "remote", "set-url", "origin", str(tmp_path / "other.git"))
    done = ran(("journal", "verify", "--fetch"), world.work, os.environ)
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.attack("G9")
@pytest.mark.attack("G9")
@pytest.mark.parametrize("command", [["journal", "verify"], ["check"], ["status"], ["diff"]])
def test_commands_say_that_sha256_names_cannot_be_read(tmp_path: Path, command: list[str]) -> None:
    gitworld.git(tmp_path, "init", "-q", "--object-format=sha256", "new")
    done = ran(command, tmp_path / "new", os.environ)
    assert done.returncode == 3
    assert "SHA-256" in done.stderr
    assert "Traceback" not in done.stderr


def long_history(world: FleetSimulator, commits: int, parents: int, entries: int) -> str:
    """main after so many commits on one prompt, a folder of so many files, and an octopus of so many parents."""
    lines, files = [], "".join(f"M 100644 :1 data/{number:06d}\n" for number in range(entries))
    who = "committer alice <alice@sim.example> {} +0000\ndata 2\nm\n"
    lines.append("blob\nmark :1\ndata 1\nx\n")
    start = int(gitworld.git(world.work, "log", "-1", "--format=%ct")) + 1
    for number in range(commits):
        text = f"Sort, the {number}th way.\n"
        base = f"from {world.head()}\n{files}" if number == 0 else ""
        lines.append(
            f"commit refs/heads/main\nmark :{number + 10}\n{who.format(start + number)}{base}"
            f"M 100644 inline {PROMPT}\ndata {len(text)}\n{text}\n"
        )
    last = commits + 9
    for number in range(parents):
        name = f"refs/heads/side-{number}"
        lines.append(f"commit {name}\nmark :{last + 1 + number}\n{who.format(start + commits)}from :{last}\n")
        lines.append(f"M 100644 :1 side/{number}\n\n")
    merged = "".join(f"merge :{last + 1 + number}\n" for number in range(parents))
    text = "Sort, as all agreed.\n"
    lines.append(f"commit refs/heads/main\n{who.format(start + commits + 1)}from :{last}\n{merged}")
    lines.append("".join(f"M 100644 :1 side/{number}\n" for number in range(parents)))
    lines.append(f"M 100644 inline {PROMPT}\ndata {len(text)}\n{text}\n")
    gitworld.git(world.work, "fast-import", "--quiet", "--force", data="".join(lines).encode())
    return world.head()


VERIFY = textwrap.dedent(
    """
    import re, sys
    from pathlib import Path
    from agentgov.journal.replay import verify_journal
    from agentgov.repo.repository import Repository
    found = verify_journal(Repository.open(sys.argv[1]), sys.argv[2], None, int(sys.argv[3]))
    # Not ru_maxrss: a child begins with that of the process that started it, and the tests' own is large by then.
    peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
    print(found.offence, found.acts, peak[1])
    """
)


@pytest.mark.attack("H5")
@pytest.mark.attack("H5")
@pytest.mark.parametrize(
    ("commits", "entries"), [(1_000, 10_000), pytest.param(20_000, 100_000, marks=pytest.mark.slow)]
)
def test_long_and_wide_histories_are_verified_in_bounded_memory(
    local: FleetSimulator, commits: int, entries: int
) -> None:
    commit = long_history(local, commits, 30, entries)
    local.review("bob", commit)
    view = local.advance(commit)
    assert not view.state.pending
    run = [sys.executable, "-c", VERIFY, str(local.work), view.tip, str(local.clock())]
    done = subprocess.run(run, capture_output=True, check=True, text=True)
    offence, acts, kilobytes = done.stdout.split()
    assert (offence, acts) == ("None", "3")
    assert int(kilobytes) < 300 * 1024
