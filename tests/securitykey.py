"""A security key in software: signs what a FIDO authenticator would (OpenSSH PROTOCOL.u2f), touched or not."""

import hashlib
from typing import Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from agentgov.trust.keys import PublicKey, public_key_of_blob
from agentgov.trust.sshsig import armour, signed_bytes
from agentgov.trust.wire import wire_mpint, wire_string

Kind = Literal["ed25519-sk", "ecdsa-sk"]
_NAMES = {"ed25519-sk": b"sk-ssh-ed25519@openssh.com", "ecdsa-sk": b"sk-ecdsa-sha2-nistp256@openssh.com"}


class SecurityKey:
    """A key on a piece of hardware that is not there; `sign` may leave out the touch, or name another algorithm."""

    def __init__(self, kind: Kind, application: bytes = b"ssh:") -> None:
        self._name, self._application, self._counter = _NAMES[kind], application, 0
        self._ed = Ed25519PrivateKey.generate() if kind == "ed25519-sk" else None
        self._ec = ec.generate_private_key(ec.SECP256R1()) if kind == "ecdsa-sk" else None

    @property
    def blob(self) -> bytes:
        """The wire form of the public key."""
        if self._ed is not None:
            point = wire_string(self._ed.public_key().public_bytes_raw())
        else:
            assert self._ec is not None
            raw = self._ec.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            point = wire_string(b"nistp256") + wire_string(raw)
        return wire_string(self._name) + point + wire_string(self._application)

    @property
    def key(self) -> PublicKey:
        """The public key."""
        return public_key_of_blob(self.blob)

    @property
    def public_key(self) -> str:
        """The line of the public key, without a comment."""
        return self.key.line

    def sign(self, namespace: str, payload: bytes, *, flags: int = 0x01, algorithm: bytes = b"") -> bytes:
        """An armoured signature, as `ssh-keygen -Y sign` makes it with such a key; of ecdsa either form."""
        self._counter += 1
        tail = bytes([flags]) + self._counter.to_bytes(4, "big")
        digests = [hashlib.sha256(part).digest() for part in (self._application, signed_bytes(namespace, payload))]
        signed = digests[0] + tail + digests[1]
        if self._ed is not None:
            raw = self._ed.sign(signed)
        else:
            assert self._ec is not None
            raw = b"".join(map(wire_mpint, decode_dss_signature(self._ec.sign(signed, ec.ECDSA(hashes.SHA256())))))
        inner = wire_string(algorithm or self._name) + wire_string(raw) + tail
        fields = (self.blob, namespace.encode(), b"", b"sha512", inner)
        return armour(b"SSHSIG\0\0\0\1" + b"".join(map(wire_string, fields)))
