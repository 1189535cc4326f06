"""Webhooks of a forge end to end: a real listener, deliveries over HTTP, reviews and releases that come of them."""

import hmac
import http.client
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from patience import PATIENCE
from pullworld import PullWorld, with_accounts
from unit.cli.command_world import PROMPT, ROOT, CommandWorld

SECRET = "a secret of the webhooks of tests"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> CommandWorld:
    """A fleet whose Access knows accounts of the forge, and an importer."""
    world = CommandWorld.begun(tmp_path_factory.mktemp("worlds") / "listening")
    with_accounts(world)
    return world.packed()


@pytest.fixture
def world(template: CommandWorld, tmp_path: Path) -> Iterator[PullWorld]:
    with PullWorld.on_github(template.copied(tmp_path / "world")) as found:
        (tmp_path / "secret").write_text(f"{SECRET}\n")
        (tmp_path / "secret").chmod(0o600)
        yield found


@dataclass
class Listener:
    """`forge listen` as a process, and what it said so far."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reading = threading.Thread(target=self._read, daemon=True)
        self.reading.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(iter(self.process.stdout.readline, ""))

    def says(self, word: str, times: int = 1) -> str:
        """The line with a word, once it was said so often."""
        for _ in range(PATIENCE * 20):
            found = [line for line in self.lines if word in line]
            if len(found) >= times:
                return found[-1]
            assert self.process.poll() is None, self.lines
            time.sleep(0.05)
        raise AssertionError(f"it never said {word!r}: {self.lines}")

    @property
    def port(self) -> int:
        return int(self.says("listening ").partition("127.0.0.1:")[2].partition("/")[0])

    def post(self, event: str, body: dict[str, Any], secret: str = SECRET) -> int:
        """Deliver an event; the status of the answer."""
        raw = json.dumps(body).encode()
        signature = f"sha256={hmac.new(secret.encode(), raw, 'sha256').hexdigest()}"
        headers = {"content-type": "application/json", "x-github-event": event, "x-hub-signature-256": signature}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("POST", "/hooks/github", raw, headers)
        status = connection.getresponse().status
        connection.close()
        return status

    def end(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        self.reading.join(PATIENCE)
        return code


@contextmanager
def listening(world: PullWorld, *args: str, bots: tuple[str, ...] = ("importer", "reconciler")) -> Iterator[Listener]:
    """The command with the keys of these bots."""
    own = world.own
    env = own.environment("frank") | {f"AGENTGOV_{bot.upper()}_KEY_FILE": str(own.keys / bot) for bot in bots}
    env |= {"AGENTGOV_GITHUB_WEBHOOK_SECRET_FILE": str(own.folder.parent / "secret")}
    env |= {"AGENTGOV_FORGE_TOKEN": world.token, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    where = ("--forge", "github", "--project", world.forge.project, "--api-url", world.fake.url)
    command = [sys.executable, "-m", "agentgov", "forge", "listen", "--listen", "127.0.0.1:0", *where, *args]
    process = subprocess.Popen(
        command, cwd=own.fleet, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    listener = Listener(process)
    try:
        yield listener
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE)
        listener.reading.join(PATIENCE)
        assert process.stdout is not None
        process.stdout.close()


def test_a_review_on_the_forge_comes_in_and_the_merge_is_taken_over(world: PullWorld) -> None:
    number = world.change("alice", "wording", {PROMPT: "Sort by age.\n"})
    world.forge.review(number, "bob", "APPROVED")
    event = world.fake.event("pull_request_review.submitted", number)
    with listening(world) as listener:
        assert listener.says("listening ").endswith("for acme/fleet: imports reviews, reconciles\n")
        assert listener.post("pull_request_review", event, secret="not the secret of anybody") == 401
        assert listener.post("ping", world.fake.event("ping")) == 204
        assert listener.post("pull_request_review", event) == 202
        assert listener.post("pull_request_review", event) == 200
        listener.says(f"done import {number} ")
        world.forge.merge(number, "alice")
        assert listener.post("push", world.fake.event("push")) == 202
        listener.says("done reconcile ")
        assert listener.end() == 0
    assert world.pending() == []
    told = "".join(listener.lines)
    assert "bob of github approves 1 path" in told
    assert "refused deliveries: 1 unauthorised" in told
    assert world.token not in told
    assert SECRET not in told
    assert len(told) < 3000


def test_a_check_is_told_on_the_forge_and_takes_no_key(world: PullWorld) -> None:
    number = world.change("alice", "wording", {PROMPT: "Sort by age.\n"})
    with listening(world, "--check", "--once", bots=()) as listener:
        assert listener.post("pull_request", world.fake.event("pull_request.opened", number)) == 202
        assert listener.process.wait(PATIENCE) == 0, listener.lines
    assert [comment.number for comment in world.forge.comments] == [number]
    assert [status.state for status in world.forge.statuses] == ["pending"]


def test_what_was_taken_in_is_done_before_it_ends(world: PullWorld) -> None:
    number = world.change("alice", "wording", {PROMPT: "Sort by age.\n"})
    world.forge.review(number, "bob", "APPROVED")
    with listening(world, bots=("importer",)) as listener:
        assert listener.post("pull_request_review", world.fake.event("pull_request_review.submitted", number)) == 202
        assert listener.end() == 0
    assert any("done import" in line for line in listener.lines)
    assert world.imported("--pr", str(number))["imported"] == []


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"AGENTGOV_GITHUB_WEBHOOK_SECRET_FILE": None}, "there is no secret to judge webhooks of github by"),
        ({"AGENTGOV_RECONCILER_KEY_FILE": None}, "nothing that a webhook could wake"),
    ],
)
def test_without_a_secret_or_anything_to_do_it_does_not_listen(
    world: PullWorld, tmp_path: Path, variables: dict[str, str | None], said: str
) -> None:
    own = world.own
    env: dict[str, str | None] = {
        "AGENTGOV_RECONCILER_KEY_FILE": str(own.keys / "reconciler"),
        "AGENTGOV_GITHUB_WEBHOOK_SECRET_FILE": str(tmp_path / "secret"),
        "AGENTGOV_FORGE_TOKEN": world.token,
    }
    where = ("--forge", "github", "--project", world.forge.project, "--api-url", world.fake.url)
    found = own.run("frank", "forge", "listen", "--listen", "127.0.0.1:0", *where, env=env | variables)
    assert (found.code, found.out) == (2, "")
    assert said in found.err
