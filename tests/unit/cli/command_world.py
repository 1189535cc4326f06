"""People at the command line of one small fleet: real repositories, a bare remote, keys made by ssh-keygen, one clock.

    world = CommandWorld.begun(tmp_path)
    world.change("alice", {PROMPT: "Be brief.\n"})
    assert world.run("bob", "review", "approve").code == 0

`run` calls the real command line in this process with the environment of one person; `process` starts the program.
Worlds are built once and copied, so a test pays for what it does and not for how its world came about.
"""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import gitworld
import simulator
from patience import PATIENCE
from simulator import PAYROLL, TRIAGE
from unit.cli.output_schema import assert_holds

from agentgov.cli.main import status
from agentgov.repo import clock

ACCESS = "governance/access.yaml"
ROOT = Path(__file__).resolve().parents[3]
Variables = Mapping[str, str | None]  # None takes a variable away
NONE: Variables = {}
PROMPT = f"{TRIAGE.folder}/prompts/system.md"
PAY_PROMPT = f"{PAYROLL.folder}/prompts/system.md"
PEOPLE = (*simulator.PEOPLE, "frank")  # frank may look at everything and touch nothing
BOTS = simulator.BOTS
STRANGER = "mallory"  # has a key, and is not in Access

PIPELINE = """apiVersion: agentgov.dev/v1
kind: Pipeline
stages:
  - {name: staging, environment: staging, soak: 1m}
  - name: canary
    environment: production
    steps: [{share: 10%, soak: 1m, minUnits: 20}]
    judge: {metrics: {error: {ceiling: 0.05}}, interval: 1m, noDataTicks: 3, deadline: 24h}
  - {name: production, environment: production, bake: 1m}
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON document that was printed."""
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass
class Traffic:
    """What was counted of support/triage since the canary of a version began; stable has one bad unit in a hundred."""

    version: str
    canary: tuple[int, int] = (0, 0)
    stable: tuple[int, int] = (0, 0)

    def next(self, share: float, bad: float = 0.0) -> dict[str, object]:
        """The counts after another thousand units, so much of them on the canary, of which so much was bad."""
        here, there = round(1000 * share), round(1000 * (1 - share))
        self.canary = (self.canary[0] + here, self.canary[1] + round(here * bad))
        self.stable = (self.stable[0] + there, self.stable[1] + there // 100)
        sides = {"canary": self.canary, "stable": self.stable}
        arms = {side: {"units": units, "error": error} for side, (units, error) in sides.items()}
        return {str(TRIAGE): {"release": f"{TRIAGE}/v{self.version}", **arms}}


@dataclass
class CommandWorld:
    """One fleet in a folder: `remote` (bare), `fleet` (a clone to work in), `keys`, `home`; and what time it is."""

    folder: Path
    time: int = simulator.START
    traffic: Traffic = field(default_factory=lambda: Traffic("1.0.0"))

    @property
    def fleet(self) -> Path:
        return self.folder / "fleet"

    @property
    def remote(self) -> Path:
        return self.folder / "remote.git"

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    # --- building --------------------------------------------------------------------------------------------------

    @classmethod
    def laid(cls, folder: Path, files: Mapping[str, str] | None = None) -> "CommandWorld":
        """Keys, the fleet committed and pushed; no journal yet."""
        world = cls(folder)
        for name in (*PEOPLE, *BOTS, STRANGER):
            gitworld.make_key(world.keys, name)
        lines = {name: gitworld.public_key(world.keys / name) for name in (*PEOPLE, *BOTS)}
        gitworld.make_repository(world.fleet)
        gitworld.make_repository(world.remote, bare=True)
        gitworld.git(world.fleet, "remote", "add", "origin", str(world.remote))
        everything = {**simulator.fleet_files(lines), "governance/pipeline.yaml": PIPELINE, **(files or {})}
        everything[ACCESS] = _with_viewer(everything[ACCESS], lines["frank"])
        world.change("carol", everything, "The first fleet")
        return world

    @classmethod
    def begun(cls, folder: Path) -> "CommandWorld":
        """The same with a journal."""
        world = cls.laid(folder)
        world.must("carol", "trust", "init")
        return world

    @classmethod
    def running(cls, folder: Path) -> "CommandWorld":
        """Two releases of support/triage went to production, v1.1.0 runs; finance/payroll was never released."""
        world = cls.begun(folder)
        world.must("alice", "release", str(TRIAGE))
        world.to_production("1.0.0", promoted_by="bob")
        world.change("alice", {PROMPT: "Sort tickets by urgency and language.\n"}, "Sort by language too")
        world.must("bob", "review", "approve", "-m", "Good idea")
        world.tick()
        world.must("alice", "release", str(TRIAGE))
        world.to_production("1.1.0")
        return world

    def packed(self) -> "CommandWorld":
        """This world in few files, so that copies of it are made fast."""
        for git_dir in (self.fleet / ".git", self.remote):
            gitworld.pack(git_dir)
        return self

    def copied(self, folder: Path) -> "CommandWorld":
        """A copy of this world in another folder, at the same time."""
        gitworld.copy_world(self.folder, folder)
        config = folder / "fleet/.git/config"
        config.write_text(config.read_text().replace(str(self.folder), str(folder)))
        return CommandWorld(folder, self.time, replace(self.traffic))

    # --- people ----------------------------------------------------------------------------------------------------

    def environment(self, who: str, env: Variables = NONE) -> dict[str, str]:
        """The environment of somebody: identity and signing key through git's variables, a bot's key in its own.

        `env` adds variables, or takes them away (None).
        """
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("GIT_", "AGENTGOV_", "SSH_AUTH_SOCK", "XDG_"))
        }
        found = {
            **kept,
            "HOME": str(self.folder / "home"),
            "AGENTGOV_CONFIG_HOME": str(self.folder / "home/config"),
            "AGENTGOV_STATE_HOME": str(self.folder / "home/state"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "NO_COLOR": "1",
        }
        if who in BOTS:
            found |= {"AGENTGOV_KEY_FILE": str(self.keys / who)}
        found |= gitworld.person_variables(who.title(), f"{who}@sim.example", self.keys / who)
        for name, value in env.items():
            if value is None:
                found.pop(name, None)
            else:
                found[name] = value
        return found

    def run(self, who: str, *args: str, cwd: Path | None = None, env: Variables = NONE) -> Ran:
        """A command by somebody, in this process and at this world's time."""
        out, err = io.StringIO(), io.StringIO()
        acting = self._acting(who, cwd or self.fleet, env)
        with acting, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = status(list(args))
        found = Ran(code, out.getvalue(), err.getvalue())
        assert "Traceback" not in found.err
        assert "internal error" not in found.err, found.err
        return found

    def must(self, who: str, *args: str, cwd: Path | None = None, env: Variables = NONE) -> Ran:
        """A command that has to succeed."""
        found = self.run(who, *args, cwd=cwd, env=env)
        assert found.code == 0, (args, found)
        return found

    def asked(
        self, who: str, *args: str, code: int = 0, cwd: Path | None = None, env: Variables = NONE
    ) -> dict[str, Any]:
        """The JSON answer to a command that ends with this code, held against its schema."""
        found = self.run(who, *args, "--json", cwd=cwd, env=env)
        assert found.code == code, (args, found)
        groups = ("trust", "journal", "access", "policy", "override", "evidence", "judge", "incident")
        group = args[0] in groups or args[:2] == ("review", "import")
        assert_holds(found.document, f"{args[0]}-{args[1]}" if group else args[0])
        return found.document

    def process(
        self, who: str, *args: str, cwd: Path | None = None, env: Variables = NONE
    ) -> subprocess.CompletedProcess[str]:
        """A command by somebody as a process of its own, at the machine's time."""
        return subprocess.run(
            [sys.executable, "-m", "agentgov", *args],
            cwd=cwd or self.fleet,
            env={**self.environment(who, env), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    @contextlib.contextmanager
    def _acting(self, who: str, cwd: Path, env: Variables) -> Iterator[None]:
        before, here, now = dict(os.environ), Path.cwd(), clock.now
        environment = self.environment(who, env)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(cwd)
        clock.now = lambda: self.time
        try:
            yield
        finally:
            clock.now = now
            os.environ.clear()
            os.environ.update(before)
            os.chdir(here)

    # --- git and the pipeline --------------------------------------------------------------------------------------

    def git(self, *args: str, who: str = "carol", cwd: Path | None = None) -> str:
        """Git by somebody, at this world's time."""
        env = gitworld.environment(self.time, who.title(), f"{who}@sim.example")
        return gitworld.git(cwd or self.fleet, *args, env=env).decode()

    def write(self, files: Mapping[str, str | bytes | None]) -> None:
        """Write files into the work tree without committing; None deletes."""
        gitworld.write_files(self.fleet, files)

    def edit(self, path: str, old: str, new: str) -> str:
        """A file of the work tree with a text replaced, as it would be written."""
        text = (self.fleet / path).read_text()
        assert old in text, f"{path} does not say {old!r}"
        return text.replace(old, new)

    def change(
        self, who: str, files: Mapping[str, str | bytes | None], message: str = "Change", push: bool = True
    ) -> str:
        """Commit files on the current branch, and push it."""
        self.write(files)
        self.git("add", "-A", who=who)
        self.git("commit", "-q", "--allow-empty", "-m", message, who=who)
        if push:
            self.git("push", "-q", "origin", "HEAD", who=who)
        return self.git("rev-parse", "HEAD")

    def authorise(self, files: Mapping[str, str | bytes | None]) -> None:
        """Alice changes files on main, Bob reviews them, the reconciler takes them over."""
        self.change("alice", files)
        self.must("bob", "review", "approve", "-m", "Clear")
        self.tick()

    def tick(self, counts: Mapping[str, object] | None = None, *args: str) -> Ran:
        """A minute passes, then one tick of the reconciler."""
        self.time += 60
        file = self.folder / "counts.json"
        file.write_text(json.dumps({"agents": counts or {}}))
        return self.must("reconciler", "reconcile", "--once", "--counts", str(file), *args)

    def stages(self) -> dict[str, Any]:
        """Where support/triage stands, as `status --json` says."""
        found: dict[str, Any] = self.must("dave", "status", str(TRIAGE), "--json").document["agents"][0]["stages"]
        return found

    def enter_canary(self) -> None:
        """Release a change as v1.2.0, and bring that to a tenth of the traffic."""
        self.authorise({PROMPT: "Sort tickets by urgency, then by age.\n"})
        self.must("alice", "release", str(TRIAGE), "-m", "By age too")
        self.to_canary("1.2.0")

    def to_canary(self, version: str) -> None:
        """Healthy traffic until the newest release of support/triage has some of it."""
        self.traffic = Traffic(version)
        self._until(lambda at: bool(at["canary"]["share"]))

    def to_production(self, version: str, *, promoted_by: str = "") -> None:
        """Healthy traffic until the newest release of support/triage is settled in production."""
        name = f"{TRIAGE}/v{version}"

        def settled(at: dict[str, Any]) -> bool:
            return bool(at["production"]["release"] == name and at["production"]["state"] == "STABLE")

        self.traffic = Traffic(version)
        self._until(settled, promoted_by)

    def _until(self, done: Callable[[dict[str, Any]], bool], promoted_by: str = "") -> None:
        at = self.stages()
        for _ in range(30):
            if promoted_by and at["canary"]["state"] == "RAMP":
                self.must(promoted_by, "promote", str(TRIAGE), "-m", "Looks right")
                promoted_by = ""
            self.tick(self.traffic.next(at["canary"]["share"] or 0.5))
            at = self.stages()
            if done(at):
                return
        raise AssertionError(f"v{self.traffic.version} never got there: {at}")


def _with_viewer(access: str, key: str) -> str:
    person = f'  - {{id: frank, name: Frank, emails: [frank@sim.example], keys: ["{key}"]}}\n'
    return access.replace("bots:\n", f"{person}bots:\n") + '  - {role: viewer, who: [frank], agents: ["**"]}\n'


def masked(text: str) -> str:
    """The text with everything that differs from run to run made alike, without moving what stands beside it."""
    text = re.sub(r"\b[0-9a-f]{7,64}\b", lambda found: "x" * len(found[0]), text)
    return re.sub(r"\b[0-9A-HJKMNP-TV-Z]{26}\b", "X" * 26, text)
