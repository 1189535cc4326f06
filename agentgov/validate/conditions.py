"""Do the conditions of action rules compile: `when` in agents and in the fleet's ActionPolicy, to the character.

What a condition may say is decided in `agentgov.policy.cel`; here it is found in files. Nothing is evaluated.
"""

from collections.abc import Iterator, Mapping, Sequence

from agentgov.model.agent import ActionRule
from agentgov.model.finding import Finding
from agentgov.model.governed import ACTIONS_FILE
from agentgov.model.policies import FleetRule
from agentgov.policy import cel
from agentgov.validate.view import Subject, View

Rules = Sequence[ActionRule | FleetRule]


def check(view: View) -> Iterator[Finding]:
    """The conditions of the fleet's ActionPolicy."""
    if view.parts.actions is not None:
        yield from _of_rules(view, ACTIONS_FILE, "/rules", view.parts.actions.rules)


def check_agent(view: View, subject: Subject) -> Iterator[Finding]:
    """The conditions of one agent's action rules."""
    yield from _of_rules(view, subject.file, "/spec/actions", subject.agent.spec.actions)


def first(rules: Rules, pointer: str) -> str:
    """The pointer of the first condition in a list of rules; empty where none has one."""
    return next((f"{pointer}/{index}/when" for index, rule in enumerate(rules) if rule.when), "")


def check_available(view: View, of_fleet: str, folders: Mapping[str, str]) -> Iterator[Finding]:
    """One warning where there are conditions and nothing that compiles them; pointers by the folder of the agent."""
    places = [(ACTIONS_FILE, of_fleet), *((f"{folder}/agent.yaml", pointer) for folder, pointer in folders.items())]
    having = [(file, pointer) for file, pointer in places if pointer]
    if having and not cel.available():
        files = "one file was" if len(having) == 1 else f"{len(having)} files were"
        message = f"cel-expr-python cannot be loaded on this machine, so the conditions of {files} not checked"
        yield view.at("content.condition-unchecked", *having[0], message, "pip install cel-expr-python")


def _of_rules(view: View, file: str, pointer: str, rules: Rules) -> Iterator[Finding]:
    for index, rule in enumerate(rules):
        problem = cel.check_condition(rule.when) if rule.when else None
        if problem is not None:
            where = f"{pointer}/{index}/when"
            yield view.inside("content.condition", file, where, problem.offset, problem.message, problem.fix)
