"""A git directory of our own that shares a repository's objects and refs, and none of its word on anything else.

`.git/config` can name programs in a dozen ways (core.sshCommand, credential.helper, remote.*.uploadpack, hook.*, and
whatever the next git brings), `.git/info` can hold grafts. Overriding them one by one forgets one. So the git program
is pointed at this directory: git sees the user's own configuration, the same objects and refs, and nothing from the
repository's config, hooks and info. Ref locks are the real ones, since the folders are links.

`objects/info/alternates` names folders anywhere from which git would read more objects. Whatever is decided on these is
decided on something that is not in this repository, so local questions see a folder with its own objects only.
"""

import os
import re
import shutil
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path

from agentgov.errors import ConfigurationError
from agentgov.model.snapshot import path_text
from agentgov.repo.location import Location
from agentgov.repo.program import Completed, git, git_transport, start_git

_SHARED = ("objects", "refs", "packed-refs", "shallow")
_OWN_OBJECTS = ("pack", *(f"{number:02x}" for number in range(256)))  # and not `info`
_PROMISOR = "promisor"
_OWN_SCOPES = ("local", "worktree")
_CARRIED = r"^(http\.(.*\.)?extraheader|remote\..*\.(promisor|url|partialclonefilter))$"
_SAYS_SOMETHING = re.compile(rb"include|worktreeconfig|extraheader|promisor|partialclonefilter")
_CONFIG = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"


class Plumbing:
    """Runs git on a repository's objects and refs, without its configuration."""

    def __init__(self, location: Location) -> None:
        self._location = location
        self._cwd = location.root or location.git_dir  # where a relative path of a remote starts
        self._folder: Path | None = None
        self._lock = threading.Lock()

    def git(self, *args: str, input: bytes = b"", check: bool = True) -> Completed:  # noqa: A002 - as in program.git
        """One local question to git."""
        return git(self._cwd, self._git_dir(), *args, input=input, check=check, env=self._objects())

    def transport(self, *args: str, timeout: float = 300) -> Completed:
        """One verb that talks to a remote; never raises for an exit code."""
        return git_transport(self._cwd, self._git_dir(), *args, timeout=timeout, env=self._carried_settings())

    def address(self, url: str) -> str:
        """What to call a remote: its address, or by name where a partial clone gets its missing objects from it."""
        promisor = _promisor(self._remote_settings())
        return _PROMISOR if promisor is not None and promisor[0] == url else url

    def start(self, *args: str, memory: int = 0) -> subprocess.Popen[bytes]:
        """A child that answers question after question through its pipes; it never fetches what is missing. With
        `memory` it dies where it would need a piece of so many bytes, as for an object beyond all limits."""
        alone = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}
        real = {"GIT_OBJECT_DIRECTORY": str(self._location.objects)}  # a child may outlive the folder of links
        bound = {"GIT_ALLOC_LIMIT": str(memory)} if memory else {}
        return start_git(self._cwd, self._git_dir(), *args, env={**alone, **real, **bound, **self._objects()})

    def elsewhere(self, objects: Path, *args: str, timeout: float) -> Completed:
        """One question to git about objects in another folder, none of which is the repository's."""
        env = {"GIT_OBJECT_DIRECTORY": str(objects)}
        return git(self._cwd, self._git_dir(), *args, timeout=timeout, check=False, env=env)

    def own_config(self, *args: str) -> Completed:
        """`git config` with the repository's configuration, the only question that is asked with it."""
        return git(self._cwd, f"--git-dir={self._location.git_dir}", "config", *args, check=False)

    def _objects(self) -> dict[str, str]:
        """Which objects git shall see, where these are not simply those of the repository: with those of a push that is
        being judged, or without those that another repository lends it."""
        if self._location.quarantine is not None:
            return self._location.quarantine.variables()
        if not self._location.is_lent_objects:
            return {}
        with self._lock:
            self._git_dir()
            assert self._folder is not None
            own = self._folder / "own-objects"
            if not own.exists():
                _link(own, self._location.objects, _OWN_OBJECTS)
        return {"GIT_OBJECT_DIRECTORY": str(own)}

    def _carried_settings(self) -> dict[str, str]:
        """The few settings of the repository that a remote needs, all data and no program, as variables for git.

        `http.*.extraHeader` is how CI systems hand their token to a checkout; a partial clone must be known as one.
        """
        known = self._remote_settings()
        settings = [
            (key, value) for scope, key, value in known if key.endswith(".extraheader") and scope in _OWN_SCOPES
        ]
        promisor = _promisor(known)
        if promisor is not None:
            fields = zip(("url", "partialclonefilter", "promisor"), (*promisor, "true"), strict=True)
            settings += [(f"remote.{_PROMISOR}.{field}", value) for field, value in fields]
        before = os.environ.get("GIT_CONFIG_COUNT", "")
        start = int(before) if before.isdecimal() else 0
        variables = {"GIT_CONFIG_COUNT": str(start + len(settings))} if settings else {}
        for number, (key, value) in enumerate(settings, start):
            variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return variables

    def _remote_settings(self) -> list[tuple[str, str, str]]:
        """(scope, key, value) of what a remote may need. Every word with a remote asks it, so git is asked only where
        the repository's configuration has any of the words: what the user's own says, git sees without us."""
        try:
            text = (self._location.common_dir / "config").read_bytes().lower()
        except OSError:
            text = b"include"  # git can tell
        if _SAYS_SOMETHING.search(text) is None:
            return []
        done = self.own_config("-z", "--show-scope", "--get-regexp", _CARRIED)
        fields = done.out.split(b"\0") if done.code == 0 else []
        pairs = zip(fields[::2], fields[1::2], strict=False)
        split = [(path_text(scope), path_text(setting).partition("\n")) for scope, setting in pairs]
        return [(scope, key, value) for scope, (key, _, value) in split]

    def _git_dir(self) -> str:
        if self._folder is None or not (self._folder / "HEAD").exists():  # somebody may tidy up temporary folders
            self._folder = self._make()
        return f"--git-dir={self._folder}"

    def _make(self) -> Path:
        try:
            folder = Path(tempfile.mkdtemp(prefix="agentgov-git-"))
            self._leave = weakref.finalize(self, _remove, folder, os.getpid())
            (folder / "HEAD").write_text("ref: refs/heads/agentgov-none\n")
            (folder / "config").write_text(_CONFIG)
        except OSError as error:
            raise _no_folder(error) from error
        _link(folder, self._location.common_dir, _SHARED)
        return folder


def _promisor(settings: Sequence[tuple[str, str, str]]) -> tuple[str, str] | None:
    """(address, filter) of the remote that a partial clone was made from, None in a whole one."""
    values = {key: value for _, key, value in settings}  # of several, the last one holds
    remotes = (
        key.removesuffix(".promisor") for _, key, value in settings if key.endswith(".promisor") and value == "true"
    )
    remote = next(remotes, None)
    if remote is None:
        return None
    return values.get(f"{remote}.url", ""), values.get(f"{remote}.partialclonefilter") or "blob:none"


def _link(folder: Path, target: Path, names: Sequence[str]) -> None:
    """Make a folder, where there is none, with links to what has these names in another one, now or later."""
    try:
        folder.mkdir(exist_ok=True)
        for name in names:
            (folder / name).symlink_to(target / name)
    except OSError as error:
        raise _no_folder(error) from error


def _no_folder(error: OSError) -> ConfigurationError:
    return ConfigurationError(f"no temporary folder can be made: {error.strerror}", "check TMPDIR")


def _remove(folder: Path, owner: int) -> None:
    """Remove the folder, unless we are a fork of the process that uses it."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
