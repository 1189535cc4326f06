"""A small fleet that is in order, and edits of it: every test of a rule changes one thing and looks at the findings."""

from collections.abc import Mapping

from agentgov.model.finding import Finding
from agentgov.model.names import AgentId
from agentgov.model.partition import PartitionedSnapshot
from agentgov.model.snapshot import FILE, Entry, MemorySnapshot
from agentgov.validate.run import removed_between, validate

AGENT = "agents/support/refunds/agent.yaml"
SECOND = "agents/support/triage/agent.yaml"
PROMPT = "agents/support/refunds/prompts/system.md"
SHARED = "agents/support/shared/tone.md"
ACCESS = "governance/access.yaml"
FLEET = "agentgov.yaml"
PIPELINE = "governance/pipeline.yaml"
WORKSPACE = "governance/workspaces/support.yaml"
OWNERS = ".github/CODEOWNERS"

# Public halves of throw-away keys.
ALICE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICxtg2nqh9NvLPldwSNhnfi0yXWzGR1OEzN6AEsmfX2w alice"

REFUNDS, TRIAGE = AgentId("support", "refunds"), AgentId("support", "triage")

FILES: dict[str, str] = {
    FLEET: """\
apiVersion: agentgov.dev/v1
kind: Fleet
id: 5b1f7f0e-64c5-4d0a-8c83-0f3f6f0f2a11
name: sample
reviews:
  default: {approvals: 1, from: owners}
  rules:
    - {when: {risk: [high]}, approvals: 2, from: owners}
    - {when: {changed: [tools]}, approvals: 1, from: [team:security]}
""",
    ACCESS: f"""\
apiVersion: agentgov.dev/v1
kind: Access
administrators: {{who: [alice, bob], threshold: 2}}
people:
  - {{id: alice, emails: [alice@sample.example], github: {{login: alice-ng, id: 1}}, keys: ["{ALICE}"]}}
  - {{id: bob, emails: [bob@sample.example]}}
  - {{id: carol, emails: [carol@sample.example]}}
bots:
  - {{id: gate, kind: gate}}
teams:
  - {{id: support, members: [alice, bob, carol], handles: ["@sample/support"]}}
  - {{id: security, members: [bob, carol]}}
bindings:
  - {{role: operator, who: [team:support], agents: ["**"], environments: [staging]}}
""",
    PIPELINE: """\
apiVersion: agentgov.dev/v1
kind: Pipeline
stages:
  - {name: staging, environment: staging}
  - {name: canary, environment: production, steps: [{share: 5%}, {share: 50%}], judge: none}
  - {name: production, environment: production, promoters: {count: 1, from: [team:support]}}
""",
    WORKSPACE: """\
apiVersion: agentgov.dev/v1
kind: Workspace
name: support
owner: team:support
budget: {month: "100.00 USD"}
models: {allow: ["openai/*"], deny: ["openai/o1"]}
tools: {deny: ["shell.*"]}
risk: {floor: medium}
data: {ceiling: confidential}
""",
    OWNERS: "* @sample/support\n",
    AGENT: """\
apiVersion: agentgov.dev/v1
kind: Agent
metadata: {name: refunds}
spec:
  description: Refunds.
  owner: team:support
  risk: medium
  model: {primary: openai/gpt-4o-mini, params: {max_output_tokens: 200}}
  prompts:
    system: {file: prompts/system.md}
    partials: [../shared/tone.md]
    variables: {customer: {type: string, untrusted: true}}
  tools:
    - {name: orders.lookup, effect: read, args: {file: tools/lookup.json}}
    - {name: refund.create, effect: irreversible, cost: "0.02 USD"}
  actions:
    - {match: {tools: ["*.lookup"]}, then: allow}
    - {match: {tools: [refund.create]}, then: {ask: {who: [team:support], count: 2}}}
  quotas: [{tool: refund.create, per: 24h, max: 10}]
  budget: {day: "4.00 USD", run: "1.00 USD"}
  environments: {staging: {budget: {day: "1.00 USD"}}}
  oncall: {escalate: [team:support, role:administrator]}
  playbook: playbooks/refunds.yaml
""",
    PROMPT: "You help {{customer}}.\n",
    SHARED: "Be kind.\n",
    "agents/support/refunds/tools/lookup.json": '{"type": "object"}\n',
    SECOND: """\
apiVersion: agentgov.dev/v1
kind: Agent
metadata: {name: triage}
spec:
  description: Triage.
  owner: alice
  risk: medium
  model: {primary: openai/gpt-4o-mini, params: {max_output_tokens: 200}}
  prompts: {system: {file: prompts/system.md}}
  lifecycle: {state: draft}
""",
    "agents/support/triage/prompts/system.md": "You sort tickets.\n",
    "playbooks/refunds.yaml": """\
apiVersion: agentgov.dev/v1
kind: Playbook
name: refunds
title: Refunds go wrong
match: {agents: ["support/*"]}
responders: [team:support, role:administrator]
steps:
  - {id: look, title: Since when, type: check, run: agentgov history support/refunds}
  - {id: contain, title: Stop it, type: command, run: "agentgov pause {agent} --reason {reason}", expect: It stops.}
  - {id: learn, title: What was learnt, type: command, run: "agentgov incident review {incident}", expect: Merged.}
comms:
  - {at: 1h, to: team:support, template: "Paused since {time}: {reason}"}
""",
}

Edit = str | bytes | None | tuple[str, str]


def fleet(edits: Mapping[str, Edit] | None = None) -> MemorySnapshot:
    """The fleet with some files replaced (text, bytes), removed (None), or edited (old, new: exactly one place)."""
    files = {path: text.encode() for path, text in FILES.items()}
    for path, edit in (edits or {}).items():
        if edit is None:
            del files[path]
        elif isinstance(edit, tuple):
            assert files[path].count(edit[0].encode()) == 1, (path, edit)
            files[path] = files[path].replace(edit[0].encode(), edit[1].encode())
        else:
            files[path] = edit.encode() if isinstance(edit, str) else edit
    return MemorySnapshot(files)


def findings(edits: Mapping[str, Edit] | None = None) -> tuple[Finding, ...]:
    """Everything that is wrong with the edited fleet."""
    return validate(fleet(edits))


def told(edits: Mapping[str, Edit] | None = None) -> list[tuple[str, str, int]]:
    """(code, file, line) of everything that is wrong with the edited fleet."""
    return [(found.code, found.where.file, found.where.line) for found in findings(edits)]


class Modes:
    """A snapshot in which some paths are no ordinary files."""

    def __init__(self, snapshot: MemorySnapshot, modes: Mapping[str, int]) -> None:
        self._snapshot, self._modes, self.name = snapshot, modes, "modes"

    def entries(self) -> Mapping[str, Entry]:
        found = {path: Entry(self._modes.get(path, FILE)) for path in [*self._snapshot.files, *self._modes]}
        return dict(sorted(found.items()))

    def read(self, path: str) -> bytes:
        if not self.entries()[path].is_file:
            raise KeyError(path)
        return self._snapshot.read(path)

    def digest(self, path: str) -> str:
        return self._snapshot.digest(path)


def removed(before: MemorySnapshot, after: MemorySnapshot) -> tuple[Finding, ...]:
    """What is told of the agents that one state of the fleet has and the other has not."""
    return removed_between(PartitionedSnapshot(before), PartitionedSnapshot(after))
