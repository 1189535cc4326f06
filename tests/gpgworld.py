"""The real gpg, in a home of its own, with keys of the kinds that tests ask for."""

import base64
import os
import subprocess
from pathlib import Path

import pytest


class Gpg:
    """One keyring. Keys are named by an address; all are without a passphrase."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir(mode=0o700)

    def __call__(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """What gpg writes."""
        command = ["gpg", "--homedir", str(self.home), "--batch", "--no-tty", "--quiet", "--pinentry-mode", "loopback"]
        done = subprocess.run([*command, "--passphrase", "", *arguments], input=stdin, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def make(self, who: str, kind: str = "ed25519", until: str = "never", *options: str) -> None:
        """A new primary key that may sign."""
        self(*options, "--quick-gen-key", f"{who} <{who}@sim.example>", kind, "sign,cert", until)

    def add_subkey(self, who: str, kind: str, usage: str, until: str = "never", *options: str) -> None:
        """A subkey of a key."""
        self(*options, "--quick-add-key", self.fingerprint(who), kind, usage, until)

    def fingerprint(self, who: str) -> str:
        """The fingerprint of a primary key, upper case."""
        lines = self("--with-colons", "--list-keys", f"{who}@sim.example").decode().splitlines()
        return next(line.split(":")[9] for line in lines if line.startswith("fpr:"))

    def certificate(self, who: str) -> bytes:
        """The certificate, binary."""
        return self("--export", f"{who}@sim.example")

    def line(self, who: str) -> str:
        """The certificate as it stands in Access."""
        return f"openpgp {base64.b64encode(self.certificate(who)).decode()}"

    def sign(self, who: str, payload: bytes, *options: str) -> bytes:
        """A detached armoured signature."""
        return self(*options, "--local-user", f"{who}@sim.example", "--armor", "--detach-sign", stdin=payload)

    def stop(self) -> None:
        """End the agent that gpg started for this home."""
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "all"], capture_output=True, check=False)


def needs_gpg() -> None:
    """Skip where there is no gpg, or no extra to judge what it writes."""
    pytest.importorskip("pysequoia")
    if subprocess.run(["sh", "-c", "command -v gpg && command -v gpgconf"], capture_output=True).returncode:
        pytest.skip("gpg is not installed")
    assert os.name == "posix"
