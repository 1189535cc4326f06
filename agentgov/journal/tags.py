"""Is this tag a release? Strict reading of the tag object, its signature, and the closure it binds.

A release is a signed annotated tag `<workspace>/<agent>/v<semver>` whose message ends in

    Agentgov-Fleet: <fleet id>
    Agentgov-Closure: <sha256>
    Agentgov-Journal: <seq> <commit>

Its closure must have stood authorised no earlier than that of the agent's previous release, so a higher number cannot
hide older content. The commit it points to must hold that closure; what else it holds, and where it stands in history,
does not matter.
"""

import re
from dataclasses import dataclass

from agentgov.errors import IncompleteError
from agentgov.journal.parts import Overlay, agent_part, shared_folder
from agentgov.journal.revoked import spans_of
from agentgov.journal.view import View
from agentgov.model.act import PREFIX
from agentgov.model.closure import closure_of
from agentgov.model.names import AgentId, ReleaseName
from agentgov.model.state import Release
from agentgov.model.transitions import Refusal
from agentgov.repo.objects import ObjectError, Tag, parse_tag
from agentgov.repo.repository import Repository
from agentgov.trust.identity import Identity
from agentgov.trust.permissions import decide_permission
from agentgov.trust.signatures import verify_git
from agentgov.trust.sshsig import SignatureError
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


def tag_notes(raw: bytes) -> str:
    """What somebody wrote into a release tag, "" where that is nothing; of a tag that was judged."""
    parts = parse_tag(raw).message.decode("utf-8", "replace").removesuffix("\n").split("\n\n")
    return "\n\n".join(parts[1:-1])


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
    since = authorised_since(view, name.agent, text.closure)
    if isinstance(since, Refusal):
        since = _overridden_since(view, name.agent, oid, text.closure) or since
    if isinstance(since, Refusal):
        return _refuse_links(view, name.agent, tag.object) or since
    differs = _refuse_commit(view, name.agent, tag.object, text.closure)
    if differs is not None:
        return differs
    return Release(
        name=str(name),
        tag=oid,
        commit=tag.object,
        closure=text.closure,
        authorised_at=since,
        seen=view.state.head.time,
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
    if view.memory.line.seq_of(text.journal, view.tip) != text.seq:
        message = f"the tag speaks of act {text.seq}, commit {text.journal[:12]}, which this journal lacks"
        return Refusal("tag.journal", message)
    return text


def _signer(view: View, name: ReleaseName, tag: Tag) -> Identity | Refusal:
    if tag.signature is None:
        return Refusal("tag.unsigned", "the tag is not signed")
    try:
        key = verify_git(tag.signature, tag.payload, view.directory.certificate, view.state.head.time)
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


def authorised_since(view: View, agent: AgentId, closure: str) -> int | Refusal:
    """The number of the act from which this closure stood authorised, in its latest run of contents."""
    before = view.state.releases(agent)
    floor = max((release.authorised_at for release in before), default=0)
    since: int | None = None
    resting = spans_of(view, agent)
    for standing in view.memory.line.standings((agent.folder, shared_folder(agent)), view.tip):
        rests = any(standing.seq in span for span in resting)
        if not rests and authorised_closure(view, standing.tree, agent) == closure:
            since = standing.seq
        elif since is not None:
            break
        if standing.seq <= floor:
            break
    if since is not None:
        return since
    if before:
        return Refusal("tag.closure", f"the content of {agent} at this tag was not authorised since its last release")
    return Refusal(
        "tag.closure", f"the content of {agent} at this tag was never authorised: it needs its reviews on main"
    )


def _refuse_links(view: View, agent: AgentId, commit: str) -> Refusal | None:
    """The better word for content that was never authorised because it never can be: a symlink or a submodule in the
    place of a file."""
    try:
        tree = view.repo.commit(commit).tree
        if _closure(view.repo, tree, agent):
            return None
        part = agent_part(Overlay(view.repo), tree, agent, "the tag")
        linked = sorted(path for path, entry in part.entries().items() if not entry.is_file)
    except (ObjectError, IncompleteError):
        return None
    if not linked:
        return None
    message = f"{linked[0]} is a symlink or a submodule at commit {commit[:9]}, and such an agent is never released"
    return Refusal("tag.link", message, linked[0])


def _overridden_since(view: View, agent: AgentId, oid: str, closure: str) -> int | None:
    """The number of the override that let exactly this tag through; None where none did, or a newer release came."""
    found = next((one for one in view.state.overrides().values() if one.release == oid), None)
    floor = max((release.authorised_at for release in view.state.releases(agent)), default=0)
    if found is None or found.seq < floor or f"{agent} {closure}" not in found.closures:
        return None
    return found.seq


def authorised_closure(view: View, tree: str, agent: AgentId) -> str:
    """The digest of an agent's closure in a tree of authorised contents, "" where it has none that can be released."""
    folders = [view.repo.entry(tree, folder) for folder in (agent.folder, shared_folder(agent))]
    own, shared = (entry.oid if entry is not None else "" for entry in folders)
    known = view.memory.closures
    if (agent, own, shared) not in known:
        known[agent, own, shared] = _closure(view.repo, tree, agent)
    return known[agent, own, shared]


def _refuse_commit(view: View, agent: AgentId, commit: str, closure: str) -> Refusal | None:
    """A tag must not show one content and bind another: whoever checks the commit out would run what nobody reviewed.

    IncompleteError where the commit is missing.
    """
    try:
        there = _closure(view.repo, view.repo.commit(commit).tree, agent)
    except ObjectError as error:
        return Refusal("tag.commit", f"the commit of the tag cannot be read: {error}")
    if there != closure:
        linked = _refuse_links(view, agent, commit)
        return linked or Refusal(
            "tag.commit", f"commit {commit[:9]} holds another content of {agent} than the tag binds"
        )
    return None


def _closure(repo: Repository, tree: str, agent: AgentId) -> str:
    """The digest of the closure in a tree; "" for an agent that cannot be read, or that holds a symlink."""
    part = agent_part(Overlay(repo), tree, agent, "contents")
    document, _ = load_agent(part, agent)
    if document is None:
        return ""
    closure = closure_of(agent, document, part)
    return closure.digest if all(part.entries()[path].is_file for path in closure.files) else ""
