"""Who starts a fleet, from what git knows: name and e-mail become a person of Access.

Decides what the person is called, never what they may do.
"""

import re

from agentgov.model.access import Person

_OTHER = re.compile(r"[^a-z0-9._-]+")
_EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\Z")
_NOBODY = "owner"


def founder(name: str, email: str, key: str | None) -> Person:
    """The person with that name, e-mail address and public key line; what Access could not hold is left out.

    The id is the part of the address before the @, else the first word of the name, else `owner`.
    """
    usable = email.isprintable() and _EMAIL.match(email) is not None
    local = email.partition("@")[0] if usable else ""
    person_id = _id(local.partition("+")[0]) or _id(name.strip().partition(" ")[0]) or _NOBODY
    emails = (email,) if usable else ()
    return Person(id=person_id, name=name.strip()[:200], emails=emails, keys=(key,) if key is not None else ())


def _id(text: str) -> str:
    return _OTHER.sub("-", text.lower().encode("ascii", "ignore").decode()).strip("-._")[:64]
