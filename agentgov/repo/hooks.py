"""Where git looks for the hooks of a repository, and putting one there. Never runs a hook.

agentgov itself runs git without hooks (see `program`), so its own setting has to be told from the user's.
"""

from pathlib import Path

from agentgov.errors import ConfigurationError
from agentgov.model.snapshot import path_text
from agentgov.repo.repository import Repository


def hooks_elsewhere(repo: Repository) -> str | None:
    """The folder that core.hooksPath names, by whosever configuration; None where hooks lie in the repository."""
    done = repo.plumbing.own_config("-z", "--show-scope", "--get-all", "core.hooksPath")
    fields = [path_text(field) for field in done.out.split(b"\0")] if done.code == 0 else []
    pairs = zip(fields[::2], fields[1::2], strict=False)
    named = [folder for scope, folder in pairs if scope != "command"]
    return named[-1] if named else None


def hook_file(repo: Repository, name: str) -> Path:
    """The file of a hook inside the repository, shared by all its work trees."""
    return repo.location.common_dir / "hooks" / name


def read_hook(file: Path) -> str | None:
    """What a hook says, None where there is none. ConfigurationError when it cannot be read."""
    try:
        return file.read_text("utf-8", "replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from error


def write_hook(file: Path, text: str) -> None:
    """Write a hook that git can run, as a whole. ConfigurationError when it cannot be written."""
    beside = file.with_name(f".{file.name}.agentgov")
    try:
        file.parent.mkdir(exist_ok=True)
        beside.write_text(text, "utf-8")
        beside.chmod(0o755)
        beside.replace(file)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written: {error.strerror}") from error
