"""What the controls of a framework ask, in our own words, and which evidence speaks to them: data in audit/frameworks/.

The mapping says as plainly what agentgov cannot show. It is no legal advice, and no auditor is bound by it.
"""

from pathlib import Path

import msgspec

from agentgov.audit.evidence import KINDS
from agentgov.validate.yaml_reader import read

FOLDER = Path(__file__).parent / "frameworks"


class Control(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One control, clause or article: what it asks, what speaks to it, what it asks that cannot be shown."""

    id: str
    asks: str
    evidence: tuple[str, ...]
    missing: str


class Framework(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """One framework."""

    id: str
    name: str
    source: str
    about: str
    controls: tuple[Control, ...]
    not_covered: tuple[str, ...]
    looked_up: str  # the day on which the citations were compared with what is public
    citations: tuple[str, ...]  # by which sources, and what could not be confirmed
    voluntary: str = ""  # why it does not apply by itself

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of evidence that any control names, in their order in `evidence.KINDS`."""
        named = {name for control in self.controls for name in control.evidence}
        return tuple(name for name in KINDS if name in named | {"verification"})


def framework(name: str) -> Framework:
    """The mapping of that name; an error in it is a broken installation."""
    found = read((FOLDER / f"{name}.yaml").read_bytes(), f"{name}.yaml")
    assert not found.findings, found.findings
    return msgspec.convert(found.value, type=Framework)
