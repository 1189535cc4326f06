"""What a webhook wakes is done as a command of its own: with its own key, again after a failure, and told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from unit.cli.command_world import CommandWorld

from agentgov.cli.change import forge_errands
from agentgov.cli.change.forge_errands import Ended, Errands, environment, served
from agentgov.cli.context import open_context
from agentgov.errors import ConfigurationError, RefusedError
from agentgov.forge.hook_events import Errand, Work
from agentgov.forge.waking import TRIES, Waking
from agentgov.forge.where import ForgeOptions

IMPORT, CHECK, RECONCILE = Errand(Work.IMPORT, 7), Errand(Work.CHECK, 7), Errand(Work.RECONCILE)
ALL = frozenset(Work)


@dataclass
class Script:
    """Commands that end as told, and what was asked of them."""

    codes: list[int | None]
    said: str = ""
    asked: list[tuple[list[str], Mapping[str, str]]] = field(default_factory=list)

    def __call__(self, words: Sequence[str], environ: Mapping[str, str]) -> Ended:
        self.asked.append((list(words), environ))
        return Ended(self.codes.pop(0) if self.codes else 0, self.said)


def errands(script: Script, works: frozenset[Work] = ALL) -> Errands:
    return Errands(Waking(), works, "/srv/fleet", ForgeOptions("github", "acme/fleet", ""), script)


def test_each_errand_is_a_command_that_anybody_could_run() -> None:
    script = Script([])
    doing = errands(script)
    assert doing.wake([IMPORT, CHECK, RECONCILE])
    while doing.next():
        pass
    where = ["--repo=/srv/fleet", "--forge=github", "--project=acme/fleet"]
    assert [words for words, _ in script.asked] == [
        ["check", "--pr", "7", "--comment", "--status", *where],
        ["forge", "import-reviews", "--pr", "7", *where],
        ["reconcile", "--once", "--repo=/srv/fleet"],
    ]


def test_what_cannot_be_done_here_does_not_wait() -> None:
    script = Script([])
    doing = errands(script, frozenset([Work.IMPORT]))
    assert doing.wake([CHECK, RECONCILE])
    assert not doing.next()
    assert script.asked == []


@pytest.mark.parametrize("code", [3, None, -9])
def test_what_could_not_be_decided_is_done_again_later(code: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[int] = []

    def at_once(seconds: int, failures: int) -> float:
        pauses.append(failures)
        return 0.0

    monkeypatch.setattr(forge_errands, "pause_after", at_once)
    script = Script([code] * 2)
    doing = errands(script)
    doing.wake([IMPORT])
    while doing.next():
        pass
    assert (len(script.asked), pauses, doing.failed) == (3, [1, 2], 0)


def test_it_is_given_up_at_last_and_nothing_else_is_kept_waiting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(forge_errands, "pause_after", lambda seconds, failures: 0.0)
    script = Script([3] * TRIES)
    doing = errands(script)
    doing.wake([IMPORT])
    while doing.next():
        pass
    assert (len(script.asked), doing.failed) == (TRIES, 1)
    assert "given up import 7" in capsys.readouterr().err
    monkeypatch.undo()
    doing = errands(Script([3]))
    doing.wake([IMPORT, CHECK])
    assert doing.next()
    assert doing.next()
    assert not doing.next()  # it waits for its time


@pytest.mark.parametrize("code", [1, 2])
def test_what_somebody_has_to_mend_is_told_and_not_done_again(code: int, capsys: pytest.CaptureFixture[str]) -> None:
    script = Script([code], "error: the key is nobody's\n\x1b[31mred\n" + "line\n" * 50)
    doing = errands(script)
    doing.wake([IMPORT])
    assert doing.next()
    assert not doing.next()
    told = capsys.readouterr().out
    assert f"failed import 7: exit {code} " in told
    assert "  error: the key is nobody's\n" in told
    assert "\x1b" not in told
    assert "  and 40 more lines\n" in told


def test_a_verdict_that_waits_is_a_check_that_was_done(capsys: pytest.CaptureFixture[str]) -> None:
    doing = errands(Script([1]))
    doing.wake([CHECK])
    doing.next()
    assert capsys.readouterr().out.startswith("done check 7 (")
    assert doing.failed == 0


def test_every_command_gets_its_own_key_and_no_secret_of_a_webhook() -> None:
    around = {
        "PATH": "/bin",
        "AGENTGOV_KEY_FILE": "/k/any",
        "AGENTGOV_IMPORTER_KEY_FILE": "/k/importer",
        "AGENTGOV_RECONCILER_KEY_FILE": "/k/reconciler",
        "AGENTGOV_GITHUB_WEBHOOK_SECRET_FILE": "/k/hook",
        "AGENTGOV_GITLAB_WEBHOOK_SECRET_FILE": "/k/hook",
        "AGENTGOV_FORGE_TOKEN_FILE": "/k/token",
    }
    kept = {"PATH": "/bin", "NO_COLOR": "1"}
    token = {"AGENTGOV_FORGE_TOKEN_FILE": "/k/token"}
    assert environment(IMPORT, around) == {**kept, **token, "AGENTGOV_KEY_FILE": "/k/importer"}
    assert environment(RECONCILE, around) == {**kept, "AGENTGOV_KEY_FILE": "/k/reconciler"}
    assert environment(CHECK, around) == {**kept, **token}
    only = {"AGENTGOV_KEY_FILE": "/k/any"}
    assert environment(IMPORT, only)["AGENTGOV_KEY_FILE"] == "/k/any"


def test_what_is_done_follows_from_the_keys_at_hand(begun: CommandWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AGENTGOV_KEY_FILE", "AGENTGOV_IMPORTER_KEY_FILE", "AGENTGOV_RECONCILER_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in begun.environment("frank").items():
        if name.startswith("AGENTGOV_"):
            monkeypatch.setenv(name, value)
    context = open_context(str(begun.fleet))
    view = context.view()
    with pytest.raises(ConfigurationError, match="nothing that a webhook could wake"):
        served(context, view, check=False)
    assert served(context, view, check=True) == {Work.CHECK}
    monkeypatch.setenv("AGENTGOV_KEY_FILE", str(begun.keys / "reconciler"))
    assert served(context, view, check=False) == {Work.RECONCILE}
    monkeypatch.setenv("AGENTGOV_IMPORTER_KEY_FILE", str(begun.keys / "reconciler"))
    with pytest.raises(RefusedError, match="no importer's"):
        served(context, view, check=False)


def test_a_command_really_runs_and_what_it_says_is_kept(begun: CommandWorld) -> None:
    ended = forge_errands._run(["status", f"--repo={begun.fleet}"], begun.environment("frank"))
    assert ended.code == 0
    assert "support/triage" in ended.said
    assert forge_errands._run(["status", "no/such"], begun.environment("frank")).code == 2
