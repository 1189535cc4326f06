"""The commands by name, and the program's own help. Loads nothing: `--help` must cost next to nothing."""

# command -> (module in the folder of its group, group it is listed in, one line)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": ("demo", "Start", "The whole story on a throw-away fleet, with real keys and a real remote."),
    "init": ("init", "Start", "Scaffold a fleet: files, CODEOWNERS, CI workflow, pre-commit hook."),
    "new": ("new", "Start", "Scaffold one agent that validates."),
    "import": ("import_", "Start", "Turn agents of another format into agents of this fleet."),
    "doctor": ("doctor", "Start", "Is this machine and this fleet set up right, and what to do about it."),
    "validate": ("validate", "Change", "Schema, references, ownership and layout, all findings at once."),
    "diff": ("diff", "Change", "What a change really does to each agent, riskiest first."),
    "owners": ("owners", "Change", "Owners of paths and the line that names them."),
    "check": ("check", "Change", "The required-review verdict: who approved, who is missing, and why."),
    "explain": ("explain", "Change", "What a finding means, why it matters, and how to mend it."),
    "review": ("review", "Change", "Sign a review into the journal."),
    "forge": ("forge", "Change", "Pull requests: import reviews, listen to webhooks, release pages."),
    "can": ("can", "Access", "May this person do that, and by which binding."),
    "who": ("who", "Access", "Everyone who may, and by which binding."),
    "access": ("access", "Access", "Who could do what; add people and keys, set the threshold."),
    "revoke": ("revoke", "Access", "A key is dead from now on; with --since nothing rests on what it signed."),
    "trust": ("trust", "Trust", "Adopt a repository; the pins that verification starts from."),
    "journal": ("journal", "Trust", "The signed acts, and whether they are all in order."),
    "policy": ("policy", "Trust", "What another set of rules would have decided about past changes."),
    "verify": ("verify", "Trust", "Would the reconciler release this? The full trust verdict."),
    "hook": ("hook", "Trust", "The same verdicts before a push lands: on a git server or a laptop."),
    "release": ("release", "Release", "Tag an agent: signed, annotated, bound to its closure."),
    "evidence": ("evidence", "Release", "Results of evaluations and tests, bound to a release's content."),
    "judge": ("judge", "Release", "What the judge of a canary sees, and its verdict played again."),
    "reconcile": ("reconcile", "Release", "Observe, verify, plan and apply what is due."),
    "render": ("render", "Release", "Write what may run into a folder, for consumers without a gate."),
    "status": ("status", "Release", "What runs where, at what share, since when, what it waits for."),
    "history": ("history", "Release", "Every act on an agent: who, when, why."),
    "show": ("show", "Release", "The resolved configuration of an agent at any moment."),
    "promote": ("promote", "Release", "A person's word at a gate of the pipeline."),
    "hold": ("hold", "Release", "Keep an agent where it is, or lift that."),
    "abort": ("abort", "Release", "Take a candidate out of the pipeline."),
    "withdraw": ("withdraw", "Release", "One release advances no more, and has no traffic."),
    "retire": ("retire", "Release", "End all traffic of an agent; nothing comes back by itself."),
    "clear": ("clear", "Release", "Take a bad mark off a release, or start an inconclusive canary anew."),
    "rollback": ("rollback", "On call", "Back to the prior good release at once."),
    "pause": ("pause", "On call", "Stop one agent, or a selector, and nobody else."),
    "resume": ("resume", "On call", "Let what was paused go on."),
    "playbook": ("playbook", "On call", "What to do when it goes wrong: list, show, follow, start one."),
    "incident": ("incident", "On call", "Open, contain and close incidents, each step a signed act; what was learnt."),
    "alert": ("alert", "On call", "What is wrong now, who takes care of it, who was told."),
    "drill": ("drill", "On call", "Practise it: tabletop, live and recovery drills, scored and recorded."),
    "serve": ("serve", "Run time", "The gate: leases, permissions and pauses, by HTTP."),
    "login": ("login", "Run time", "Log in at the gate by signing with one's own key."),
    "logout": ("logout", "Run time", "End the login at the gate."),
    "token": ("token", "Run time", "Tokens of agents and people for the gate: make, list, revoke, rotate."),
    "ledger": ("ledger", "Run time", "What the gate decided and was asked: records, proofs."),
    "audit": ("audit", "Run time", "Records and acts for other programs, packs of evidence for auditors."),
    "retention": ("retention", "Run time", "How long records are kept, and how long frameworks ask."),
    "store": ("store", "Run time", "The gate's store: backups, and what holds after one was restored."),
    "action": ("action", "Run time", "What agents want to do and people decide about: list, show, approve, deny."),
    "usage": ("usage", "Run time", "What agents really used: calls, tokens, cost, errors."),
    "budget": ("budget", "Run time", "What agents have spent and set aside of their budgets."),
    "prices": ("prices", "Run time", "Pinned prices of models: what a catalogue says, and write that down."),
    "waive": ("waive", "Recovery", "Administrators pass over what does not hold on the journal."),
    "override": ("override", "Recovery", "Let one content or release through without its reviews, and say so."),
    "cosign": ("cosign", "Recovery", "Add your signature to an act that takes several people."),
    "schema": ("schema", "Tools", "Print the JSON Schema of a kind."),
    "completion": ("completion", "Tools", "Print the completion script of a shell."),
}

_OPTIONS = (
    ("--version", "Show the version and exit."),
    ("--debug", "Show the traceback of an unexpected error."),
    ("--no-color", "Plain text, also on a terminal."),
    ("-h, --help", "Show this message and exit."),
)
_HEAD = """Usage: agentgov [OPTIONS] COMMAND [ARGS]...

  Git-backed governance of AI agents.

  Exit codes: 0 yes or done, 1 findings or refused, 2 usage or configuration,
  3 could not decide (safe to retry).
"""


def program_help() -> str:
    """What `agentgov --help` prints, with a final newline; no line is longer than 90 columns."""
    lines = [_HEAD, "Options:", *_rows(_OPTIONS)]
    for section in dict.fromkeys(section for _, section, _ in COMMANDS.values()):
        rows = tuple((name, line) for name, (_, group, line) in COMMANDS.items() if group == section)
        lines += ["", f"{section}:", *_rows(rows)]
    return "\n".join(lines) + "\n"


def _rows(rows: tuple[tuple[str, str], ...]) -> list[str]:
    return [f"  {name:<10}  {line}" for name, line in rows]


def module_of(command: str) -> str:
    """The module of a command, by its dotted name: one folder for each group of the help."""
    module, group, _ = COMMANDS[command]
    return f"agentgov.cli.{group.lower().replace(' ', '_')}.{module}"
