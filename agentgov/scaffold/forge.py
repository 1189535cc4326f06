"""What a forge and a laptop need: CODEOWNERS, a CI workflow, a pre-commit hook. Text only.

The workflow runs with read-only rights and without secrets, on the whole history, because a shallow clone cannot be
judged. It installs agentgov from the package index and runs nothing that the change under judgement contains.
"""

from agentgov.model.governed import GITHUB_CODEOWNERS
from agentgov.owners.codeowners import match, parse

_WIDTH = 40

# The parts of the workflow, in their order; agentgov itself is installed after the preparations.
_JOB = """\
name: agentgov
on:
  pull_request:
  push:
    branches: [main]

permissions:
  contents: read

concurrency:
  group: agentgov-${{ github.ref }}
  cancel-in-progress: true

jobs:
  judge:
    runs-on: ubuntu-latest
    timeout-minutes: 10
    steps:
"""
_PREPARE = """\
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0                 # all history, all tags, and the journal's branch
          persist-credentials: false
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
"""
_VALIDATE = """\
      - name: Is everything in order
        run: >-
          agentgov validate --format github
          --report "sarif=$RUNNER_TEMP/agentgov.sarif" --report "junit=$RUNNER_TEMP/agentgov.xml"
      - name: Keep the reports
        if: ${{ !cancelled() }}
        uses: actions/upload-artifact@v4
        with:
          name: agentgov
          path: ${{ runner.temp }}/agentgov.*
          if-no-files-found: ignore
"""
_JUDGE_CHANGE = """\
      - name: What it does to each agent
        if: ${{ !cancelled() && github.event_name == 'pull_request' }}
        env:
          BASE: ${{ github.event.pull_request.base.sha }}
          HEAD: ${{ github.event.pull_request.head.sha }}
        run: agentgov diff "$BASE...$HEAD" --format markdown >> "$GITHUB_STEP_SUMMARY"
      - name: Who has to review, and who did
        if: ${{ !cancelled() && github.event_name == 'pull_request' }}
        env:
          # Set this variable of the repository to the line that `agentgov trust init` prints: CI must not take the
          # journal's beginning from the journal itself.
          AGENTGOV_PINS: ${{ vars.AGENTGOV_PINS }}
          BASE: ${{ github.event.pull_request.base.sha }}
          HEAD: ${{ github.event.pull_request.head.sha }}
        run: agentgov check --base "$BASE" --head "$HEAD" --format github
"""


def codeowners(owner: str) -> str:
    """.github/CODEOWNERS with one owner for everything that is governed."""
    patterns = ("/agentgov.yaml", "/governance/", "/.github/", "/playbooks/", "/agents/")
    head = "# The last line that matches wins. Who stands behind a name is said in governance/access.yaml.\n"
    return head + "".join(f"{codeowners_line(pattern, owner)}\n" for pattern in patterns)


def codeowners_line(pattern: str, owner: str) -> str:
    """One line of CODEOWNERS."""
    return f"{pattern.ljust(_WIDTH - 1)} {owner}"


def is_owner(name: str) -> bool:
    """Whether CODEOWNERS takes a name for an owner, and for no comment or anything else."""
    found = parse(f"* {name}\n", GITHUB_CODEOWNERS[0])
    return not found.problems and match(found, "x").owners == (name,)


def workflow(version: str) -> str:
    """.github/workflows/agentgov.yml for an agentgov of that version."""
    install = f'      - run: python -m pip install --quiet "agentgov=={version}"\n'
    return "".join((_JOB, _PREPARE, install, _VALIDATE, _JUDGE_CHANGE))


def precommit() -> str:
    """.pre-commit-config.yaml with a local hook, which uses the agentgov that is installed."""
    return """# Once in every clone: pre-commit install
repos:
  - repo: local
    hooks:
      - id: agentgov-validate
        name: agentgov validate
        entry: agentgov validate --staged
        language: system                 # the agentgov on the PATH; or python, with
        # additional_dependencies: [agentgov]
        always_run: true                 # pre-commit does not count deleted files as changed
        pass_filenames: false
"""
