"""One governed file of the working tree, read and written whole, by commands that change a few characters of it.

Written in one piece, never through a link; where the outcome is to be reviewed, nothing is committed here.
"""

import os
import tempfile
from pathlib import Path

from agentgov.errors import ConfigurationError


def governed_file(repo: str, path: str) -> Path:
    """Where a file lies in the working tree, which it need not yet; no part of the way there is a link."""
    from agentgov.repo.location import find_repository

    root = find_repository(repo).root
    if root is None:
        raise ConfigurationError("this repository has no working tree", "run it in a clone")
    file = root / path
    if file.is_symlink() or file.parent.is_symlink():
        raise ConfigurationError(f"{path} is behind a symbolic link, and nothing is written through it")
    return file


def read_governed(file: Path, path: str) -> str:
    """Its text, to be written back as it is."""
    try:
        text = file.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}", "see: agentgov validate") from error
    if text.startswith("\ufeff"):
        raise ConfigurationError(f"{path} starts with a byte order mark", "save it as UTF-8 without it")
    return text


def write_governed(file: Path, path: str, text: str) -> None:
    """All of it or nothing: a file beside it takes its place."""
    try:
        mode = file.stat().st_mode & 0o777 if file.exists() else 0o644
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.stem}-", suffix=file.suffix)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(text.encode())
            Path(name).chmod(mode)
            Path(name).replace(file)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
