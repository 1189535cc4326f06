"""`agentgov init`: the first files of a fleet. Finds out who sits here, and writes the files that are missing.

Asks for nothing, overwrites nothing, commits nothing. The private keys of its bots go into the user's own folder.
"""

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agentgov.cli.options import answer, format_option
from agentgov.errors import ConfigurationError, UsageError
from agentgov.model.governed import ACCESS_FILE, FLEET_FILE, GITHUB_CODEOWNERS, GITLAB_CODEOWNERS

if TYPE_CHECKING:
    from agentgov.model.access import BotKind, Person
    from agentgov.repo.repository import Repository
    from agentgov.report.page import Page
    from agentgov.scaffold.forge import CI

_NEXT = (
    ("agentgov new WORKSPACE/AGENT", "the first agent"),
    ("git add -A && git commit -S -m 'Start the fleet'", "all of it, signed"),
    ("agentgov trust init", "adopt what stands here as authorised, and start the journal"),
    ("agentgov validate", "whenever you want to know what is wrong"),
    ("agentgov playbook new KIND", "what people do when it goes wrong; `new` wrote the first one, bad-release"),
    ("agentgov drill new WORKSPACE/AGENT", "a drill of it; when each is due: agentgov drill due"),
    ("agentgov serve", "once an agent is released: the gate, which it asks at run time"),
)


@dataclass(slots=True)
class _Result:
    """What was done and what could not be."""

    root: Path
    name: str
    fleet_id: str
    written: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@click.command()
@click.argument("folder", metavar="[DIR]", required=False)
@click.option(
    "--ci",
    type=click.Choice(("github", "gitlab", "none")),
    help="Whose CI runs agentgov (default: by the remote, or by the pipeline that is there, else github).",
)
@click.option(
    "--action",
    default="",
    metavar="OWNER/REPO@DIGEST",
    help="Let GitHub's workflows call the action at this commit instead of installing a version.",
)
@format_option()
def init(folder: str | None, ci: "CI | None", action: str, output: str) -> int:
    """Scaffold a fleet in DIR (default: this repository): governance, CODEOWNERS, CI, pre-commit hook, editors.

    Asks for nothing: the name comes from the folder, the person and the key from git's configuration. Files that exist
    are left as they are; only the copies of the schemas for editors are brought up to date. A folder outside of git
    becomes a repository. Exit 0: the files are there.
    """
    from agentgov.cli.place import write_copy
    from agentgov.cli.tools.schema import schema_copies
    from agentgov.repo.repository import Repository

    _refuse_movable(action, ci)
    root = _root(folder)
    repo = Repository.open(root)
    result = _Result(root, *_fleet(root))
    person = _person(repo, result)
    for path, text in _files(result, person, ci or _ci(repo, root), action).items():
        _write(result, path, text)
    for path, text in schema_copies().items():
        (result.written if write_copy(root, path, text) else result.left).append(path)
    _editors(result)
    document = _document(result, person)
    answer(output, _page(result, document), document)
    return 0


def _root(folder: str | None) -> Path:
    """The top of the repository to write into, made where there is none."""
    from agentgov.repo.location import find_repository
    from agentgov.repo.program import git

    root = Path(folder or ".").resolve()
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{root} cannot be a folder: {error.strerror}") from error
    if folder is None:
        try:
            found = find_repository(root)
        except ConfigurationError:
            found = None
        if found is not None and found.root is None:
            raise ConfigurationError("this repository has no working tree", "run it in a clone")
        root = found.root if found is not None and found.root is not None else root
    if not (root / ".git").exists():
        git(root, "init", "-q", "--initial-branch=main")
    return root


def _refuse_movable(action: str, ci: "CI | None") -> None:
    """An action that a tag or a branch names is another one tomorrow."""
    from agentgov.scaffold.ci_steps import is_pinned_action

    if action and ci not in (None, "github"):
        raise UsageError(f"--action is about GitHub's workflows, and --ci says {ci}", "leave one of them out")
    if action and not is_pinned_action(action):
        hint = "name a commit: --action OWNER/REPO@ and its 40 hex digits"
        raise UsageError(f"{action!r} is not an action at the full digest of a commit", hint)


def _ci(repo: "Repository", root: Path) -> "CI":
    from agentgov.scaffold.ci_gitlab import PIPELINE
    from agentgov.scaffold.forge import forge_of

    there = (root / PIPELINE).exists() and not (root / ".github/workflows").exists()
    return forge_of(repo.config("remote.origin.url") or "", there)


def _fleet(root: Path) -> tuple[str, str]:
    """Name and id: those of agentgov.yaml where there is one, else by the folder and at random."""
    from agentgov.importers.naming import label
    from agentgov.validate.yaml_reader import read

    try:
        value = read((root / FLEET_FILE).read_bytes(), FLEET_FILE).value
    except OSError:
        return label(root.name), str(uuid.uuid4())
    known = value if isinstance(value, dict) else {}
    fleet_id, name = known.get("id"), known.get("name")
    if not isinstance(fleet_id, str) or not isinstance(name, str):
        raise ConfigurationError(f"{FLEET_FILE} is there and has no id and name", "see: agentgov validate")
    return label(name), fleet_id


def _person(repo: "Repository", result: _Result) -> "Person":
    """Whoever sits here, as git knows them; what is missing becomes a note that says what to do."""
    from agentgov.repo.signing import person_signer
    from agentgov.scaffold.founder import founder
    from agentgov.trust.keys import parse_public_key

    try:
        name, email = repo.ident()
    except ConfigurationError as error:
        result.notes.append(f"{error.message}, so the person in governance/access.yaml has no e-mail: {error.hint}")
        name, email = "", ""
    try:
        line = parse_public_key(person_signer(repo).public_key).line
    except ConfigurationError as error:
        result.notes.append(f"{error.message}, so governance/access.yaml has no key of yours yet: {error.hint}")
        return founder(name, email, None)
    except ValueError as error:
        result.notes.append(f"your signing key does not count: {error}; make one: ssh-keygen -t ed25519")
        return founder(name, email, None)
    return founder(name, email, f"{line} {email}".strip())


def _files(result: _Result, person: "Person", ci: "CI", action: str) -> dict[str, str]:
    from agentgov import __version__
    from agentgov.scaffold.ci_gitlab import PIPELINE
    from agentgov.scaffold.fleet import fleet_files
    from agentgov.scaffold.forge import PLACES

    keys = {} if (result.root / ACCESS_FILE).exists() else _bot_keys(result)
    files = fleet_files(result.name, result.fleet_id, person, keys, __version__, ci=ci, action=action)
    ours = PLACES[ci]
    there = [place for place in (GITLAB_CODEOWNERS if ci == "gitlab" else GITHUB_CODEOWNERS) if _exists(result, place)]
    if there and ours not in there:
        # One file decides, by its place: ours would silence that one, or never be read.
        lines = [line for line in files.pop(ours).splitlines() if not line.startswith("#")]
        result.left.append(there[0])
        result.notes.append(f"{there[0]} decides already; add to it: {' | '.join(' '.join(x.split()) for x in lines)}")
    if ci == "gitlab" and _exists(result, PIPELINE) and "agentgov" not in _read(result.root / PIPELINE):
        result.notes.append(f"{PIPELINE} is yours and does not run agentgov; the jobs to add: docs/gitlab-ci.md")
    return files


def _exists(result: _Result, path: str) -> bool:
    return (result.root / path).exists()


def _bot_keys(result: _Result) -> "dict[BotKind, str]":
    """The public lines of the keys that the bots of this fleet sign with, made and kept for this user."""
    from agentgov.scaffold.fleet import BOTS
    from agentgov.trust.signers import kept_bot_key

    found: dict[BotKind, str] = {}
    for kind, _ in BOTS:
        try:
            found[kind] = kept_bot_key(result.fleet_id, kind, f"{kind}@{result.name}")
        except ConfigurationError as error:
            result.notes.append(f"there is no key for the {kind} yet: {error.message}")
    return found


def _write(result: _Result, path: str, text: str) -> None:
    from agentgov.cli.place import write_new

    (result.written if write_new(result.root, path, text) else result.left).append(path)


def _editors(result: _Result) -> None:
    """The settings that editors read from a project; those of somebody else are never merged, what to add is told."""
    from agentgov.scaffold.editor import SCHEMAS, editor_files

    for path, text in editor_files().items():
        _write(result, path, text)
        if path in result.left and SCHEMAS in text and SCHEMAS not in _read(result.root / path):
            result.notes.append(f"{path} is yours and names no schemas of agentgov; what to add: docs/editors.md")


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""


def _document(result: _Result, person: "Person") -> dict[str, Any]:
    return {
        "schema": "agentgov.init/1",
        "root": str(result.root),
        "fleet": {"id": result.fleet_id, "name": result.name},
        "person": {"id": person.id, "name": person.name, "emails": list(person.emails), "keys": list(person.keys)},
        "written": result.written,
        "left": result.left,
        "notes": result.notes,
        "next": [{"command": command, "why": why} for command, why in _NEXT],
    }


def _page(result: _Result, document: dict[str, Any]) -> "Page":
    from agentgov.cli.tools.schema import briefly
    from agentgov.report.page import Page, Span

    page = Page().line(Span(f"fleet {result.name}", "bold"), f" in {result.root}")
    for path in briefly(result.written):
        page.line(Span("  wrote ", "good"), path)
    for path in briefly(result.left):
        page.line(Span("  left  ", "dim"), f"{path}, which exists")
    for note in result.notes:
        page.line(Span("  note  ", "warn"), note)
    if ACCESS_FILE in result.written:
        page.line(f"{document['person']['id']} administers it; name a second person, nobody reviews their own changes")
    page.blank().line(Span("next", "bold"))
    width = max(len(command) for command, _ in _NEXT)
    for command, why in _NEXT:
        page.line(f"  {command.ljust(width)}  ", Span(why, "dim"))
    return page
