"""Does everything that a document names exist: files, workspaces, teams, people, roles, playbooks, names of changes.

Judges names only; whether what they name is allowed is decided in `limits`, whether it is owned in `ownership`.
"""

import posixpath
from collections.abc import Iterable, Iterator

import msgspec

from agentgov.diff.change import is_name
from agentgov.diff.fields import FIELDS
from agentgov.model import guess
from agentgov.model.closure import resolve
from agentgov.model.finding import Finding
from agentgov.model.fleet import Reviews
from agentgov.model.governed import FLEET_FILE, PIPELINE_FILE
from agentgov.model.names import SHARED
from agentgov.model.verdict import Location
from agentgov.validate.codes import finding
from agentgov.validate.pipelines import stages_of
from agentgov.validate.view import Subject, View


def check(view: View) -> Iterator[Finding]:
    """References in governance."""
    fleet, pipeline = view.parts.fleet, view.parts.pipeline
    if fleet is not None:
        yield from _reviews(view, fleet.reviews)
    if pipeline is not None:
        for pointer, stage in stages_of(pipeline):
            if stage.promoters is not None:
                yield from _selectors(view, PIPELINE_FILE, f"{pointer}/promoters/from", stage.promoters.sources)
    for name, workspace in view.parts.workspaces.items():
        yield from selector(view, f"governance/workspaces/{name}.yaml", "/owner", workspace.owner)


def check_workspaces(view: View, workspaces: Iterable[str]) -> Iterator[Finding]:
    """Whether governance knows the workspaces that have agents."""
    for name in sorted(workspaces):
        file = f"governance/workspaces/{name}.yaml"
        if file not in view.entries:
            message = f"there are agents in agents/{name} and no {file}"
            yield finding("reference.workspace-missing", Location(file), message, "add it, or move the agents")


def check_agent(view: View, subject: Subject) -> Iterator[Finding]:
    """References in one agent.yaml."""
    spec = subject.agent.spec
    for pointer, reference in named_texts(subject):
        yield from _file(view, subject, pointer, reference)
    for index, tool in enumerate(spec.tools):
        if tool.args is not None:
            pointer = f"/spec/tools/{index}/args/file"
            missing = list(_file(view, subject, pointer, tool.args.file))
            yield from missing or _json_schema(view, subject, pointer, tool.args.file)
    for index, suite in enumerate(spec.evals):
        yield from _file(view, subject, f"/spec/evals/{index}/suite", suite.suite)
    yield from selector(view, subject.file, "/spec/owner", spec.owner)
    yield from _selectors(view, subject.file, "/spec/oncall/escalate", spec.oncall.escalate)
    for index, rule in enumerate(spec.actions):
        if not isinstance(rule.then, str):
            yield from _selectors(view, subject.file, f"/spec/actions/{index}/then/ask/who", rule.then.ask.who)
    if spec.playbook and not view.is_file(spec.playbook):
        fix = _close(spec.playbook, (path for path in view.entries if path.startswith("playbooks/")))
        message = f"there is no playbook {spec.playbook}"
        yield view.at("reference.file-missing", subject.file, "/spec/playbook", message, fix)


def named_texts(subject: Subject) -> Iterator[tuple[str, str]]:
    """(pointer, reference) of every prompt text of an agent."""
    prompts = subject.agent.spec.prompts
    yield "/spec/prompts/system/file", prompts.system.file
    for index, partial in enumerate(prompts.partials):
        yield f"/spec/prompts/partials/{index}", partial


def selector(view: View, file: str, pointer: str, name: str) -> Iterator[Finding]:
    """Whether a person, `team:<id>` or `role:<name>` is in Access."""
    access = view.parts.access
    if access is None:
        return
    kind, _, rest = name.rpartition(":")
    known = view.parts.selectable[kind if kind in ("team", "role") else "person"]
    if rest in known:
        return
    word = kind or "person"
    message = f"there is no {word} {rest} in governance/access.yaml"
    if not kind and any(bot.id == rest for bot in access.bots):
        message = f"{rest} is a bot, and this takes a person or a team"
    elif not kind and any(team.id == rest for team in access.teams):
        yield view.at(f"reference.unknown-{word}", file, pointer, message, f'did you mean "team:{rest}"?')
        return
    yield view.at(f"reference.unknown-{word}", file, pointer, message, _close(rest, known, f"{kind}:" if kind else ""))


def _selectors(view: View, file: str, pointer: str, names: Iterable[str]) -> Iterator[Finding]:
    for index, name in enumerate(names):
        yield from selector(view, file, f"{pointer}/{index}", name)


def _reviews(view: View, reviews: Reviews) -> Iterator[Finding]:
    if reviews.default.sources != "owners":
        yield from _selectors(view, FLEET_FILE, "/reviews/default/from", reviews.default.sources)
    for index, rule in enumerate(reviews.rules):
        if rule.sources != "owners":
            yield from _selectors(view, FLEET_FILE, f"/reviews/rules/{index}/from", rule.sources)
        for place, name in enumerate(rule.when.changed):
            if not is_name(name):
                message = f"no change is called {name}, so this rule asks at every change"
                pointer = f"/reviews/rules/{index}/when/changed/{place}"
                yield view.at("reference.unknown-change", FLEET_FILE, pointer, message, _close(name, FIELDS))


def _file(view: View, subject: Subject, pointer: str, reference: str) -> Iterator[Finding]:
    path = resolve(subject.id, reference)
    if path is None:
        shared = f"agents/{subject.id.workspace}/{SHARED}/"
        message = f"{reference} leads out of {subject.id.folder}/ and {shared}"
        yield view.at("reference.escapes", subject.file, pointer, message, f"put the file there, or in {shared}")
    elif path not in view.entries:
        allowed = (f"{subject.id.folder}/", f"agents/{subject.id.workspace}/{SHARED}/")
        near = (other for other in view.entries if other.startswith(allowed))
        fix = _close(reference, (posixpath.relpath(other, subject.id.folder) for other in near))
        yield view.at("reference.file-missing", subject.file, pointer, f"there is no file {path}", fix)


def _json_schema(view: View, subject: Subject, pointer: str, reference: str) -> Iterator[Finding]:
    path = resolve(subject.id, reference)
    if path is None or not view.is_file(path):
        return
    try:
        value = msgspec.json.decode(view.snapshot.read(path))
    except (ValueError, RecursionError) as error:
        message = f"{path} is not JSON: {error}"
        yield view.at("reference.not-a-schema", subject.file, pointer, message, "write a JSON Schema")
        return
    if not isinstance(value, dict | bool):
        yield view.at("reference.not-a-schema", subject.file, pointer, f"{path} is no JSON Schema", "write an object")


def _close(name: str, known: Iterable[str], prefix: str = "") -> str:
    close = guess.closest(name, list(known))
    return f'did you mean "{prefix}{close}"?' if close else ""
