"""Playbooks to begin with, for the failures that agents have in common: each can be run as it stands.

Every one finds out what goes on, pauses the agent and no other, names who is next, tells people, and checks what it
did. What only the team knows (a console, a phone number) is a manual step that says what to write there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from agentgov.model.names import AgentId
from agentgov.model.playbook_kinds import Kind
from agentgov.scaffold.editor import modeline
from agentgov.scaffold.text import quoted

_AGAIN = timedelta(days=182)


@dataclass(frozen=True, slots=True)
class _Step:
    """A step as it is written; `more` are further lines of YAML."""

    id: str
    title: str
    type: str
    run: tuple[str, ...]
    expect: str
    timeout: str
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Told:
    """What has gone wrong, how bad it is, when to stop following the playbook, and the steps."""

    title: str
    severity: int
    stop: str
    steps: tuple[_Step, ...]


def _look(*commands: str, expect: str) -> _Step:
    return _Step("identify", "Since when, and by which release", "check", commands, expect, "5m", ("onFail: continue",))


def _contain(title: str = "Stop this agent; nobody else is touched", mode: str = "") -> _Step:
    run = f"agentgov pause {{agent}}{f' --mode {mode}' if mode else ''} --reason {{reason}}"
    expect = "It reads and answers; whatever changes the world is denied." if mode else "It gets no lease any more."
    return _Step("contain", title, "command", (run,), expect, "1m", _PAUSED)


def _manual(id_: str, title: str, run: str, expect: str) -> _Step:
    return _Step(id_, title, "manual", (run,), expect, "30m")


def _decide(title: str, expect: str, choices: str = "release: roll-back, world: repair") -> _Step:
    return _Step("cause", title, "decision", (), expect, "10m", (f"choices: {{{choices}}}",))


_STATUS = ("agentgov status {agent}", "agentgov history {agent} -n 20")
_USED = "agentgov usage show {agent}"
_PAUSED = ("check: agentgov status {agent}", "rollback: agentgov resume {agent}")
_BACK = _Step(
    "roll-back",
    "Back to the release before, which marks this one as bad",
    "command",
    ("agentgov rollback {agent} --reason {reason}",),
    "The prior release is in production, and the one left is marked bad.",
    "2m",
    ("check: agentgov status {agent}",),
)
_RESUME = _Step(
    "resume",
    "Let it go on",
    "command",
    ("agentgov resume {agent}",),
    "What went wrong is a case of its evaluation suite, and its owner agrees.",
    "5m",
    ("check: agentgov status {agent}",),
)
_REVIEW = _Step(
    "review",
    "Write down what happened and what was learnt",
    "command",
    ("agentgov incident review {incident}",),
    "The review is merged, and every action in it has an owner and a day.",
    "1h",
)

_TOLD: Mapping[Kind, _Told] = {
    "runaway-cost": _Told(
        "It spends far more than it should",
        2,
        "Money still goes out five minutes after the pause.",
        (
            _look(
                *_STATUS,
                _USED,
                "agentgov budget show {agent}",
                expect="Which model or tool costs it, and from which hour on.",
            ),
            _contain(),
            _decide("A new release, or more work than usual?", "The hour it began, beside the hour of the release."),
            _BACK,
            _manual(
                "repair",
                "Lower the budget of a run until the cause is known",
                "A change of `budget` in agent.yaml, and its review.",
                "The next runaway ends by itself.",
            ),
            _RESUME,
        ),
    ),
    "loop": _Told(
        "It calls the same tool over and over",
        2,
        "Calls go on five minutes after the pause, or each of them changed something.",
        (
            _look(*_STATUS, _USED, expect="The tool, its arguments, and how many runs do it."),
            _contain("Stop its changes; it may go on reading", "read-only"),
            _decide("A new release, or a tool that answers otherwise?", "What the tool answered before it began."),
            _BACK,
            _manual(
                "repair",
                "Mend the tool, or the rule that allows it",
                "The tool's owner; a quota in agent.yaml ends the next loop.",
                "The same input ends after one call.",
            ),
            _RESUME,
        ),
    ),
    "bad-release": _Told(
        "A release does something it should not",
        3,
        "The release before does the same.",
        (
            _look(
                *_STATUS,
                "agentgov diff --agent {agent} env:staging env:production",
                expect="What the release changed, and whether it began with it.",
            ),
            _contain(),
            _BACK,
            _manual(
                "repair",
                "Put right what it did",
                "Everything that the release did since it began: write here where that is seen.",
                "Whoever was concerned has been told.",
            ),
            _RESUME,
        ),
    ),
    "tool-misuse": _Told(
        "It uses a tool as nobody meant it to",
        2,
        "The tool is also used by an agent that is not paused.",
        (
            _look(
                *_STATUS,
                _USED,
                "agentgov action list --all",
                expect="Which calls, with which arguments, and who allowed them.",
            ),
            _contain("Stop its changes; it may go on reading", "read-only"),
            _decide(
                "Did a release bring the tool, or was a rule too wide?", "The action rule that let the calls through."
            ),
            _BACK,
            _manual(
                "repair",
                "Undo what can be undone, and tighten the rule",
                "The tool's own console; then `actions` in agent.yaml.",
                "The same call is denied, and the list of what it did is complete.",
            ),
            _RESUME,
        ),
    ),
    "data-leak": _Told(
        "It shows people what is not theirs",
        1,
        "Personal data has left the company: the privacy officer leads from here.",
        (
            _contain(),
            _look(
                *_STATUS,
                expect="What was shown, to whom, from which hour on. Copies of it are kept for the investigation.",
            ),
            _manual(
                "privacy",
                "Call the privacy officer",
                "Write the name and the number here. Laws give hours, not days (GDPR, article 33: 72).",
                "Somebody has taken it on, and the clock is written down.",
            ),
            _manual(
                "revoke",
                "Change every secret it could read",
                "The connections in agent.yaml; whoever keeps the vault.",
                "The old ones open nothing.",
            ),
            _BACK,
            _manual(
                "repair",
                "Tell those whose data it was",
                "The privacy officer decides the words.",
                "A list of people, and when each was told.",
            ),
            _RESUME,
        ),
    ),
    "provider-outage": _Told(
        "The provider of its model fails",
        3,
        "The provider says that data was lost or shown to others: go on with the playbook for leaks.",
        (
            _look(*_STATUS, _USED, expect="Errors of one model. Compare with the provider's own status page."),
            _decide(
                "Can it wait, or does somebody depend on it now?",
                "Who waits for its answers.",
                "wait: contain, fallback: repair",
            ),
            _contain(),
            _manual(
                "repair",
                "Let people, or the fallback model, take over",
                "`model.fallback` in agent.yaml; the team that did the work before.",
                "Nobody waits for an agent that cannot answer.",
            ),
            _RESUME,
        ),
    ),
    "injection": _Told(
        "A text from outside makes it do what it should not",
        1,
        "Something that cannot be undone was done: the security team leads from here.",
        (
            _contain("Stop its changes; it may go on reading", "read-only"),
            _look(
                *_STATUS,
                _USED,
                "agentgov action list --all",
                expect="The text, where it came from, and what it made the agent do.",
            ),
            _manual(
                "source",
                "Take the text away, and look for others like it",
                "The mailbox, page or document it came from. Keep a copy.",
                "The same text reaches no other agent.",
            ),
            _manual(
                "repair",
                "Undo what was done, and close the way",
                "Mark the variable `untrusted`, ask a person for what cannot be undone.",
                "The text is a case of the evaluation suite, and the suite passes.",
            ),
            _RESUME,
        ),
    ),
    "wrong-answers": _Told(
        "It tells many people something wrong",
        2,
        "Somebody may come to harm by what they were told.",
        (
            _look(
                *_STATUS,
                "agentgov diff --agent {agent} env:staging env:production",
                expect="One wrong answer, word for word, and the release that gave it.",
            ),
            _contain(),
            _decide("A new release, or a source that is wrong?", "The same question, asked of the release before."),
            _BACK,
            _manual(
                "repair",
                "Correct it for everyone who was told",
                "Runs since the release began; a short text with the right answer, from a person.",
                "A list of who was told, and when they were put right.",
            ),
            _RESUME,
        ),
    ),
}


def playbook_file(kind: Kind, agent: AgentId | None) -> str:
    """Where the playbook of a kind lies, for one agent or for all."""
    return f"playbooks/{f'{agent.workspace}-{agent.name}-{kind}' if agent is not None else kind}.yaml"


def playbook_text(
    kind: Kind,
    agent: AgentId | None,
    owner: str,
    *,
    name: str = "",
    today: date | None = None,
) -> str:
    """A playbook that validates, about one agent or, without one, about whichever it is run for; it is to be read
    again half a year from `today`, on no day where that is None."""
    told = _TOLD[kind]
    file = f"playbooks/{name}.yaml" if name else playbook_file(kind, agent)
    lines = [
        f"{modeline(file)}apiVersion: agentgov.dev/v1",
        "kind: Playbook",
        f"name: {file.removeprefix('playbooks/').removesuffix('.yaml')}",
        f"title: {quoted(told.title)}",
        *([f"match: {{agents: [{agent}]}}"] if agent is not None else []),
        f"severity: {told.severity}",
        f"responders: [{quoted(owner)}]",
        'next: ["role:administrator"]',
        "stopConditions:",
        f"  - {quoted(told.stop)}",
        "steps:",
    ]
    for step in (*told.steps, _REVIEW):
        lines += _step(step)
    lines += [
        "comms:",
        f'  - {{at: 15m, to: {quoted(owner)}, template: "{{agent}} is paused since {{time}}: {{reason}}"}}',
        '  - {at: 1h, to: "role:administrator", template: "{agent}, severity {severity}: {status}"}',
        *([] if today is None else [f"reviewBy: {today + _AGAIN}    # read it again by then, and move the day"]),
    ]
    return "\n".join(lines) + "\n"


def _step(step: _Step) -> list[str]:
    lines = [f"  - id: {step.id}", f"    title: {quoted(step.title)}", f"    type: {step.type}"]
    if len(step.run) == 1:
        lines.append(f"    run: {step.run[0] if step.type != 'manual' else quoted(step.run[0])}")
    elif step.run:
        lines += ["    run: |", *(f"      {line}" for line in step.run)]
    lines += [f"    {line}" for line in step.more]
    return [*lines, f"    expect: {quoted(step.expect)}", f"    timeout: {step.timeout}"]
