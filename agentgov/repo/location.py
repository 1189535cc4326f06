"""Where a repository is: walk up from a folder to the git directory, by reading names only.

Never reads GIT_DIR or the repository's `core.worktree`: what a command speaks of is what the user stands in.
"""

from dataclasses import dataclass
from pathlib import Path

from agentgov.errors import ConfigurationError, IncompleteError
from agentgov.repo.quarantine import Quarantine


@dataclass(frozen=True, slots=True)
class Location:
    """`root` is the work tree (None when bare), `git_dir` its git directory, `common_dir` what all work trees share.

    `quarantine` holds what a push has brought, for the hook that judges it; None everywhere else. `pooled` lets count
    what another repository lends this one, as servers do among forks; elsewhere nobody vouches for that one.
    """

    root: Path | None
    git_dir: Path
    common_dir: Path
    quarantine: Quarantine | None = None
    pooled: bool = False

    @property
    def objects(self) -> Path:
        """The repository's own folder of objects."""
        return self.common_dir / "objects"

    @property
    def is_lent_objects(self) -> bool:
        """Whether git would read objects of another repository here that do not count."""
        return not self.pooled and (self.objects / "info" / "alternates").exists()


def find_repository(start: Path | str) -> Location:
    """The repository around a folder or file; ConfigurationError where there is none."""
    here = Path(start).resolve()
    if not here.exists():
        raise ConfigurationError(f"{start} does not exist")
    for folder in (here, *here.parents):
        git_dir = _git_dir_of(folder)
        if git_dir is not None:
            return _checked(Location(folder, git_dir, _common_dir(git_dir)))
        if _is_git_dir(folder):
            root = folder.parent if folder.name == ".git" else None
            return _checked(Location(root, folder, _common_dir(folder)))
    hint = "go into your fleet, or name it: --repo DIR; a new one starts with agentgov init, or with git init"
    raise ConfigurationError(f"{here} is not in a git repository", hint)


def _git_dir_of(folder: Path) -> Path | None:
    """The git directory of a work tree: `.git` itself, or the folder that the file `.git` names."""
    candidate = folder / ".git"
    if candidate.is_file():
        text = candidate.read_bytes()[:4096]
        if not text.startswith(b"gitdir: "):
            return None
        candidate = folder / text[len(b"gitdir: ") :].decode("utf-8", "surrogateescape").strip()
    return candidate.resolve() if _is_git_dir(candidate) else None


def _is_git_dir(folder: Path) -> bool:
    try:
        if not (folder / "HEAD").is_file():
            return False
        return (folder / "commondir").is_file() or ((folder / "objects").is_dir() and (folder / "refs").is_dir())
    except OSError:
        return False


def _common_dir(git_dir: Path) -> Path:
    pointer = git_dir / "commondir"
    if not pointer.is_file():
        return git_dir
    return (git_dir / pointer.read_text("utf-8", "surrogateescape").strip()).resolve()


def _checked(location: Location) -> Location:
    """Refuse formats that would be read wrongly, before anything is read."""
    try:
        config = (location.common_dir / "config").read_bytes().lower()
    except OSError:
        config = b""
    if b"objectformat" in config and b"sha256" in config:
        raise IncompleteError(
            "this repository uses SHA-256 object names, which agentgov cannot read yet",
            "use a repository in git's default object format: git init --object-format=sha1",
        )
    if b"refstorage" in config and b"reftable" in config:
        raise IncompleteError(
            "this repository keeps its refs in the reftable format, which agentgov cannot read yet",
            "convert it: git refs migrate --ref-format=files",
        )
    return location
