"""A facts file: one pull request as a forge tells it, and the policy to judge it by, as types.

The types are the contract of `check --facts`: what has no default must be there, and a policy key that does not exist
is refused, because a misspelt rule must not turn into no rule. Nothing is judged here.
"""

import difflib
import re
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from agentgov.errors import ConfigurationError
from agentgov.owners.codeowners import Dialect
from agentgov.review.votes import Submitted

Told = TypeVar("Told")
Logins = tuple[str, ...]
AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]
Role = Literal["viewer", "operator", "administrator"]


class Commit(msgspec.Struct, frozen=True):
    """One commit of the pull request, in order. An author of null, or files of null, are unknown.

    `update_merge`: the base was merged in without touching anything by hand.
    """

    sha: str
    author: str | None
    files: tuple[str, ...] | None = None
    committer: str | None = None
    co_authors: Logins = ()
    pusher: str | None = None
    update_merge: bool = False


class ChangedFile(msgspec.Struct, frozen=True):
    """One file that the pull request changes as a whole; `previous` is where it was before it was renamed."""

    path: str
    status: str = "modified"
    previous: str | None = None


class SubmittedReview(msgspec.Struct, frozen=True):
    """One review, oldest first. `commit` is what was looked at; its time says nothing."""

    user: str
    state: Submitted
    commit: str | None = None


class BrokenGlass(msgspec.Struct, frozen=True):
    """Somebody asks to pass this commit without its reviews."""

    by: str
    reason: str | None = None
    commit: str | None = None


class PullRequest(msgspec.Struct, frozen=True):
    """What is to be merged, by whom, and what was said about it."""

    author: str
    commits: tuple[Commit, ...]
    files: tuple[ChangedFile, ...]
    reviews: tuple[SubmittedReview, ...]
    break_glass: BrokenGlass | None = None


class ExtraRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who is asked beside the owners for every path that starts with `prefix`."""

    prefix: str
    owners: tuple[str, ...]
    name: str = "extra"
    count: AtLeastOne = 1


class BreakGlassPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the glass may be broken."""

    enabled: bool = False


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the pull request is judged; the defaults are those of a fleet."""

    approvals: AtLeastOne = 1
    mode: Literal["any", "all"] | AtLeastOne = "any"
    stale: Literal["any-push", "owned-paths", "never"] = "owned-paths"
    require_last_push_approval: bool = False
    allow_author: bool = False
    allow_contributor: bool = False
    block_on_changes_requested: bool = True
    changes_requested_by: Literal["writers", "owners"] = "writers"
    min_role: Role = "operator"
    bots_may_approve: Logins = ()
    unowned: Literal["administrator", "pass"] = "administrator"
    require_both_branches: bool = False
    distinct_owners: Literal[True] = True  # people are counted, not reviews
    extra: tuple[ExtraRule, ...] = ()
    break_glass: BreakGlassPolicy | None = None
    ignore_update_merges: bool = True
    min_total: Annotated[int, msgspec.Meta(ge=0)] = 0
    exempt: tuple[str, ...] = ()


class Facts(msgspec.Struct, frozen=True):
    """Everything that the verdict on a pull request rests on.

    `codeowners` is the base's file, `codeowners_head` the result's where it differs, `dialect` whose rules both follow.
    `teams`, `emails` and `scopes` are by team handle, e-mail address and login; a login without a scope acts
    everywhere, one without a role nowhere.
    """

    codeowners: str | None
    teams: dict[str, Logins]
    roles: dict[str, str]
    pr: PullRequest
    bots: Logins = ()
    scopes: dict[str, tuple[str, ...]] = {}
    emails: dict[str, str] = {}
    codeowners_head: str | None = None
    dialect: Dialect = "github"
    policy: Policy = Policy()


_PLACE = re.compile(r" - at `(?:key in )?\$(?P<path>[^`]*)`\Z")
_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]+)`")
_STEP = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<number>[0-9]+|\.\.\.)\]")
_HINT = "keys that a forge adds are left alone; a policy key that is left out has its default"


def read_facts(data: bytes, name: str) -> Facts:
    """The facts in a file's bytes. ConfigurationError with one sentence and a JSON pointer for what cannot be read."""
    try:
        value = msgspec.json.decode(data)
        facts = msgspec.convert(value, Facts)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{name}: {sentence(str(error))}", _HINT) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{name} is not JSON: {error}", _HINT) from error
    except RecursionError as error:
        raise ConfigurationError(f"{name} is nested too deep", _HINT) from error
    _refuse_near_misses(value, Facts, "", name)
    _refuse_near_misses(value["pr"], PullRequest, "/pr", name)
    for number, file in enumerate(facts.pr.files):
        if file.status == "renamed" and not file.previous:
            raise ConfigurationError(f"{name}: /pr/files/{number}/previous is missing from a renamed file", _HINT)
    return facts


def decoded(data: bytes, type_: type[Told], name: str, hint: str) -> Told:
    """A file's JSON as its type. ConfigurationError with one sentence and a JSON pointer for what cannot be read."""
    try:
        return msgspec.json.decode(data, type=type_)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{name}: {sentence(str(error))}", hint) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{name} is not JSON: {error}", hint) from error


def sentence(message: str) -> str:
    """msgspec's complaint with a JSON pointer (RFC 6901) in front; `*` stands for some key of a mapping."""
    found = _PLACE.search(message)
    pointer = ""
    if found is not None:
        message = message[: found.start()]
        for step in _STEP.finditer(found["path"]):
            pointer += f"/{step['name'] or step['number'].replace('...', '*')}"
    missing = _MISSING.match(message)
    if missing is not None:
        return f"{pointer}/{missing['field']} is missing"
    return f"{pointer or 'the file'}: {message[:1].lower()}{message[1:]}"


def _refuse_near_misses(value: dict[str, Any], type_: type[msgspec.Struct], pointer: str, name: str) -> None:
    """What a forge tells beside the facts is left alone, but a key that is all but one of ours was meant to count."""
    known = type_.__struct_fields__
    for key in value:
        close = difflib.get_close_matches(key, known, 1, 0.8) if key not in known else []
        if close:
            message = f"{name}: {pointer}/{key} is no key of a facts file; {close[0]!r} was meant?"
            raise ConfigurationError(message, _HINT)
