"""Armoured signatures inside commits and tags: one block, from its first byte to its last, and nothing around it.

Knows where a block begins and what is wrong with one; whose signature it is, and of what, others tell.
"""

import re

_KINDS = (b"SSH SIGNATURE", b"PGP SIGNATURE", b"PGP MESSAGE", b"SIGNED MESSAGE")
_BEGIN = re.compile(rb"^-----BEGIN (?:" + b"|".join(_KINDS) + rb")", re.MULTILINE)


def armour_begins(text: bytes) -> list[int]:
    """Every place of a text at which a reader could see a signature block begin."""
    return [match.start() for match in _BEGIN.finditer(text)]


def armour_problem(armour: bytes) -> tuple[str, str] | None:
    """(code, message) of what keeps this text from being exactly one signature block, None where it is one."""
    kind = next((kind for kind in _KINDS if armour.startswith(b"-----BEGIN " + kind + b"-----\n")), None)
    if kind is None:
        return "object.bad-signature-block", "the signature block does not begin as one"
    if len(armour_begins(armour)) != 1:
        return "object.second-signature", "there is a second signature block"
    ending = b"\n-----END " + kind + b"-----\n"
    place = armour.find(ending)
    if place < 0:
        return "object.bad-signature-block", "the signature block does not end"
    if place + len(ending) != len(armour):
        return "object.text-after-signature", "there is text after the signature block"
    return None
