"""Where the files that travel with the program are: JSON Schemas, the pages about findings, and the
example fleet of the demo.

In a checkout they lie at the top of the project; an installed package carries them inside.
"""

import os
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_JUDGING = ("model", "diff", "owners", "policy", "trust", "validate")  # packages that a judgement of content is made by


def folder(name: str) -> Path:
    """The folder `schemas`, `docs/findings` or `examples/acme`; FileNotFoundError when the installation is broken."""
    for base in (_PACKAGE, _PACKAGE.parent):
        found = base / name
        if found.is_dir():
            return found
    raise FileNotFoundError(f"{name} is missing from this installation of agentgov")


@cache
def rules_digest() -> str:
    """A digest of everything that a judgement of content is made by: this program, its schemas, what it is built on.

    Read from the files themselves, so that a changed program never trusts what another one found.
    """
    digest = sha256(f"{sys.version} {sys.byteorder}".encode())
    bases = [str(_PACKAGE / name) for name in _JUDGING if (_PACKAGE / name).is_dir()] + [str(folder("schemas"))]
    for base in bases:
        for name in sorted(os.listdir(base)):  # noqa: PTH208 - names are all that is needed, and pathlib is slow
            if name.endswith((".py", ".json")):
                with open(f"{base}/{name}", "rb") as file:  # noqa: PTH123
                    content = file.read()
                digest.update(f"\n{name} {len(content)}\n".encode() + content)
    for place in sys.path:
        if place.endswith("-packages"):
            digest.update("\n".join(sorted(name for name in os.listdir(place) if name.endswith(".dist-info"))).encode())  # noqa: PTH208
    return digest.hexdigest()
