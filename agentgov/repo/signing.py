"""How a person signs: with the key and the agent that their git already uses, through ssh-keygen.

The private key is never read here: ssh-keygen takes it from a file (and may ask for the passphrase on the terminal),
from ssh-agent, or from a security key that wants a touch. The program is `ssh-keygen`, or what the user's own
configuration names as gpg.ssh.program; a repository cannot name one. Whether what comes back counts is not judged here
(`trust.signers.StrictSigner` does). Bots sign in process, elsewhere.
"""

import base64
import binascii
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from agentgov.errors import ConfigurationError, IncompleteError
from agentgov.repo.program import clean_environment, first_line
from agentgov.repo.repository import Repository

KEY_FILE_VARIABLE = "AGENTGOV_KEY_FILE"
_PUBLIC_KEY = re.compile(r"((?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]+) ([A-Za-z0-9+/]+={0,2})(?: |\Z)")
_NAMESPACE = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}\Z")
_HOW_TO_SET = "tell git: git config --global gpg.format ssh; git config --global user.signingkey ~/.ssh/id_ed25519.pub"
_HOW_TO_MAKE = f"make a key, if you have none: ssh-keygen -t ed25519; then {_HOW_TO_SET}"
_BESIDE = f"leave git as it is, and name an ssh key for agentgov: export {KEY_FILE_VARIABLE}=~/.ssh/id_ed25519"
_AGENT = "is the key in ssh-agent, or its file readable? ssh-add -l"
_SECURITY_KEY = "is the security key plugged in, and did you touch it while it blinked? then try again"
_SECONDS_TO_TOUCH = 300.0  # a person may have to find the security key


@dataclass(frozen=True, slots=True)
class PersonSigner:
    """Signs as the user. `public_key` is "ssh-ed25519 AAAA...", without a comment."""

    public_key: str
    program: str
    key_file: Path | None  # None when the key is known by its public half only and lives in ssh-agent

    def sign(self, namespace: str, payload: bytes) -> bytes:
        """The armoured SSHSIG over the payload in a namespace; ConfigurationError when the key cannot be used."""
        if _NAMESPACE.match(namespace) is None:
            raise ValueError(f"{namespace!r} is not a namespace for signatures")
        with tempfile.TemporaryDirectory(prefix="agentgov-sign-") as name:
            # A file and not stdin, as git does it: programs that stand in for ssh-keygen know only this protocol.
            message = Path(name) / "payload"
            message.write_bytes(payload)
            key = self.key_file or _written(Path(name) / "key.pub", self.public_key)
            quiet = ["-q"] if Path(self.program).name == "ssh-keygen" else []
            hint = _SECURITY_KEY if self.public_key.startswith("sk-") else _AGENT
            _run([self.program, *quiet, "-Y", "sign", "-n", namespace, "-f", str(key), str(message)], hint)
            try:
                armour = (Path(name) / "payload.sig").read_bytes()
            except OSError as error:
                raise ConfigurationError(f"{self.program} wrote no signature", _HOW_TO_SET) from error
        if _key_in(armour) != self.public_key:
            raise ConfigurationError(
                "the signature was made with another key than your public key file says", _HOW_TO_SET
            )
        return armour


def person_signer(repo: Repository) -> PersonSigner:
    """The user's signer: AGENTGOV_KEY_FILE, else git's user.signingkey; ConfigurationError when neither is set up."""
    program = str(Path(repo.config_global("gpg.ssh.program") or "ssh-keygen").expanduser())
    if shutil.which(program) is None:
        raise ConfigurationError(f"the program {program} is missing", "install OpenSSH: apt install openssh-client")
    chosen = os.environ.get(KEY_FILE_VARIABLE)
    if chosen:
        return _signer_of_file(Path(chosen).expanduser(), program)
    known = repo.settings()
    key = known.get("user.signingkey")
    if not key:
        raise ConfigurationError("git does not know which key you sign with", _HOW_TO_MAKE)
    literal = key.removeprefix("key::")
    if literal != key or literal.startswith("ssh-"):
        return PersonSigner(_public_key(literal, "user.signingkey"), program, None)
    kind = known.get("gpg.format")
    if kind not in (None, "ssh"):
        raise ConfigurationError(f"git signs with {kind} here, and agentgov signs with ssh keys", _BESIDE)
    return _signer_of_file(Path(key).expanduser(), program)


def _signer_of_file(path: Path, program: str) -> PersonSigner:
    """A signer from the path of either half of a key."""
    public = path if path.suffix == ".pub" else path.with_name(path.name + ".pub")
    if not path.is_file():
        raise ConfigurationError(f"the signing key {path} does not exist", _HOW_TO_MAKE)
    if public.is_file():
        text = public.read_text("utf-8", "replace")
    else:  # asks for the passphrase where the file has one
        text = _run(["ssh-keygen", "-y", "-f", str(path)]).decode("utf-8", "replace")
    return PersonSigner(_public_key(text, str(public)), program, path)


def _public_key(text: str, source: str) -> str:
    match = _PUBLIC_KEY.match(text.strip())
    if match is None:
        raise ConfigurationError(f"{source} holds no OpenSSH public key", _HOW_TO_SET)
    return f"{match[1]} {match[2]}"


def _key_in(armour: bytes) -> str | None:
    """The public key inside an SSHSIG (PROTOCOL.sshsig: magic, version, key), None where it cannot be found.

    Only tells the user of a mistaken set-up; who may rely on a signature is decided elsewhere, strictly.
    """
    body = b"".join(armour.split(b"-----")[2:3])
    try:
        blob = base64.b64decode(b"".join(body.split()))
        size = int.from_bytes(blob[10:14])
        key = blob[14 : 14 + size]
        name = key[4 : 4 + int.from_bytes(key[:4])].decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return f"{name} {base64.b64encode(key).decode()}" if blob.startswith(b"SSHSIG") else None


def _written(path: Path, public_key: str) -> Path:
    path.write_text(public_key + "\n", encoding="utf-8")
    return path


def _run(command: list[str], hint: str = "") -> bytes:
    """Run a signing program. On a terminal its words go to the person ("touch the key"), elsewhere into the error."""
    interactive = sys.stderr is not None and sys.stderr.isatty()
    try:
        done = subprocess.run(  # noqa: S603 - the user's own program, arguments as a list, never a shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if interactive else subprocess.PIPE,
            timeout=_SECONDS_TO_TOUCH,
            env=clean_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise IncompleteError("the key gave no signature within five minutes", "try again") from error
    except OSError as error:
        raise ConfigurationError(f"{command[0]} cannot be run: {error.strerror}") from error
    if done.returncode != 0:
        why = "" if interactive else f": {first_line(done.stderr)}"
        raise ConfigurationError(f"signing failed{why}", hint or _AGENT)
    return done.stdout
