"""A git directory of our own that shares a repository's objects and refs, and none of its word on anything else.

`.git/config` can name programs in a dozen ways (core.sshCommand, credential.helper, remote.*.uploadpack, hook.*, and
whatever the next git brings), `.git/info` can hold grafts. Overriding them one by one forgets one. So the git program
is pointed at this directory: git sees the user's own configuration, the same objects and refs, and nothing from the
repository's config, hooks and info. Ref locks are the real ones, since the folders are links.
"""

import os
import shutil
import subprocess
import tempfile
import weakref
from pathlib import Path

from agentgov.errors import ConfigurationError
from agentgov.repo.location import Location
from agentgov.repo.program import Completed, git, git_transport, start_git

_SHARED = ("objects", "refs", "packed-refs", "shallow")
_CONFIG = "[core]\n\trepositoryformatversion = {version}\n\tbare = true\n"


class Plumbing:
    """Runs git on a repository's objects and refs, without its configuration."""

    def __init__(self, location: Location) -> None:
        self._location = location
        self._cwd = location.root or location.git_dir  # where a relative path of a remote starts
        self._folder: Path | None = None

    def git(self, *args: str, input: bytes = b"", check: bool = True) -> Completed:  # noqa: A002 - as in program.git
        """One local question to git."""
        return git(self._cwd, self._git_dir(), *args, input=input, check=check)

    def transport(self, *args: str, timeout: float = 300) -> Completed:
        """One verb that talks to a remote; never raises for an exit code."""
        return git_transport(self._cwd, self._git_dir(), *args, timeout=timeout)

    def start(self, *args: str) -> subprocess.Popen[bytes]:
        """A child that answers question after question through its pipes; it never fetches what is missing."""
        objects = str(self._location.common_dir / "objects")  # a child may outlive the folder of links
        alone = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none", "GIT_OBJECT_DIRECTORY": objects}
        return start_git(self._cwd, self._git_dir(), *args, env=alone)

    def own_config(self, *args: str) -> Completed:
        """`git config` with the repository's configuration, the only question that is asked with it."""
        return git(self._cwd, f"--git-dir={self._location.git_dir}", "config", *args, check=False)

    def _git_dir(self) -> str:
        if self._folder is None or not (self._folder / "HEAD").exists():  # somebody may tidy up temporary folders
            self._folder = self._make()
        return f"--git-dir={self._folder}"

    def _make(self) -> Path:
        try:
            folder = Path(tempfile.mkdtemp(prefix="agentgov-git-"))
            self._leave = weakref.finalize(self, _remove, folder, os.getpid())
            (folder / "HEAD").write_text("ref: refs/heads/agentgov-none\n")
            (folder / "config").write_text(self._config())
            for name in _SHARED:
                (folder / name).symlink_to(self._location.common_dir / name)
        except OSError as error:
            raise ConfigurationError(f"no temporary folder can be made: {error.strerror}", "check TMPDIR") from error
        return folder

    def _config(self) -> str:
        """What git must know to read the objects: in a partial clone, where the missing ones are."""
        promisor = self._own_value("extensions.partialclone")
        if promisor is None:
            return _CONFIG.format(version=0)
        url = self._own_value(f"remote.{promisor}.url") or ""
        wanted = self._own_value(f"remote.{promisor}.partialclonefilter") or "blob:none"
        return (
            _CONFIG.format(version=1)
            + f'[extensions]\n\tpartialclone = promisor\n[remote "promisor"]\n\turl = {_quoted(url)}\n'
            + f"\tpromisor = true\n\tpartialclonefilter = {_quoted(wanted)}\n"
        )

    def _own_value(self, key: str) -> str | None:
        done = self.own_config("-z", "--get", key)
        return done.out.rstrip(b"\0").decode("utf-8", "surrogateescape") if done.code == 0 else None


def _remove(folder: Path, owner: int) -> None:
    """Remove the folder, unless we are a fork of the process that uses it."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
