"""governance/access.yaml as types: people, bots, teams, their keys, and who may do what where."""

from typing import Literal

from agentgov.model.document import Document, Environment


class Administrators(Document, frozen=True):
    """Who administers the fleet, and how many of them one change to the governance set takes."""

    who: tuple[str, ...]
    threshold: int = 1


class ForgeAccount(Document, frozen=True):
    """An account on a forge, matched by its numeric id; the login is for people to read."""

    login: str
    id: int


class OidcSubject(Document, frozen=True):
    """A login at an OpenID provider, matched by issuer and subject."""

    issuer: str
    subject: str


class Person(Document, frozen=True):
    """A human being. Several keys, e-mails and accounts are still one person."""

    id: str
    name: str = ""
    emails: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()  # OpenSSH public keys, one line each
    github: ForgeAccount | None = None
    gitlab: ForgeAccount | None = None
    oidc: OidcSubject | None = None


BotKind = Literal["reconciler", "gate", "importer", "evidence"]


class Bot(Document, frozen=True):
    """A program with a key; its kind is a fixed list of acts."""

    id: str
    kind: BotKind
    keys: tuple[str, ...] = ()


class Team(Document, frozen=True):
    """A group of people; `handles` are the names CODEOWNERS uses for it."""

    id: str
    members: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()


class Role(Document, frozen=True):
    """A set of verbs that a fleet defines for itself."""

    name: str
    verbs: tuple[str, ...]


class Binding(Document, frozen=True):
    """Who has which role on which agents, in which environments, until when (a date, end of day UTC)."""

    role: str
    who: tuple[str, ...]
    agents: tuple[str, ...] = ("**",)
    environments: tuple[Environment, ...] = ()
    until: str = ""


class Access(Document, frozen=True):
    """governance/access.yaml, kind Access."""

    administrators: Administrators
    people: tuple[Person, ...] = ()
    bots: tuple[Bot, ...] = ()
    teams: tuple[Team, ...] = ()
    roles: tuple[Role, ...] = ()
    bindings: tuple[Binding, ...] = ()
