"""The first act: an administrator adopts the governed contents of one commit of main as they are.

Trust in it comes from outside the repository (`trust.pins`); everything later rests on it.
"""

from agentgov.journal.authorise import governance_digest
from agentgov.journal.clock import MAX_SKEW
from agentgov.journal.content_paths import is_nameable
from agentgov.journal.entry import Entry, appender_of, refuse_tree, signers_of
from agentgov.journal.parts import GOVERNANCE_FILES, GOVERNANCE_FOLDERS, Overlay, Part, governance_part
from agentgov.journal.records import to_bytes
from agentgov.journal.view import View, view_at
from agentgov.model.act import Act
from agentgov.model.fleet import Governance
from agentgov.model.snapshot import FILE, TREE, Snapshot
from agentgov.model.state import AUTHORISED, HEAD_FILE, PENDING_FILE, Head, Pending
from agentgov.model.transitions import Refusal
from agentgov.repo.objects import is_object_id, object_id
from agentgov.repo.repository import Repository
from agentgov.trust.identity import Directory, Identity, problems
from agentgov.trust.pins import Pins
from agentgov.validate.load import load_governance

_FOLDERS = ("agents", "playbooks", "drills", "incidents", *GOVERNANCE_FOLDERS)


def governed_changes(repo: Repository, tree: str) -> dict[str, tuple[int, str] | None]:
    """Every governed file of a tree of main, as what has to be put into an empty tree: whole folders where all that is
    in them can be adopted, so that objects are shared with main.

    What could never be authorised later is not adopted either: symlinks, submodules, names that are not UTF-8.
    """
    trees, found = Overlay(repo), dict[str, tuple[int, str] | None]()
    for path in (*_FOLDERS, *GOVERNANCE_FILES):
        entry = repo.entry(tree, path)
        if entry is None or (entry.mode == TREE) != (path in _FOLDERS):
            continue
        files = Part(trees, tree, path, [path]).entries()
        good = {name: (file.mode, file.oid) for name, file in files.items() if file.is_file and is_nameable(name)}
        whole = len(good) == len(files) and path in _FOLDERS
        found.update({path: (entry.mode, entry.oid)} if whole else good)
    return found


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


def refuse_governance(governance: Governance, act: Act, authorised: Snapshot) -> Refusal | None:
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
    if not is_object_id(act.get("Main")):
        return Refusal("init.contents", f"{act.get('Main')!r} is no commit of main")
    if act.get("Previous") and not is_object_id(act.get("Previous")):
        return Refusal("init.previous", f"{act.get('Previous')!r} is no commit of a journal that this one replaces")
    trees = Overlay(repo)
    authorised = trees.put_files(None, governed_changes(repo, repo.commit(act.get("Main")).tree))
    if authorised != act.get("Authorised"):
        return Refusal("init.contents", "the act adopts other contents than the commit of main that it names")
    snapshot = governance_part(trees, authorised, "adopted contents")
    governance, findings = load_governance(snapshot)
    if governance is None:
        first = findings[0].message if findings else "a governance file is missing"
        return Refusal("init.unreadable", f"the adopted governance cannot be read: {first}")
    files = {path: (FILE, object_id("blob", raw)) for path, raw in introduction_files(act).items()}
    wrong = (
        refuse_governance(governance, act, snapshot)
        or _refuse_signers(entry, governance)
        or refuse_tree(repo, None, {**files, AUTHORISED: (TREE, authorised)}, entry)
    )
    return wrong or view_at(repo, entry.oid)


def _refuse_signers(entry: Entry, governance: Governance) -> Refusal | None:
    directory = Directory(governance.access)
    appender = appender_of(entry, directory)
    if isinstance(appender, Refusal):
        return appender
    signers = signers_of(entry.text, entry.signatures, directory)
    if isinstance(signers, Refusal):
        return signers
    if not entry.act.is_personal or Identity("person", entry.act.actor_id) not in signers:
        return Refusal("authority.actor", f"{entry.act.actor} is named as the actor and has not signed")
    for who in sorted(signers, key=lambda who: who.id):
        if who.kind != "person" or who.id not in directory.administrators:
            return Refusal("init.administrator", f"{who.id} is no administrator in the governance that is adopted")
    return None
