"""Where the files that travel with the program are: JSON Schemas, the pages about findings, and the
example fleet of the demo.

In a checkout they lie at the top of the project; an installed package carries them inside.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """The folder `schemas`, `docs/findings` or `examples/acme`; FileNotFoundError when the installation is broken."""
    for base in (_PACKAGE, _PACKAGE.parent):
        found = base / name
        if found.is_dir():
            return found
    raise FileNotFoundError(f"{name} is missing from this installation of agentgov")
