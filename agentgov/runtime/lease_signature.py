"""The signature of a lease as it travels in a header: the SSHSIG blob, without its armour, in base64 on one line.

It is made over exactly the bytes of the lease, in a namespace of its own. Whose key it is, is asked of Access.
"""

import base64

from agentgov.runtime.lease import NAMESPACE
from agentgov.trust.keys import PublicKey
from agentgov.trust.sshsig import SignatureError, armour, dearmour, verify

_LONGEST = 8192  # characters


def header_of(armoured: bytes) -> str:
    """An armoured signature as the header carries it."""
    return base64.b64encode(dearmour(armoured)).decode("ascii")


def key_behind(body: bytes, header: str) -> PublicKey:
    """The key that signed a lease. SignatureError where the header holds no signature over these bytes."""
    try:
        blob = base64.b64decode(header.encode("ascii"), validate=True) if len(header) <= _LONGEST else b""
    except ValueError as error:
        raise SignatureError("signature.malformed", "the header holds no signature in base64") from error
    return verify(armour(blob), body, NAMESPACE)
