"""The files of a new fleet with one person, who administers it: as few rules as are safe, each with its reason beside
it.

The scaffold validates without an error. One person cannot review their own changes, and validation says so; what to
add is written where it belongs. Never decides who a person is or which key is theirs: that is handed in.
"""

from collections.abc import Mapping

from agentgov.model.access import BotKind, Person
from agentgov.model.governed import ACCESS_FILE, FLEET_FILE, PIPELINE_FILE, WORKSPACES_FOLDER
from agentgov.scaffold.editor import modeline
from agentgov.scaffold.forge import CI, PLACES, ci_files, codeowners, is_owner, precommit
from agentgov.scaffold.text import quoted

BOTS: tuple[tuple[BotKind, str], ...] = (
    ("reconciler", "agentgov reconcile: takes releases through the pipeline"),
    ("gate", "agentgov serve: what agents ask at run time"),
)


def fleet_files(
    name: str,
    fleet_id: str,
    person: Person,
    bot_keys: Mapping[BotKind, str],
    version: str,
    workspace: str = "",
    ci: CI = "github",
    action: str = "",
) -> dict[str, str]:
    """Path to text of every file of a new fleet.

    `name` is a DNS label, `fleet_id` a UUID, `bot_keys` the public lines of the keys of its bots (the place of one that
    is missing is left open), `version` the agentgov that CI installs, `workspace` a first workspace, a DNS label or
    empty, `ci` the forge whose CI runs agentgov, `action` the pinned action that GitHub's workflows call instead of
    installing.
    """
    files = {
        "agentgov.yaml": _fleet(name, fleet_id, ci),
        "governance/access.yaml": _access(name, person, bot_keys),
        "governance/pipeline.yaml": _pipeline(),
        PLACES[ci]: codeowners(owner_handle(name, person), ci),
        **ci_files(ci, version, action),
        ".pre-commit-config.yaml": precommit(),
        "README.md": _readme(name, PLACES[ci]),
    }
    if workspace:
        files[f"governance/workspaces/{workspace}.yaml"] = workspace_file(workspace, person.id)
    return files


def owner_handle(name: str, person: Person) -> str:
    """How CODEOWNERS calls the person: by an e-mail address that forges accept, or by the handle of a team of one."""
    usable = (email for email in person.emails if is_owner(email))
    return next(usable, f"@{name}/owners")


def workspace_file(workspace: str, owner: str, currency: str = "USD") -> str:
    """governance/workspaces/<workspace>.yaml, to be tightened; `owner` is a person's id or team:<id>."""
    return f"""{modeline(f"{WORKSPACES_FOLDER}/{workspace}.yaml")}\
apiVersion: agentgov.dev/v1
kind: Workspace
name: {workspace}
owner: {quoted(owner)}
description: ""                          # which business function this is
budget: {{month: "100.00 {currency}"}}            # all agents of the workspace together; one currency a fleet
# models: {{allow: ["anthropic/*", "openai/*"]}}
# tools: {{deny: ["shell*"]}}
# risk: {{floor: medium}}                 # no agent here may claim less
# data: {{ceiling: confidential}}         # no agent here may see more
"""


def _fleet(name: str, fleet_id: str, ci: CI) -> str:
    dialect = "codeowners: {dialect: gitlab}\n" if ci == "gitlab" else ""
    return f"""{modeline(FLEET_FILE)}\
apiVersion: agentgov.dev/v1
kind: Fleet
id: {fleet_id}      # written once: reviews and acts of this fleet count in no other
name: {name}
commits: any      # reviews, acts and releases are signed in any case; `signed` asks it of commits too
{dialect}\
journal: {{maxAge: 7d}}      # older than that, nothing is promoted: 6h once the reconciler always runs
reviews:
  default: {{approvals: 1, from: owners}}   # never the author
  rules:
    - {{name: high-risk, when: {{risk: [high, critical]}}, approvals: 2, from: owners}}
    # Once there is a team for it, what an agent may do should be its business too:
    # - {{name: powers, when: {{changed: [tools, actions, connections]}}, approvals: 1, from: ["team:security"]}}
"""


def _access(name: str, person: Person, bot_keys: Mapping[BotKind, str]) -> str:
    hint = "[]      # your public key: ssh-ed25519 AAAA... (agentgov doctor says how to set one up)"
    emails = f"[{', '.join(quoted(email) for email in person.emails)}]"
    keys = "".join(f"\n      - {quoted(key)}" for key in person.keys) or f" {hint}"
    handle, teams = owner_handle(name, person), ""
    if handle not in person.emails:
        teams = f"teams:\n  - {{id: owners, members: [{quoted(person.id)}], handles: [{quoted(handle)}]}}\n"
    bots = "".join(_bot(kind, why, bot_keys.get(kind, "")) for kind, why in BOTS)
    return f"""{modeline(ACCESS_FILE)}\
apiVersion: agentgov.dev/v1
kind: Access
administrators: {{who: [{quoted(person.id)}], threshold: 1}}      # name a second person, then make it 2
people:
  - id: {quoted(person.id)}
    name: {quoted(person.name)}
    emails: {emails}
    keys:{keys}
bots:
{bots}{teams}bindings:
  - {{role: operator, who: [{quoted(person.id)}], agents: ["**"], environments: [staging, production]}}
"""


def _bot(kind: BotKind, why: str, key: str) -> str:
    keys = f"\n      - {quoted(key)}" if key else f" []      # the public key of the {kind}"
    return f"  - id: {kind}      # {why}\n    kind: {kind}\n    keys:{keys}\n"


def _pipeline() -> str:
    return f"""{modeline(PIPELINE_FILE)}\
apiVersion: agentgov.dev/v1
kind: Pipeline
stages:
  - name: staging
    environment: staging
    soak: 10m
  - name: canary
    environment: production              # a share of real traffic
    steps:
      - {{share: 10%, soak: 10m}}
      - {{share: 50%, soak: 30m}}
    judge: none                          # no metrics yet: a person's promote lets a canary pass, recorded as unjudged
  - name: production
    environment: production
    bake: 30m
    autoRollback: true
# freezes:
#   - {{name: year-end, when: "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=22", duration: 12d, tz: UTC}}
"""


def _readme(name: str, owners: str) -> str:
    return f"""# {name}: a fleet of AI agents

Prompts and configuration live here, and nothing reaches production that was not validated, reviewed by its owners,
signed and released. Managed with agentgov.

| to | do |
|---|---|
| add an agent | `agentgov new WORKSPACE/NAME`, commit, open a pull request |
| see what is wrong | `agentgov validate` |
| see who has to review | `agentgov check` |
| see what runs where | `agentgov status` |
| go back at once | `agentgov rollback AGENT --reason TEXT` |
| stop one agent | `agentgov pause AGENT --reason TEXT` |

Who may do what: [governance/access.yaml](governance/access.yaml). Who owns which path:
[{owners}]({owners}). How a release goes to production:
[governance/pipeline.yaml](governance/pipeline.yaml).
"""
