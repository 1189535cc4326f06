"""The one door for what git signs: a commit or a tag, by an SSH key or, as an extra, by an OpenPGP key.

Decides which key made a signature; never whose it is, nor what that somebody may do. Acts never come through here: they
are signed by SSH keys alone (`sshsig.ACT`), so that a signature of git can never be one of an act.

OpenPGP is judged by Sequoia, which reads this machine's clock. So that a verdict is the same whenever it is asked, only
signatures count that were made before journal time, by a key that at journal time has not expired: what a signature
says of its own date gives nothing.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from agentgov.errors import IncompleteError
from agentgov.trust.keys import PublicKey
from agentgov.trust.material import UncountedError
from agentgov.trust.openpgp import BEGIN, Claim, dearmour_openpgp, parse_claim
from agentgov.trust.sshsig import GIT, SignatureError, dearmour, parse, verify

if TYPE_CHECKING:
    import pysequoia

Find: TypeAlias = Callable[[str], PublicKey | None]
_SKEW = 300  # clocks of journals may be this far ahead of a verifier's; Sequoia forgives 30 minutes
INSTALL_OPENPGP = "install the extra: pip install 'agentgov[openpgp]'"


def verify_git(armoured: bytes, payload: bytes, certificate: Find, time: int) -> PublicKey:
    """The key that signed a commit or a tag with these bytes, at this journal time.

    `certificate` finds the key of Access that holds an OpenPGP key with a fingerprint. Raises SignatureError, and
    IncompleteError where only the extra that is missing here could tell.
    """
    if not armoured.startswith(BEGIN):
        return verify(armoured, payload, GIT)
    claim = _claim(armoured)
    key = certificate(claim.fingerprint)
    if key is None:
        message = f"the OpenPGP key {claim.fingerprint.upper()} is nobody's in Access"
        raise SignatureError("signature.invalid", message)
    if claim.created > time + _SKEW:
        raise SignatureError("signature.invalid", "the OpenPGP signature is dated later than the journal")
    _refuse(claim, payload, key, time)
    return key


def claimed_key(armoured: bytes, certificate: Find) -> PublicKey | None:
    """The key that a signature names, not verified: good for excluding somebody, never for a right."""
    try:
        if armoured.startswith(BEGIN):
            return certificate(_claim(armoured).fingerprint)
        return parse(dearmour(armoured)).public_key
    except SignatureError:
        return None


def judges_openpgp() -> bool:
    """Whether this machine has what judges signatures by OpenPGP."""
    try:
        import pysequoia  # noqa: F401
    except ImportError:
        return False
    return True


def _claim(armoured: bytes) -> Claim:
    try:
        return parse_claim(dearmour_openpgp(armoured))
    except UncountedError as error:
        raise SignatureError("signature.algorithm", f"the OpenPGP signature does not count: {error}") from error
    except ValueError as error:
        raise SignatureError("signature.malformed", f"the OpenPGP signature cannot be read: {error}") from error


def _refuse(claim: Claim, payload: bytes, key: PublicKey, time: int) -> None:
    try:
        import pysequoia
    except ImportError as error:
        message = f"a signature by the OpenPGP key {claim.fingerprint.upper()} cannot be verified here"
        raise IncompleteError(message, INSTALL_OPENPGP) from error
    try:  # the words of the library hold traces of its own calls, and are told to nobody
        certificate = pysequoia.Cert.from_bytes(key.blob)
        found = pysequoia.verify(
            bytes=payload, store=lambda _: [certificate], signature=pysequoia.Sig.from_bytes(claim.packet)
        )
        made = [(one.certificate, one.signing_key) for one in found.valid_sigs]
        ends = _expiry(certificate, key.blob, claim.fingerprint)
    except Exception as error:
        message = (
            f"the signature by the OpenPGP key {claim.fingerprint.upper()} does not fit these bytes, or the key is weak"
        )
        raise SignatureError("signature.invalid", message) from error
    if not claim.begins(payload) or made != [(certificate.fingerprint, claim.fingerprint)]:
        raise SignatureError("signature.invalid", "the OpenPGP signature says something else of itself than it is")
    if ends is not None and ends <= time:
        raise SignatureError("signature.invalid", f"the OpenPGP key {claim.fingerprint.upper()} has expired")


def _expiry(certificate: "pysequoia.Cert", blob: bytes, fingerprint: str) -> float | None:
    """When a key of a certificate ends, in epoch seconds; of several dates the earliest. None for never."""
    from pysequoia.packet import PacketPile, Tag

    ends = [certificate.expiration.timestamp()] if certificate.expiration is not None else []
    current, created = None, 0.0
    for packet in PacketPile.from_bytes(blob):
        if packet.tag in (Tag.PublicKey, Tag.PublicSubkey):
            current, created = packet.fingerprint, packet.key_created.timestamp()
        elif packet.tag == Tag.Signature and current == fingerprint != certificate.fingerprint:
            period = packet.key_validity_period
            if period is not None and period.total_seconds() > 0:
                ends.append(created + period.total_seconds())
    return min(ends, default=None)
