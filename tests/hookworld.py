"""A git server with agentgov's hook: the bare remote of a simulated fleet, judged by a machine with a home of its own.

    server = HookServer(world)
    refused = server.push("HEAD:main")       # "" where it landed, else what the server said

Everything is pushed by the real git; the hook is the one that `agentgov hook install` writes.
"""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import gitworld
from forked import ran
from simulator import FLEET, FleetSimulator

from agentgov.scaffold.hooks import MARK
from agentgov.trust.pins import load_pins


class HookServer:
    """The remote of a world, with the hook installed and the journal pinned."""

    def __init__(self, world: FleetSimulator, *, pinned: bool = True) -> None:
        self.world, self.bare, self.home = world, world.remote, world.folder / "server"
        self.agentgov("hook", "install", "--repo", str(self.bare))
        # The server is another machine: what it has pinned and seen lies in its own home.
        lines = [f"export AGENTGOV_{kind}_HOME={self.home / kind.lower()}" for kind in ("CONFIG", "STATE")]
        text = self.hook.read_text().replace(MARK, "\n".join([MARK, *lines]))
        self.hook.write_text(text)
        if pinned:
            pins = load_pins(FLEET)
            assert pins is not None
            self.agentgov("trust", "pin", pins.line)

    @property
    def hook(self) -> Path:
        """The file that git runs."""
        return self.bare / "hooks/pre-receive"

    def agentgov(self, *args: str) -> str:
        """A command on the server."""
        homes = {f"AGENTGOV_{kind}_HOME": str(self.home / kind.lower()) for kind in ("CONFIG", "STATE")}
        done = ran(args, self.bare, {**gitworld.environment(), **homes})
        assert done.returncode == 0, done.stderr
        return done.stdout

    def push(self, *refspecs: str, env: Mapping[str, str] | None = None, to: str = "") -> str:
        """Push by hand; what the server said where it refused, "" where everything landed."""
        done = subprocess.run(
            ["git", "push", "--porcelain", to or str(self.bare), *refspecs],
            cwd=self.world.work,
            env={**gitworld.environment(), **(env or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        said = "\n".join(line.removeprefix("remote: ").rstrip() for line in done.stderr.splitlines())
        assert "Traceback" not in said
        assert "internal error" not in said, said
        return "" if done.returncode == 0 else said

    def refs(self) -> dict[str, str]:
        """What the server's refs point to."""
        lines = gitworld.git(self.bare, "for-each-ref", "--format=%(refname) %(objectname)").decode().splitlines()
        return dict(line.split(" ", 1) for line in lines)

    def holds(self, oid: str) -> bool:
        """Whether the server keeps an object."""
        command = ["git", "cat-file", "-e", oid]
        return subprocess.run(command, cwd=self.bare, capture_output=True, check=False).returncode == 0

    def ran(self) -> None:
        """Nothing is left of pushes that were refused."""
        assert not list((self.bare / "objects").glob("*incoming-*"))
