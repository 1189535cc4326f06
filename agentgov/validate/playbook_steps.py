"""Can the steps of a playbook be done: commands that exist, placeholders that are known, ends that are there, checks.

Commands are read against the program's own (`command_lines`); nothing is run.
"""

from collections.abc import Iterator

from agentgov.model import guess
from agentgov.model.command_line import Problem, is_ours, lines_of, read_command
from agentgov.model.finding import Finding
from agentgov.model.playbook import DOUBLED, MESSAGE_NAMES, PLACEHOLDER, PLACEHOLDERS, Playbook, PlaybookStep
from agentgov.validate.command_lines import grammar
from agentgov.validate.policies import check_names
from agentgov.validate.view import View

OTHERWISE = ("stop", "continue")
_WITH_COMMANDS = ("run", "check", "rollback")


def check_steps(view: View, file: str, playbook: Playbook) -> Iterator[Finding]:
    """What is wrong with the steps of a playbook, and with the texts of its messages."""
    ids = [step.id for step in playbook.steps]
    yield from check_names(view, file, "/steps", "id", ids)
    for index, step in enumerate(playbook.steps):
        place = f"/steps/{index}"
        yield from _missing(view, file, place, step)
        yield from _ends(view, file, place, step, ids)
        yield from _commands(view, file, place, step)
    for index, message in enumerate(playbook.comms):
        text = DOUBLED.sub("", message.template)
        yield from _placeholders(view, file, f"/comms/{index}/template", text, MESSAGE_NAMES)


def _missing(view: View, file: str, place: str, step: PlaybookStep) -> Iterator[Finding]:
    if step.type in ("command", "check") and not step.run.strip():
        message = f"the step {step.id} is a {step.type} and does not say what to run"
        yield view.at("content.playbook-step", file, place, message, "add run, or write type: manual")
    elif step.type == "command" and not (step.check.strip() or step.expect.strip()):
        message = f"nothing tells whether the step {step.id} has worked"
        yield view.at(
            "content.playbook-unchecked", file, place, message, "add check (a command), or expect (a sentence)"
        )


def _ends(view: View, file: str, place: str, step: PlaybookStep, ids: list[str]) -> Iterator[Finding]:
    """Whether the steps that it leads to are there."""
    ends = [(f"{place}/onFail", step.on_fail), *((f"{place}/choices/{word}", to) for word, to in step.choices.items())]
    for pointer, end in ends:
        if end not in (*OTHERWISE, *ids):
            fix = guess.question(end, (*ids, *OTHERWISE)) or "write stop, continue, or the id of a step"
            yield view.at("reference.unknown-step", file, pointer, f"there is no step {end} to go to", fix)


def _commands(view: View, file: str, place: str, step: PlaybookStep) -> Iterator[Finding]:
    for field in _WITH_COMMANDS:
        text = getattr(step, field)
        yield from _placeholders(view, file, f"{place}/{field}", text, tuple(PLACEHOLDERS))
        for line in filter(is_ours, lines_of(text)):
            found = read_command(line, grammar())
            if isinstance(found, Problem):
                message = f"the step {step.id} cannot be run: {found.message}"
                yield view.at("content.playbook-command", file, f"{place}/{field}", message, found.fix)


def _placeholders(view: View, file: str, pointer: str, text: str, known: tuple[str, ...]) -> Iterator[Finding]:
    for name in dict.fromkeys(PLACEHOLDER.findall(text)):
        if name not in known:
            message = f"nothing fills in {{{name}}}"
            fix = guess.question(name, known) or f"known are {', '.join(known)}"
            yield view.at("content.playbook-placeholder", file, pointer, message, fix)
