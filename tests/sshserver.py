"""An sshd of our own on loopback: a host key and an authorised key made for it, a high port, nothing of the machine's.

Runs as whoever runs the tests, root or not, and lets nobody else in. It is ended by its own process id.
"""

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import gitworld
import pytest
from patience import PATIENCE
from ports import free_port

_SEPARATION = Path("/run/sshd")  # where sshd, as root, puts the part that talks to strangers


class SshServer:
    """A running sshd; `close` ends it."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        """`variables` is what sessions find in their environment, and all that they find of ours."""
        self.folder = folder
        program = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        if program is None or shutil.which("ssh") is None:
            pytest.skip("no sshd here: apt-get install openssh-server")
        host, self.key = gitworld.make_key(folder, "host"), gitworld.make_key(folder, "client")
        (folder / "authorized").write_text(f"{gitworld.public_key(self.key)}\n")
        self.port = free_port()
        (folder / "known").write_text(f"[127.0.0.1]:{self.port} {gitworld.public_key(host)}\n")
        (folder / "sshd_config").write_text(_configuration(folder, host, self.port, variables))
        self._made = os.geteuid() == 0 and not _SEPARATION.exists()
        if self._made:
            _SEPARATION.mkdir(mode=0o755)
        self._log = (folder / "sshd.log").open("wb")
        command = [program, "-D", "-e", "-f", str(folder / "sshd_config")]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=self._log)
        self._wait()

    def url(self, repository: Path) -> str:
        """The address of a repository on this server."""
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{repository}"

    @property
    def variables(self) -> dict[str, str]:
        """What makes a git client come here with the key that is let in."""
        known = f"-o UserKnownHostsFile={self.folder / 'known'} -o GlobalKnownHostsFile=/dev/null"
        strict = "-o StrictHostKeyChecking=yes -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes"
        return {"GIT_SSH_COMMAND": f"ssh -F /dev/null -i {self.key} {known} {strict}"}

    def log(self) -> str:
        """What sshd wrote."""
        return (self.folder / "sshd.log").read_text("utf-8", "replace")

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(timeout=PATIENCE)
        self._log.close()
        if self._made:
            _SEPARATION.rmdir()

    def _wait(self) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        self.close()
        pytest.skip(f"sshd does not start here: {self.log()}")


def _configuration(folder: Path, host: Path, port: int, variables: Mapping[str, str]) -> str:
    settings = {
        "ListenAddress": "127.0.0.1",
        "Port": str(port),
        "HostKey": str(host),
        "PidFile": str(folder / "sshd.pid"),
        "AuthorizedKeysFile": str(folder / "authorized"),
        "AllowUsers": getpass.getuser(),
        "PermitRootLogin": "prohibit-password",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        "StrictModes": "no",
        "UsePAM": "no",
        "AllowTcpForwarding": "no",
        "PermitUserRC": "no",
        "SetEnv": " ".join(f'"{name}={value}"' for name, value in variables.items()),
    }
    return "".join(f"{name} {value}\n" for name, value in settings.items())
