"""Questions to git about the index and the working tree, each answered by one child that reads and never writes.

As in `plumbing`, git is pointed at a directory of our own: the repository's objects and index, HEAD as a commit, its
exclude file, and of its configuration only how files are compared, which is data. So no filter, monitor or hook that
the repository names is run; those of the user's own configuration are.
"""

import os
import re
import shutil
import subprocess
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path

from agentgov.errors import ConfigurationError, IncompleteError
from agentgov.repo.location import Location
from agentgov.repo.program import ProgramError, first_line, git, start_git

_SECONDS = 300
_UNREAD = b"could not open directory"
_SHARED = ("objects", "refs", "packed-refs", "shallow", "info/exclude", "info/attributes")
_CONFIG = "[core]\n\trepositoryformatversion = 0\n\tbare = false\n"
_COMPARING = "autocrlf eol safecrlf filemode symlinks ignorecase precomposeunicode trustctime checkstat excludesfile"
# Where none of these words stands, git's defaults hold and nobody needs to be asked.
_SAYS_SOMETHING = re.compile(
    rb"autocrlf|eol|safecrlf|symlinks|case|precompose|trustctime|checkstat|excludes|include|filemode[ \t]*=[ \t]*[^t\s]"
)


class IndexQuestions:
    """Starts git on the index (and working tree) of a repository; `close` removes what it made on disk."""

    def __init__(self, location: Location, head: str | None) -> None:
        assert location.root is not None
        self._location = location
        self._root = location.root
        self._folder = _make(location, head)
        self.close = weakref.finalize(self, _remove, self._folder, os.getpid())
        self._settings = _settings(location)

    def start(self, *args: str) -> "Answer":
        """A child at work; it has no input."""
        options = [f"--git-dir={self._folder}", f"--work-tree={self._root}", "--literal-pathspecs", *self._settings]
        env = {
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_INDEX_FILE": str(index_file(self._location)),
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_ALLOW_PROTOCOL": "none",
        }
        return Answer(start_git(self._root, *options, *args, env=env, complaints=True), args[0])


class Answer:
    """What a child will have said."""

    def __init__(self, process: "subprocess.Popen[bytes]", verb: str) -> None:
        self._process = process
        self._verb = verb

    def fields(self) -> Iterator[bytes]:
        """The NUL-terminated fields of the answer, once it is complete; ProgramError where git says no."""
        try:
            out, complaints = self._process.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired as error:
            self.stop()
            raise IncompleteError(f"git {self._verb} gave no answer within {_SECONDS} seconds") from error
        if self._process.returncode != 0:
            raise ProgramError(f"git {self._verb} cannot read the index or the working tree", "look at: git status")
        if _UNREAD in complaints:  # git goes on without what is in there, and that is no answer
            raise ConfigurationError(first_line(complaints), "check the folder and its permissions")
        fields = out.split(b"\0")
        return iter(fields[:-1])

    def comes_within(self, seconds: float) -> bool:
        """Whether the answer is complete soon; one that does not fit into a pipe is not."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """End the child, whatever it does."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()


def index_file(location: Location) -> Path:
    """The index that is about to be committed: in a hook of `git commit -a` or `git commit PATH` it is a temporary one.

    A GIT_INDEX_FILE that lies in another repository was meant for that one.
    """
    named = os.environ.get("GIT_INDEX_FILE")
    if named and location.root is not None:
        path = location.root / named  # as git does: relative to the root of the work tree
        if path.parent.resolve() == location.git_dir and path.exists():
            return path
    return location.git_dir / "index"


def _make(location: Location, head: str | None) -> Path:
    try:
        folder = Path(tempfile.mkdtemp(prefix="agentgov-index-"))
        (folder / "HEAD").write_text(f"{head}\n" if head is not None else "ref: refs/heads/agentgov-none\n")
        (folder / "config").write_text(_CONFIG)
        (folder / "info").mkdir()
        for name in _SHARED:
            if (location.common_dir / name).exists():
                (folder / name).symlink_to(location.common_dir / name)
        for shared in location.git_dir.glob("sharedindex.*"):
            (folder / shared.name).symlink_to(shared)
    except OSError as error:
        raise ConfigurationError(f"no temporary folder can be made: {error.strerror}", "check TMPDIR") from error
    return folder


def _remove(folder: Path, owner: int) -> None:
    """Remove the directory, unless we are a fork of the process that uses it."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def _settings(location: Location) -> list[str]:
    """The repository's own word on how files are compared."""
    try:
        text = (location.common_dir / "config").read_bytes().lower()
    except OSError:
        return []
    own = location.git_dir / "config.worktree"
    if not own.exists() and _SAYS_SOMETHING.search(text) is None:
        return []
    names = "|".join(_COMPARING.split())
    args = ("config", "-z", "--show-scope", "--get-regexp", rf"^core\.({names})$")
    done = git(location.git_dir, f"--git-dir={location.git_dir}", *args, check=False)
    fields = done.out.split(b"\0") if done.code == 0 else []
    pairs = [
        os.fsdecode(setting).partition("\n")
        for scope, setting in zip(fields[::2], fields[1::2], strict=False)
        if scope in (b"local", b"worktree")
    ]
    return [part for key, equals, value in pairs for part in ("-c", f"{key}={value}" if equals else key)]
