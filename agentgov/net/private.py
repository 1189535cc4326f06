"""Secrets that lie in files: read only where nobody else can read them. Never shown, never copied."""

import os
import stat
from pathlib import Path

from agentgov.errors import ConfigurationError

_MOST = 4096
_OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


def private_lines(path: Path, variable: str, hint: str, rule: str, most: int = 1) -> tuple[str, ...]:
    """The lines of a secret file, stripped, without empty ones; `variable` is what named the file.

    ConfigurationError under the rule where others can read it, or where it is no file of so few lines.
    """

    def unusable(why: str) -> ConfigurationError:
        return ConfigurationError(f"{path}, which {variable} names, {why}", hint, rule=rule)

    try:
        handle = os.open(path, _OPEN)
    except OSError as error:
        raise unusable(f"cannot be read: {error.strerror}") from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise unusable("is no ordinary file")
        if status.st_uid not in (os.geteuid(), 0) or status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise unusable("can be read by others than you")
        content = os.read(handle, _MOST + 1)
    except OSError as error:
        raise unusable(f"cannot be read: {error.strerror}") from None
    finally:
        os.close(handle)
    lines = tuple(line.strip() for line in content.decode("utf-8", "replace").splitlines() if line.strip())
    if len(content) > _MOST or len(lines) > most:
        raise unusable("holds more than one line" if most == 1 else f"holds more than {most} lines")
    return lines
