"""The throw-away fleet of the demo: real repositories, a real bare remote, fresh keys, and people who act with them.

Whatever the demo shows is run for real: the same commands, as the person named, with that person's own key.
"""

import contextlib
import io
import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from agentgov.cli.main import status
from agentgov.errors import AgentgovError
from agentgov.repo.program import git
from agentgov.resources import folder
from agentgov.trust.signers import generate_key

PEOPLE = {
    "carol": "Carol Okafor",
    "dave": "Dave Lindqvist",
    "alice": "Alice Nguyen",
    "bob": "Bob Martinez",
    "erin": "Erin Walsh",
    "frank": "Frank Osei",
}
BOTS = ("reconciler", "gate", "evals")

# Half an hour of soak is a second here; everything else of the pipeline is as it is in examples/acme.
_HURRY = ((r"soak: [0-9]+[mh]", "soak: 1s"), (r"bake: 2h", "bake: 1s"), (r"interval: 1m", "interval: 2s"))


class DemoError(AgentgovError):
    """Something in the demo did not happen as it is told: exit 1."""

    exit_code = 1


class DemoWorld:
    """The folder of one demo: remote.git, fleet (a clone to work in), keys, env.sh."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.fleet, self.remote, self.keys = base / "fleet", base / "remote.git", base / "keys"
        self.counts = base / "counts.json"
        self.pins = base / "pins"

    # --- set-up ----------------------------------------------------------------------------------------------------

    def build(self) -> None:
        """Make keys, the fleet from the example, its first commit, and the remote."""
        self.keys.mkdir(parents=True)
        lines = {name: generate_key(self.keys / name, f"{name}@acme.example") for name in (*PEOPLE, *BOTS)}
        shutil.copytree(folder("examples/acme"), self.fleet)
        self._put_keys(lines)
        pipeline = self.fleet / "governance/pipeline.yaml"
        text = pipeline.read_text(encoding="utf-8")
        for pattern, hurried in _HURRY:
            text = re.sub(pattern, hurried, text)
        pipeline.write_text(text, encoding="utf-8")
        git(self.base, "init", "-q", "--bare", "--initial-branch=main", str(self.remote))
        self.git("carol", "init", "-q", "--initial-branch=main")
        self.git("carol", "remote", "add", "origin", str(self.remote))
        self.git("carol", "add", "-A")
        self.git("carol", "commit", "-q", "-m", "The fleet of Acme")
        self.git("carol", "push", "-q", "-u", "origin", "main")
        self._write_env()

    def _put_keys(self, lines: dict[str, str]) -> None:
        access = self.fleet / "governance/access.yaml"
        text = access.read_text(encoding="utf-8")
        for name, line in lines.items():
            placeholder = re.search(rf'"ssh-ed25519 \S+ {name}@acme\.example"', text)
            if placeholder is None:
                raise DemoError(f"the example's Access has no place for the key of {name}")
            text = text.replace(placeholder[0], f'"{line}"')
        access.write_text(text, encoding="utf-8")

    def _write_env(self) -> None:
        """env.sh: act as one of the demo's people in this shell only."""
        people = "\n".join(f"  {name}) AGENTGOV_NAME={shlex.quote(full)} ;;" for name, full in PEOPLE.items())
        bots = "\n".join(f"  {name}) AGENTGOV_NAME={name} AGENTGOV_KEY_FILE={name} ;;" for name in BOTS)
        base, here = shlex.quote(str(self.base)), shlex.quote(str(Path(__file__).resolve().parents[3]))
        program = f"PYTHONPATH={here} {shlex.quote(sys.executable)} -m agentgov"
        text = f"""# Act as one of the demo's people, in this shell only:  AGENTGOV_AS=alice . {base}/env.sh
# People: {", ".join(PEOPLE)}; bots: {", ".join(BOTS)}.
# It sets git's identity, the signing key and the pins, and nothing outside {base}.
unset AGENTGOV_KEY_FILE
case "${{AGENTGOV_AS:=alice}}" in
{people}
{bots}
  *) echo "nobody in the demo is called $AGENTGOV_AS" >&2; return 2 2>/dev/null || exit 2 ;;
esac
export AGENTGOV_PINS={base}/pins AGENTGOV_STATE_HOME={base}/state AGENTGOV_CONFIG_HOME={base}/config
export AGENTGOV_COUNTS={base}/counts.json AGENTGOV_CACHE={base}/cache
export GIT_CONFIG_COUNT=5
export GIT_CONFIG_KEY_0=user.name GIT_CONFIG_VALUE_0="$AGENTGOV_NAME"
export GIT_CONFIG_KEY_1=user.email GIT_CONFIG_VALUE_1="$AGENTGOV_AS@acme.example"
export GIT_CONFIG_KEY_2=gpg.format GIT_CONFIG_VALUE_2=ssh
export GIT_CONFIG_KEY_3=user.signingkey GIT_CONFIG_VALUE_3={base}/keys/"$AGENTGOV_AS"
export GIT_CONFIG_KEY_4=commit.gpgsign GIT_CONFIG_VALUE_4=true
export GIT_AUTHOR_NAME="$AGENTGOV_NAME" GIT_AUTHOR_EMAIL="$AGENTGOV_AS@acme.example"
export GIT_COMMITTER_NAME="$AGENTGOV_NAME" GIT_COMMITTER_EMAIL="$AGENTGOV_AS@acme.example"
if [ -n "${{AGENTGOV_KEY_FILE:-}}" ]; then export AGENTGOV_KEY_FILE={base}/keys/"$AGENTGOV_KEY_FILE"; fi
unset AGENTGOV_NAME
command -v agentgov >/dev/null 2>&1 || agentgov() {{ {program} "$@"; }}
"""
        (self.base / "env.sh").write_text(text, encoding="utf-8")

    # --- acting ----------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def acting(self, who: str) -> Iterator[None]:
        """This process as one of the people, or as a bot, in the fleet's clone."""
        before, here = dict(os.environ), Path.cwd()
        for name in [name for name in os.environ if name.startswith(("GIT_", "AGENTGOV_"))]:
            del os.environ[name]
        os.environ.update(self._variables(who))
        os.chdir(self.fleet if self.fleet.is_dir() else self.base)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)
            os.chdir(here)

    def _variables(self, who: str) -> dict[str, str]:
        name, email = PEOPLE.get(who, who), f"{who}@acme.example"
        settings = {"user.name": name, "user.email": email, "gpg.format": "ssh"}
        found = {
            "AGENTGOV_STATE_HOME": str(self.base / "state"),
            "AGENTGOV_CONFIG_HOME": str(self.base / "config"),
            "AGENTGOV_CACHE": str(self.base / "cache"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "NO_COLOR": "1",
        }
        if self.pins.exists():
            found["AGENTGOV_PINS"] = str(self.pins)
        if who in BOTS:
            found["AGENTGOV_KEY_FILE"] = str(self.keys / who)
        elif (self.keys / who).exists():
            settings |= {"user.signingkey": str(self.keys / who), "commit.gpgsign": "true"}
        found["GIT_CONFIG_COUNT"] = str(len(settings))
        for number, (key, value) in enumerate(settings.items()):
            found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        for role in ("AUTHOR", "COMMITTER"):
            found |= {f"GIT_{role}_NAME": name, f"GIT_{role}_EMAIL": email}
        return found

    def run(self, who: str, *args: str, expect: int = 0) -> str:
        """Run agentgov as somebody; what it printed. DemoError when it ended otherwise than expected."""
        printed = io.StringIO()
        with self.acting(who), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            code = status(list(args))
        if code != expect:
            shown = printed.getvalue().strip()
            raise DemoError(f"`agentgov {' '.join(args)}` by {who} ended with {code} instead of {expect}: {shown}")
        return printed.getvalue()

    def git(self, who: str, *args: str) -> str:
        """Run git as somebody in the fleet's clone; what it printed."""
        with self.acting(who):
            return git(self.fleet, *args).out.decode("utf-8", "replace").strip()

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a text in a file of the clone."""
        file = self.fleet / path
        text = file.read_text(encoding="utf-8")
        if old not in text:
            raise DemoError(f"the example's {path} does not say {old!r} any more")
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    def results(self, passed: int, failed: int) -> str:
        """A file with what an evaluation in CI would have come to."""
        file = self.base / "results.json"
        found = {"schema": "agentgov.evidence/1", "tool": "demo", "tests": {"passed": passed, "failed": failed}}
        file.write_text(json.dumps(found) + "\n", encoding="utf-8")
        return str(file)

    def write_counts(self, counts: dict[str, object]) -> None:
        """What the telemetry of the canary would say now."""
        self.counts.write_text(json.dumps({"agents": counts}, indent=2) + "\n", encoding="utf-8")
