"""What the rules across a fleet need to know of each of its folders: small values that are kept with its findings.

A fact is a pure function of the folder's files, the texts it shares and the governance, like its findings; whatever
else a rule across the fleet needs to tell of one agent, it looks up in the files, and only when there is a finding.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from agentgov.model.document import Risk
from agentgov.model.finding import Finding
from agentgov.validate.suppress import Suppression


class Decided(msgspec.Struct, frozen=True, array_like=True):
    """What the same lines of CODEOWNERS decide in one part: how many of its paths, and the first of them.

    In GitLab's dialect there is a line for each section that asks. `able` counts owners who may review there, no
    further than anybody asks for; `unable` are the owners known to Access of whom nobody may.
    """

    lines: tuple[int, ...]
    example: str
    paths: int
    able: int
    unable: tuple[str, ...] = ()


class Covered(msgspec.Struct, frozen=True, array_like=True):
    """The agents that a playbook is about, as it says itself (both empty: all of them), and what its steps do."""

    agents: tuple[str, ...] = ()
    labels: Mapping[str, str] = {}
    looks: bool = False
    pauses: tuple[str, ...] = ()  # selectors as they are written
    escalates: bool = False
    tells: bool = False
    reviews: bool = False
    alerts: tuple[str, ...] = ()  # empty: all of them


class Facts(msgspec.Struct, frozen=True, array_like=True):
    """One folder below a workspace, or the rest of the fleet. Add a field at the end, with a default."""

    files: int = 0
    first: str = ""  # the first of its paths
    is_agent: bool = False  # an agent.yaml is there, readable or not
    risk: Risk | Literal[""] = ""  # empty: the agent.yaml cannot be read
    formerly: str = ""
    currencies: Mapping[str, int] = {}  # how many amounts are in each
    beyond: tuple[str, ...] = ()  # paths that the judgement depends on: files it names elsewhere, or that are not there
    exempt: Mapping[str, str] = {}  # patterns of reviews.exempt that cover one of its paths, and the first such path
    owned: tuple[Decided, ...] = ()
    playbook: str = ""  # the one that agent.yaml names
    labels: Mapping[str, str] = {}  # of an agent that names a playbook
    playbooks: Mapping[str, Covered] = {}  # of the rest: what each playbook that can be read is about
    condition: str = ""  # the pointer of its first condition, in agent.yaml or in the fleet's ActionPolicy
    is_active: bool = False  # an agent that is to run in production


class Judged(msgspec.Struct, frozen=True):
    """Everything that is said of one folder by itself, and the marks in it that may suppress findings."""

    findings: tuple[Finding, ...]
    facts: Facts
    marks: tuple[Suppression, ...] = ()
