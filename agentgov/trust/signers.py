"""Signing in process with a key file: what a bot does. People sign through their own set-up (ssh-agent, FIDO, file).

Reads and makes private keys in OpenSSH's format; never prints, logs or copies one, and never asks for a passphrase.
"""

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from agentgov.errors import ConfigurationError
from agentgov.model.access import BotKind
from agentgov.trust.keys import PublicKey, parse_public_key, public_key_of_blob
from agentgov.trust.material import ED25519
from agentgov.trust.places import config_path
from agentgov.trust.sshsig import SignatureError, armour, assemble, normalise, signed_bytes, verify
from agentgov.trust.wire import decode_base64, take_string, wire_string

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_MAX_FILE = 65_536
_BEGIN = b"-----BEGIN OPENSSH PRIVATE KEY-----\n"
_END = b"-----END OPENSSH PRIVATE KEY-----"
_ANOTHER_KEY = "sign with another key: ssh-keygen -t ed25519; git config --global user.signingkey FILE.pub"
_MAGIC = b"openssh-key-v1\0"  # OpenSSH PROTOCOL.key


class Signer(Protocol):
    """Somebody who can sign: `public_key` is an authorized_keys line without a comment."""

    @property
    def public_key(self) -> str: ...

    def sign(self, namespace: str, payload: bytes) -> bytes:
        """An armoured SSH signature over the payload, for the namespace."""


class KeyFileSigner:
    """Signs with an ed25519 key from a file without a passphrase; the same bytes as `ssh-keygen -Y sign`.

    Raises ConfigurationError when the file is missing, readable by others, encrypted, or no ed25519 key.
    """

    __slots__ = ("_key", "_public")

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._key = _load(Path(path))
        self._public = _public_key(self._key.public_key())

    @property
    def public_key(self) -> str:
        """Kind and key as in authorized_keys, without a comment."""
        return self._public.line

    def sign(self, namespace: str, payload: bytes) -> bytes:
        """An armoured SSH signature (sha512, version 1) over the payload, for the namespace."""
        raw = self._key.sign(signed_bytes(namespace, payload))
        return armour(assemble(self._public, namespace, raw))

    def sign_text(self, text: bytes) -> bytes:
        """The bare ed25519 signature of a text, as signed notes carry it (c2sp.org/signed-note).

        A text has no control characters but newlines, and what `sign` signs has some: neither stands for the other.
        """
        if not text.endswith(b"\n") or any(byte < 0x20 and byte != 0x0A for byte in text):
            raise ValueError("only text without control characters is signed without a namespace")
        return self._key.sign(text)


class StrictSigner:
    """Signs with somebody's own program, and gives out only what counts here.

    ssh-keygen writes either of the two forms of an ECDSA signature, and signs with keys that no verifier accepts.
    Better to hear of that before an act is published than after. ConfigurationError for a key that does not count.
    """

    __slots__ = ("_signer", "key")

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        try:
            self.key: PublicKey = parse_public_key(signer.public_key)
        except ValueError as error:
            raise ConfigurationError(f"your key does not count: {error}", _ANOTHER_KEY) from error

    @property
    def public_key(self) -> str:
        """Kind and key as in authorized_keys, without a comment."""
        return self._signer.public_key

    def sign(self, namespace: str, payload: bytes) -> bytes:
        """An armoured SSH signature over the payload, for the namespace; ConfigurationError where it does not count."""
        try:
            armoured = normalise(self._signer.sign(namespace, payload))
            verify(armoured, payload, namespace)
        except SignatureError as error:
            raise ConfigurationError(f"what you sign would not count: {error}", _ANOTHER_KEY) from error
        return armoured


def bot_signer() -> KeyFileSigner | None:
    """The signer of the key file that AGENTGOV_KEY_FILE names, None where it is not set.

    Set to something unusable (also to nothing) it raises ConfigurationError: a bot never falls back to another key.
    """
    name = os.environ.get("AGENTGOV_KEY_FILE")
    if name is None:
        return None
    if not name:
        raise ConfigurationError(
            "AGENTGOV_KEY_FILE is set but empty", "set it to the bot's private key file, or unset it"
        )
    return KeyFileSigner(name)


def bot_key_path(fleet_id: str, kind: BotKind) -> Path:
    """Where this user keeps the private key of a fleet's bot of that kind."""
    return config_path("keys", fleet_id) / kind


def stored_bot_key(fleet_id: str, kind: BotKind) -> KeyFileSigner | None:
    """The signer of the key that this user keeps for a fleet's bot of that kind, None where there is none.

    Raises ConfigurationError for a key that is there and cannot be used.
    """
    path = bot_key_path(fleet_id, kind)
    return KeyFileSigner(path) if os.path.lexists(path) else None


def store_bot_key(fleet_id: str, kind: BotKind, comment: str) -> str:
    """Make and keep a key for a fleet's bot of that kind, and return its public line; never overwrites."""
    path = bot_key_path(fleet_id, kind)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"cannot make the folder {path.parent}: {error.strerror}") from error
    return generate_key(path, comment)


def kept_bot_key(fleet_id: str, kind: BotKind, comment: str) -> str:
    """The public line of the key that this user keeps for a fleet's bot of that kind, made where there is none."""
    kept = stored_bot_key(fleet_id, kind)
    return f"{kept.public_key} {comment}" if kept is not None else store_bot_key(fleet_id, kind, comment)


def generate_key(path: str | os.PathLike[str], comment: str) -> str:
    """Write a new ed25519 key pair to `path` (mode 0600) and `path`.pub, and return the public line with its comment.

    Never overwrites: ConfigurationError where either file exists or cannot be written.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    if not comment.isprintable() or comment != comment.strip() or len(comment) > 200:
        raise ConfigurationError("the comment of a key is one short line of printable text")
    key = Ed25519PrivateKey.generate()
    line = f"{_public_key(key.public_key()).line} {comment}".rstrip()
    private, public = Path(path), Path(f"{os.fspath(path)}.pub")
    _write_new(private, key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()), 0o600)
    try:
        _write_new(public, f"{line}\n".encode(), 0o644)
    except ConfigurationError:
        private.unlink(missing_ok=True)
        raise
    return line


def _write_new(path: Path, content: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except FileExistsError as error:
        raise ConfigurationError(f"{path} exists, and a key is never overwritten", "choose another path") from error
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror}") from error


def _load(path: Path) -> "Ed25519PrivateKey":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    content = _read_private(path)
    if _cipher(content, path) != b"none":
        raise ConfigurationError(
            f"the key in {path} has a passphrase, and a bot cannot type one",
            "give the bot a key of its own, made without a passphrase (ssh-keygen -t ed25519 -N '' -f FILE)",
        )
    try:
        key = load_ssh_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # `from None`: the library's words may quote the file.
        raise _unreadable(path) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _unreadable(path)
    return key


def _read_private(path: Path) -> bytes:
    """The bytes of a private key file, refused where others than its owner could have read them."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise ConfigurationError(f"{path} is not an ordinary file")
            if status.st_mode & 0o077:
                raise ConfigurationError(f"the private key {path} is open to other users", f"chmod 600 {path}")
            return file.read(_MAX_FILE)
    except OSError as error:
        raise ConfigurationError(
            f"cannot read the private key {path}: {error.strerror}", "AGENTGOV_KEY_FILE names a bot's private key"
        ) from error


def _cipher(content: bytes, path: Path) -> bytes:
    """The name of the cipher that protects the key (OpenSSH PROTOCOL.key), `none` for a key without a passphrase."""
    body, end, _ = content.removeprefix(_BEGIN).partition(_END)
    try:
        blob = decode_base64(body.replace(b"\n", b""))
        if not end or not content.startswith(_BEGIN) or not blob.startswith(_MAGIC):
            raise _unreadable(path)
        return take_string(blob[len(_MAGIC) :])[0]
    except ValueError:
        raise _unreadable(path) from None


def _unreadable(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"{path} is not an ed25519 private key in OpenSSH's format",
        "make one with: ssh-keygen -t ed25519 -N '' -f FILE",
    )


def _public_key(key: "Ed25519PublicKey") -> PublicKey:
    return public_key_of_blob(wire_string(ED25519.encode()) + wire_string(key.public_bytes_raw()))
