"""Is this tag a release? Strict reading of the tag object, its signature, and the closure it binds.

A release is a signed annotated tag `<workspace>/<agent>/v<semver>` whose message ends in

    Agentgov-Fleet: <fleet id>
    Agentgov-Closure: <sha256>
    Agentgov-Journal: <seq> <commit>

Its closure must have stood authorised no earlier than that of the agent's previous release, so a higher number cannot
hide older content. The commit it points to is where the closure was taken from; what counts is the closure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agentgov.journal.view import View
from agentgov.model.act import PREFIX
from agentgov.model.closure import closure_of
from agentgov.model.names import AgentId, ReleaseName
from agentgov.model.state import AUTHORISED, Release
from agentgov.model.transitions import Refusal
from agentgov.repo.objects import ObjectError, Tag, parse_tag
from agentgov.repo.repository import Repository
from agentgov.repo.snapshot import TreeSnapshot
from agentgov.trust.identity import Identity
from agentgov.trust.permissions import decide_permission
from agentgov.trust.sshsig import GIT, SignatureError, verify
from agentgov.validate.load import load_agent

_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_JOURNAL = re.compile(r"(0|[1-9][0-9]{0,9}) ([0-9a-f]{40})\Z")


@dataclass(frozen=True, slots=True)
class TagText:
    """What the message of a release tag binds."""

    fleet: str
    closure: str
    seq: int
    journal: str


def tag_message(name: ReleaseName, text: TagText, notes: str = "") -> str:
    """The message of a release tag, with a final newline."""
    trailers = (
        f"{PREFIX}Fleet: {text.fleet}\n{PREFIX}Closure: {text.closure}\n{PREFIX}Journal: {text.seq} {text.journal}\n"
    )
    return "\n\n".join(part for part in (f"release {name}", notes, trailers) if part)


def parse_tag_message(message: bytes) -> TagText | None:
    """What a tag's message binds, None where it binds nothing."""
    try:
        *_, last = message.decode("utf-8").removesuffix("\n").split("\n\n")
    except UnicodeDecodeError:
        return None
    pairs = [line.partition(": ") for line in last.split("\n")]
    if [key for key, _, _ in pairs] != [f"{PREFIX}Fleet", f"{PREFIX}Closure", f"{PREFIX}Journal"]:
        return None
    fleet, closure, journal = (value for _, _, value in pairs)
    where = _JOURNAL.match(journal)
    if where is None or _DIGEST.match(closure) is None:
        return None
    return TagText(fleet, closure, int(where[1]), where[2])


def judge_tag(view: View, name: ReleaseName, oid: str, raw: bytes) -> Release | Refusal:
    """The release that a tag object is under this name, as the journal would record it now, or why it is none.

    IncompleteError where an object that is needed is missing.
    """
    try:
        tag = parse_tag(raw)
    except ObjectError as error:
        return Refusal("tag.object", f"the tag object is malformed: {error}")
    text = _bound(view, name, tag)
    if isinstance(text, Refusal):
        return text
    signer = _signer(view, name, tag)
    if isinstance(signer, Refusal):
        return signer
    since = _authorised_since(view, name.agent, text.closure)
    if isinstance(since, Refusal):
        return since
    head = view.state.head
    return Release(
        name=str(name),
        tag=oid,
        commit=tag.object,
        closure=text.closure,
        authorised_at=since,
        seen=head.time,
        by=signer.id,
    )


def _bound(view: View, name: ReleaseName, tag: Tag) -> TagText | Refusal:
    if tag.name != str(name):
        return Refusal("tag.name", f"the tag object says {tag.name!r} and stands under the name {name}")
    if tag.type != "commit":
        return Refusal("tag.target", f"a release is a tag of a commit, not of a {tag.type}")
    text = parse_tag_message(tag.message)
    if text is None:
        return Refusal("tag.message", "the tag's message does not end in Agentgov-Fleet, -Closure and -Journal")
    if text.fleet != view.state.head.fleet:
        return Refusal("tag.fleet", "the tag was made for another fleet")
    if not _knows(view, text.journal):
        return Refusal("tag.journal", f"the tag speaks of journal commit {text.journal[:12]}, which this journal lacks")
    return text


def _knows(view: View, commit: str) -> bool:
    return view.repo.has(commit) and view.repo.is_ancestor(commit, view.tip)


def _signer(view: View, name: ReleaseName, tag: Tag) -> Identity | Refusal:
    if tag.signature is None:
        return Refusal("tag.unsigned", "the tag is not signed")
    try:
        key = verify(tag.signature, tag.payload, GIT)
    except SignatureError as error:
        return Refusal("tag.signature", f"the tag's signature does not hold: {error}")
    identity = view.directory.by_key(key)
    if identity is None or identity.kind != "person":
        return Refusal("tag.stranger", f"the tag is signed by {key.fingerprint}, which is no person's key in Access")
    verdict = decide_permission(view.governance.access, identity.id, "release", name.agent, None, view.today)
    if not verdict.allowed:
        offence = verdict.first_offence
        return Refusal("tag.permission", offence.message if offence else f"{identity.id} may not release {name.agent}")
    return identity


def _authorised_since(view: View, agent: AgentId, closure: str) -> int | Refusal:
    """The seq of the act from which this closure stood authorised, in its latest run of states."""
    before = view.state.releases(agent)
    floor = max((release.authorised_at for release in before), default=0)
    since: int | None = None
    for seq, authorised in _states(view):
        if authorised_closure(view.repo, authorised, agent) == closure:
            since = seq
        elif since is not None:
            break
        if seq <= floor:
            break
    if since is not None:
        return since
    if before:
        return Refusal("tag.closure", f"the content of {agent} at this tag was not authorised since its last release")
    return Refusal(
        "tag.closure", f"the content of {agent} at this tag was never authorised: it needs its reviews on main"
    )


def _states(view: View) -> Iterator[tuple[int, str]]:
    """(seq from which it held, tree) of the authorised contents, newest first."""
    commit, seq, tree = view.tip, view.state.head.seq, view.authorised
    while True:
        parents = view.repo.commit(commit).parents
        older = view.repo.entry(view.repo.commit(parents[0]).tree, AUTHORISED) if parents else None
        if older is None:
            yield seq, tree
            return
        if older.oid != tree:
            yield seq, tree
            tree = older.oid
        commit, seq = parents[0], seq - 1


def authorised_closure(repo: Repository, authorised: str, agent: AgentId) -> str:
    """The digest of an agent's closure in a tree of authorised contents, "" where it has none that can be read."""
    snapshot = TreeSnapshot(repo, authorised, "authorised contents")
    document, _ = load_agent(snapshot, agent)
    return closure_of(agent, document, snapshot).digest if document is not None else ""
