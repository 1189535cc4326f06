"""The first act: an administrator adopts the governed contents of one commit of main as they are.

Trust in it comes from outside the repository (`trust.pins`); everything later rests on it.
"""

from collections.abc import Mapping

from agentgov.journal.authorise import governance_digest
from agentgov.journal.entry import Entry, appender_of, signers_of
from agentgov.journal.records import to_bytes
from agentgov.journal.view import View, view_at
from agentgov.model.act import Act
from agentgov.model.fleet import Governance
from agentgov.model.governed import FLEET_FILE, GITHUB_CODEOWNERS, GITLAB_CODEOWNERS
from agentgov.model.snapshot import FILE, TREE
from agentgov.model.state import AUTHORISED, HEAD_FILE, PENDING_FILE, SIGNATURES_FILE, Head, Pending
from agentgov.model.transitions import Refusal
from agentgov.repo.repository import Repository
from agentgov.repo.snapshot import TreeSnapshot
from agentgov.trust.identity import Directory, Identity, problems
from agentgov.trust.pins import Pins
from agentgov.validate.load import load_governance

MAX_SKEW = 300  # seconds that an actor's clock may be ahead of the verifier's
_WHOLE_FOLDERS = ("agents", "governance", "playbooks", "drills", "incidents", ".github/workflows")
_SINGLE_FILES = (FLEET_FILE, ".gitlab-ci.yml", *sorted({*GITHUB_CODEOWNERS, *GITLAB_CODEOWNERS}))


def governed_tree(repo: Repository, tree: str) -> str:
    """The tree with everything governed in a tree of main, and nothing else; it shares all its objects with main."""
    found: dict[str, tuple[int, str] | None] = {}
    for path in (*_WHOLE_FOLDERS, *_SINGLE_FILES):
        entry = repo.entry(tree, path)
        if entry is not None and (entry.mode == TREE) == (path in _WHOLE_FOLDERS):
            found[path] = (entry.mode, entry.oid)
    return repo.put_files(None, found)


def introduction_files(act: Act) -> dict[str, bytes]:
    """The records beside the first act, as bytes by path."""
    head = Head(
        fleet=act.fleet,
        introduction=act.get("Main"),
        main=act.get("Main"),
        governance=act.governance,
        previous_governance=act.governance,
        time=act.time or 0,
    )
    return {HEAD_FILE: to_bytes(head), PENDING_FILE: to_bytes(Pending())}


def refuse_governance(governance: Governance, act: Act, authorised: TreeSnapshot) -> Refusal | None:
    """Why this governance cannot be adopted by this act; None where it can."""
    if act.fleet != governance.fleet.id:
        return Refusal("init.fleet", f"the act is for fleet {act.fleet}, agentgov.yaml says {governance.fleet.id}")
    if act.governance != governance_digest(authorised):
        return Refusal("init.governance", "the act names another governance than it adopts")
    wrong = problems(governance.access)
    if wrong:
        return Refusal("init.access", f"governance/access.yaml does not hold together: {wrong[0].message}")
    return None


def judge_introduction(repo: Repository, entry: Entry, pins: Pins | None, now: int) -> View | Refusal:
    """The view after the first act, or why it is no first act. IncompleteError where an object is missing."""
    act = entry.act
    if act.kind != "init" or entry.parents:
        return Refusal("init.kind", "the journal does not begin with an act init")
    if act.time is None or act.time > now + MAX_SKEW:
        return Refusal("act.time", "the first act carries no time, or one ahead of this machine's clock")
    if pins is not None and (act.fleet, act.get("Main")) != (pins.fleet_id, pins.introduction):
        return Refusal("journal.forked", "the journal introduces another fleet or commit than the pinned one")
    authorised = repo.entry(entry.tree, AUTHORISED)
    if authorised is None or authorised.oid != act.get("Authorised"):
        return Refusal("init.contents", "the act adopts other contents than lie beside it")
    if governed_tree(repo, repo.commit(act.get("Main")).tree) != authorised.oid:
        return Refusal("init.contents", "the act adopts other contents than the commit of main that it names")
    snapshot = TreeSnapshot(repo, authorised.oid, "adopted contents")
    governance, findings = load_governance(snapshot)
    if governance is None:
        first = findings[0].message if findings else "a governance file is missing"
        return Refusal("init.unreadable", f"the adopted governance cannot be read: {first}")
    wrong = refuse_governance(governance, act, snapshot) or _refuse_signers(entry, governance)
    if wrong is not None:
        return wrong
    return _refuse_tree(repo, entry, introduction_files(act)) or view_at(repo, entry.oid)


def _refuse_signers(entry: Entry, governance: Governance) -> Refusal | None:
    directory = Directory(governance.access)
    appender = appender_of(entry, directory)
    if isinstance(appender, Refusal):
        return appender
    signers = signers_of(entry.text, entry.signatures, directory)
    if isinstance(signers, Refusal):
        return signers
    founder = Identity("person", entry.act.actor_id, None)
    if not entry.act.is_personal or founder not in signers:
        return Refusal("authority.actor", f"{entry.act.actor} is named as the actor and has not signed")
    if founder.id not in governance.access.administrators.who:
        return Refusal("init.administrator", f"{founder.id} is no administrator in the governance that is adopted")
    return None


def _refuse_tree(repo: Repository, entry: Entry, files: Mapping[str, bytes]) -> Refusal | None:
    names = {item.name.decode("utf-8", "replace") for item in repo.tree(entry.tree)}
    if names != {AUTHORISED, SIGNATURES_FILE, *files}:
        return Refusal("journal.tree", "the first act's tree holds something else than the act writes")
    for path, raw in files.items():
        found = repo.entry(entry.tree, path)
        if found is None or found.mode != FILE or repo.blob(found.oid) != raw:
            return Refusal("journal.replay", f"the first act's tree says something else at {path} than the act does")
    return None
