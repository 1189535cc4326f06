"""Names: agent ids, release names, versions. A name is refused, never repaired.

Grammars: a workspace and an agent are DNS labels (RFC 1123: lower-case letters, digits, inner hyphens, at most 63), an
id is `<workspace>/<agent>`, a release is `<workspace>/<agent>/v<SemVer 2.0>`.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
# Major, minor, patch, whether it is no pre-release, and the parts of a pre-release: compared as they stand.
Precedence = tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]
SHARED = "shared"  # the folder of a workspace for texts that several agents name


@dataclass(frozen=True, slots=True, order=True)
class AgentId:
    """`<workspace>/<agent>`, for example support/refund-assistant."""

    workspace: str
    name: str

    def __str__(self) -> str:
        return f"{self.workspace}/{self.name}"

    @property
    def folder(self) -> str:
        """The folder of the agent in the fleet, without a trailing slash."""
        return f"agents/{self.workspace}/{self.name}"

    @property
    def file(self) -> str:
        """The path of its agent.yaml."""
        return f"{self.folder}/agent.yaml"


def is_label(text: str) -> bool:
    """Whether the text is a DNS label."""
    return LABEL.match(text) is not None


def agent_id(text: str) -> AgentId | None:
    """The agent id that the text spells, None where it spells none (`shared` is no agent name)."""
    workspace, slash, name = text.partition("/")
    if not slash or not is_label(workspace) or not is_label(name) or name == SHARED:
        return None
    return AgentId(workspace, name)


def agent_of_path(path: str) -> AgentId | None:
    """The agent in whose folder a path lies, None for paths outside agents' folders and for shared texts."""
    parts = path.split("/", 3)
    if len(parts) < 4 or parts[0] != "agents":
        return None
    return agent_id(f"{parts[1]}/{parts[2]}")


@dataclass(frozen=True, slots=True)
class ReleaseName:
    """A release of an agent. Order them by `precedence`, never as text."""

    agent: AgentId
    version: str

    def __str__(self) -> str:
        return f"{self.agent}/v{self.version}"

    @property
    def ref(self) -> str:
        """The full name of its tag."""
        return f"refs/tags/{self}"

    @property
    def precedence(self) -> Precedence:
        """SemVer 2.0 section 11 precedence, comparable with `<`; build metadata does not count."""
        return _precedence(self.version)

    @property
    def is_prerelease(self) -> bool:
        """Whether the version carries a pre-release part (rc.1)."""
        return not self.precedence[3]


@lru_cache(maxsize=4096)
def release_name(text: str) -> ReleaseName | None:
    """The release that a tag name (without refs/tags/) spells, None where it spells none."""
    agent_text, separator, version = text.rpartition("/v")
    agent = agent_id(agent_text)
    if not separator or agent is None or len(version) > 128:
        return None
    from semver import Version  # most commands name no release

    if not Version.is_valid(version):
        return None
    return ReleaseName(agent, version)


@lru_cache(maxsize=4096)
def _precedence(text: str) -> Precedence:
    """Numbers are below words, fewer parts below more, and a pre-release below its release."""
    from semver import Version

    version = Version.parse(text)
    parts = version.prerelease.split(".") if version.prerelease is not None else ()
    ordered = tuple((False, int(part), "") if part.isdecimal() else (True, 0, part) for part in parts)
    return version.major, version.minor, version.patch, version.prerelease is None, ordered
