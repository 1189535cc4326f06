"""The steps of GitHub's workflows that run agentgov, and which version of what they use: text only.

Each stands in a workflow by its name (`@judge@`), and is either a few lines of shell or a call of the composite action.
"""

import re
from dataclasses import dataclass

CHECKOUT = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2"
SETUP_PYTHON = "actions/setup-python@a26af69be951a213d495a4c3e4e4022e16d87065 # v5.6.0"
UPLOAD = "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2"
DOWNLOAD = "actions/download-artifact@d3f86a106a0bac45b974a628896c90dbdf5c8093 # v4.3.0"

# git asks this for the token of the step; it stands in no file, and goes to GitHub alone.
GIT_HELPER = '!f() { printf "username=x-access-token\\npassword=%s\\n" "$GITHUB_TOKEN"; }; f'
CLONE = (
    'git clone --quiet --bare --no-recurse-submodules "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY" "$RUNNER_TEMP/fleet.git"'
)
_ACTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+@[0-9a-f]{40}\Z")


@dataclass(frozen=True, slots=True)
class Tool:
    """Where a workflow gets agentgov from: a version of the package, or, where `action` is named, the composite action
    at one commit."""

    version: str
    action: str = ""


def is_pinned_action(text: str) -> bool:
    """Whether a text is OWNER/REPOSITORY@ and the full digest of a commit; a tag can be moved, and is none."""
    return _ACTION.match(text) is not None


def filled(text: str, tool: Tool) -> str:
    """A workflow with its steps in the place of their names: those that run agentgov, or those that call the action."""
    steps = _STEPS | (_BY_ACTION if tool.action else {})
    for name, step in steps.items():
        text = text.replace(f"      @{name}@\n", step)
    for name, value in {"version": tool.version, "action": tool.action, **_PINS}.items():
        text = text.replace(f"@{name}@", value)
    return text


_PINS = {
    "checkout": CHECKOUT,
    "setup-python": SETUP_PYTHON,
    "upload": UPLOAD,
    "download": DOWNLOAD,
    "helper": GIT_HELPER,
    "clone": CLONE,
}

# What stands between `env:` and the step's own variables wherever git or agentgov may ask GitHub.
_ASKING = """\
          AGENTGOV_PINS: ${{ vars.AGENTGOV_PINS }} # the line that `agentgov trust show` prints
          GITHUB_TOKEN: ${{ github.token }}
          GIT_CONFIG_COUNT: "1"
          GIT_CONFIG_KEY_0: credential.${{ github.server_url }}.helper
          GIT_CONFIG_VALUE_0: '@helper@'
"""

_CHECKED = """\
          # 1: the verdict is no pass, which the check says; 3: there is none, and this run is to be repeated.
          code=0
          agentgov check @asked@ --status --repo "$RUNNER_TEMP/fleet.git" || code=$?
          exit "$((code == 1 ? 0 : code))"
"""


def _judged(asked: str, variables: str = "") -> str:
    return f"""\
      - name: Judge it as data, and tell the verdict
        env:
{variables}{_ASKING}\
        run: |
          @clone@
{_CHECKED.replace("@asked@", asked)}"""


def _key_of(bot: str, without: str) -> str:
    """The step that takes a bot's key out of the job's secrets, for the steps behind it; what happens `without` one."""
    secret = f"AGENTGOV_{bot.upper()}_KEY"
    return f"""\
      - name: The {bot}'s key, for this job alone
        id: key
        env:
          KEY: ${{{{ secrets.{secret} }}}}
        run: |
          if [ -z "$KEY" ]; then
            echo "::notice::the environment agentgov has no secret {secret}: {without}"
            exit 0
          fi
          (umask 077; printf '%s\\n' "$KEY" > "$RUNNER_TEMP/{bot}.key")
          echo "file=$RUNNER_TEMP/{bot}.key" >> "$GITHUB_OUTPUT"
"""


_STEPS = {
    "importer-key": _key_of("importer", "no reviews are imported"),
    "reconciler-key": _key_of("reconciler", "nothing is reconciled"),
    "install": """\
      - uses: @setup-python@
        with:
          python-version: "3.12"
      - run: python -m pip install --quiet "agentgov==@version@"
""",
    "validate": """\
      - name: Is everything in order
        run: >-
          agentgov validate --format github
          --report "sarif=$RUNNER_TEMP/agentgov.sarif" --report "junit=$RUNNER_TEMP/agentgov.xml"
""",
    "judge": _judged('--event "$GITHUB_EVENT_PATH" --comment'),
    "judge-group": _judged('--event "$GITHUB_EVENT_PATH"'),
    "judge-number": _judged('--pr "$NUMBER" --comment', "          NUMBER: ${{ steps.note.outputs.number }}\n"),
    "import": f"""\
      - name: Bring in the reviews that were given on GitHub
        if: ${{{{ steps.key.outputs.file != '' }}}}
        env:
          AGENTGOV_KEY_FILE: ${{{{ steps.key.outputs.file }}}}
          SINCE: ${{{{ inputs.since || '2h' }}}}
{_ASKING}\
        run: |
          @clone@
          agentgov forge import-reviews --since "$SINCE" --repo "$RUNNER_TEMP/fleet.git"
""",
    "reconcile": f"""\
      - name: Carry releases on
        if: ${{{{ steps.key.outputs.file != '' }}}}
        env:
          AGENTGOV_KEY_FILE: ${{{{ steps.key.outputs.file }}}}
{_ASKING}\
        run: |
          @clone@
          agentgov reconcile --once --repo "$RUNNER_TEMP/fleet.git"
          agentgov release --from-merge --format markdown --repo "$RUNNER_TEMP/fleet.git" >> "$GITHUB_STEP_SUMMARY"
""",
}


def _called(name: str, command: str, *inputs: str, condition: str = "") -> str:
    """A step that calls the action."""
    lines = [f"- name: {name}", *([f"  if: {condition}"] if condition else []), "  uses: @action@", "  with:"]
    pins = () if command == "validate" else ("pins: ${{ vars.AGENTGOV_PINS }} # the line of `agentgov trust show`",)
    lines += [f"    {line}" for line in (f"command: {command}", *inputs, *pins)]
    return "".join(f"      {line}\n" for line in lines)


_KEYED = "${{ steps.key.outputs.file != '' }}"
_BY_ACTION = {
    "install": "",
    "validate": _called("Is everything in order", "validate"),
    "judge": _called("Judge it as data, and tell the verdict", "check"),
    "judge-group": _called("Judge it as data, and tell the verdict", "check"),
    "judge-number": _called("Judge it as data, and tell the verdict", "check", "pr: ${{ steps.note.outputs.number }}"),
    "import": _called(
        "Bring in the reviews that were given on GitHub",
        "import",
        "key-file: ${{ steps.key.outputs.file }}",
        "since: ${{ inputs.since || '2h' }}",
        condition=_KEYED,
    ),
    "reconcile": _called("Carry releases on", "reconcile", "key-file: ${{ steps.key.outputs.file }}", condition=_KEYED),
}
