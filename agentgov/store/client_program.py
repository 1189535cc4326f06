"""Runs PostgreSQL's client programs.

A password goes through the environment: what programs are told, everybody sees.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence

from agentgov.errors import ConfigurationError, IncompleteError, UsageError

_SECRETS = ("sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")  # what libpq hides, too
INSTALL = "install PostgreSQL's client programs, of the server's version or later"


def said_by(command: Sequence[str], password: str = "") -> str:
    """What a program says, called without a shell. ConfigurationError where it is not there, IncompleteError where it
    gives up."""
    name = command[0]
    program = shutil.which(name)
    if program is None:
        raise ConfigurationError(f"{name} is not there", INSTALL)
    done = subprocess.run(  # noqa: S603 - a program of PostgreSQL's, without a shell
        [program, *command[1:]],
        env=os.environ | ({"PGPASSWORD": password} if password else {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = " ".join(done.stderr.split())[:500]
        raise IncompleteError(f"{name} gave up: {said.replace(password, '***') if password else said}", INSTALL)
    return done.stdout


def tellable(settings: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """What of the settings of a connection programs may be told, and its password. UsageError for another secret, which
    goes through no environment."""
    told = dict(settings)
    password = told.pop("password", "")
    if secret := next((name for name in told if name in _SECRETS), None):
        where = "write it into a service file (PGSERVICEFILE), and name that: postgresql://?service=NAME"
        raise UsageError(f"{secret} in the URL of a store would be shown by ps while a program runs", where)
    return told, password


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'
