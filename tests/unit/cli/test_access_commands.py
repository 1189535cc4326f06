"""`agentgov access` at the command line: edits of the file as it lies there, and what could be done at a moment."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import gitworld
import pytest
from unit.cli.command_world import ACCESS, CommandWorld

from agentgov.trust.signers import KeyFileSigner

EDITS = (
    ("add-person", "gina", "--name", "Gina", "--email", "gina@sim.example", "--team", "support"),
    ("add-key", "carol", "gina"),
    ("add-administrator", "erin"),
    ("add-bot", "forge", "--kind", "importer"),
    ("set-threshold", "2"),
)


@pytest.fixture
def gina(laid: CommandWorld) -> CommandWorld:
    """A fleet without a journal, and the key of somebody new."""
    gitworld.make_key(laid.keys, "gina")
    return laid


def key(world: CommandWorld, name: str = "gina") -> str:
    return str(world.keys / f"{name}.pub")


def access(world: CommandWorld) -> str:
    return (world.fleet / ACCESS).read_text()


def holder(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in document["holders"] if one["id"] == name)
    return found


# --- edits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit[0])
def test_an_edit_writes_the_lines_that_it_tells(gina: CommandWorld, edit: tuple[str, ...]) -> None:
    edit = tuple(key(gina) if word == "gina" and edit[0] == "add-key" else word for word in edit)
    before = access(gina)
    dry = gina.asked("carol", "access", *edit, "--dry-run")
    assert (dry["changed"], dry["written"], access(gina)) == (True, False, before)
    done = gina.asked("carol", "access", *edit)
    assert done["diff"] == dry["diff"]
    assert (done["written"], done["changed"]) == (True, True)
    after = access(gina)
    assert gina.git("diff", "--numstat").split()[0] == str(sum(line.startswith("+") for line in done["diff"]))
    assert all(line[1:] in after.splitlines() for line in done["diff"] if line.startswith("+"))
    assert gina.run("carol", "validate").code == 0


def test_who_was_added_is_taken_out_again_without_a_trace(gina: CommandWorld) -> None:
    before = access(gina)
    gina.asked("carol", "access", "add-person", "gina", "--key", key(gina), "--team", "support", "--administrator")
    fingerprint = holder(gina.asked("carol", "access", "show"), "gina")["keys"][0]["fingerprint"]
    gina.asked("carol", "access", "remove-key", "gina", fingerprint)
    gina.asked("carol", "access", "add-key", "gina", key(gina))
    gina.asked("carol", "access", "remove-administrator", "gina")
    gina.asked("carol", "access", "add-bot", "forge", "--kind", "importer")
    gina.asked("carol", "access", "remove-bot", "forge")
    gina.asked("carol", "access", "remove-person", "gina")
    assert access(gina) == before


def test_a_bot_gets_a_key_that_is_made_for_it_and_kept_here(gina: CommandWorld) -> None:
    done = gina.asked("carol", "access", "add-bot", "door", "--kind", "importer", "--make-key")
    line = next(line for line in done["diff"] if "ssh-ed25519" in line)
    (private,) = gina.folder.glob("**/keys/*/importer")
    assert f"{KeyFileSigner(private).public_key} door" in line
    refused = gina.run("carol", "access", "add-bot", "other", "--kind", "importer", "--make-key")
    assert (refused.code, "is listed for door" in refused.err) == (2, True)
    for more in (("--dry-run",), ("--key", key(gina))):
        refused = gina.run("carol", "access", "add-bot", "other", "--kind", "evidence", "--make-key", *more)
        assert (refused.code, "--make-key makes a key" in refused.err) == (2, True)
    assert not list(gina.folder.glob("**/keys/*/evidence"))


def test_what_stands_there_already_is_left_alone(gina: CommandWorld) -> None:
    threshold = gina.asked("carol", "access", "show")["administrators"]["threshold"]
    before = (gina.fleet / ACCESS).stat().st_mtime_ns
    done = gina.asked("carol", "access", "set-threshold", str(threshold))
    assert (done["changed"], done["written"], done["diff"], done["next"]) == (False, False, [], [])
    assert (gina.fleet / ACCESS).stat().st_mtime_ns == before


@pytest.mark.attack("K10")
def test_one_key_on_two_people_is_refused_before_anything_is_written(gina: CommandWorld) -> None:
    before = access(gina)
    for edit in (("add-key", "alice", key(gina, "bob")), ("add-person", "gina", "--key", key(gina, "bob"))):
        found = gina.run("carol", "access", *edit)
        assert found.code == 2
        assert "is listed for" in found.err
        assert "bob" in found.err
    assert access(gina) == before


def test_a_key_comes_as_a_file_as_its_line_or_on_standard_input(
    gina: CommandWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Path(key(gina)).read_text().strip()
    gina.asked("carol", "access", "add-key", "carol", line)
    once = access(gina)
    gina.asked("carol", "access", "remove-key", "carol", key(gina))
    with (gina.keys / "gina.pub").open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        gina.asked("carol", "access", "add-key", "carol", "-")
    assert access(gina) == once


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add-key", "carol", "{keys}/gina"), "gina.pub"),
        (("add-key", "carol", "{keys}/nobody.pub"), "there is no file"),
        (("add-key", "carol", "{fleet}/agentgov.yaml"), "and a public key is one"),
        (("add-key", "carol", "ssh-ed25519 AAAA"), "cannot be used"),
        (("add-key", "nobody", "{keys}/gina.pub"), "no person and no bot called"),
        (("add-person", "gina", "--github", "gina"), "LOGIN:NUMBER"),
        (("add-person", "gina", "--github", "gina:0"), "at least 1"),
        (("add-person", "gina", "--team", "none"), "no team"),
        (("add-person", "carol"), "add-key carol"),
        (("add-bot", "carol", "--kind", "gate"), "add-key carol"),
        (("add-bot", "forge", "--kind", "gate", "--key", "{keys}/bob.pub"), "is listed for bob and for forge"),
        (("add-bot", "forge", "--kind", "human"), "human"),
        (("remove-bot", "carol"), "no bot 'carol'"),
        (("set-threshold", "9"), "more than the"),
        (("set-threshold", "0"), "range"),
        (("remove-key", "carol", "SHA256:none"), "has no key"),
    ],
)
def test_nonsense_is_told_and_nothing_is_written(gina: CommandWorld, words: tuple[str, ...], told: str) -> None:
    before = access(gina)
    found = gina.run("carol", "access", *(word.format(keys=gina.keys, fleet=gina.fleet) for word in words))
    assert (found.code, found.out) == (2, "")
    assert told in found.err
    assert "PRIVATE KEY" not in found.err
    assert access(gina) == before


def test_nothing_is_written_through_a_link_and_modes_are_kept(gina: CommandWorld) -> None:
    file = gina.fleet / ACCESS
    file.chmod(0o640)
    gina.asked("carol", "access", "add-key", "carol", key(gina))
    assert file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in file.parent.iterdir() if path.name.startswith(".access")] == []
    elsewhere = gina.folder / "elsewhere.yaml"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    assert "symbolic link" in gina.run("carol", "access", "set-threshold", "1").err
    assert elsewhere.read_bytes() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_cannot_be_written_is_told(gina: CommandWorld) -> None:
    (gina.fleet / ACCESS).parent.chmod(0o500)
    assert "cannot be written" in gina.run("carol", "access", "set-threshold", "1").err


def test_bytes_that_are_no_text_are_left_alone(gina: CommandWorld) -> None:
    for content in (b"\xef\xbb\xbfapiVersion: x\n", b"\xff\xfe", b"", b"kind: [\n"):
        (gina.fleet / ACCESS).write_bytes(content)
        found = gina.run("carol", "access", "set-threshold", "1")
        assert (found.code, found.out) == (2, "")
        assert (gina.fleet / ACCESS).read_bytes() == content


def test_outside_of_a_fleet_it_says_how_to_begin(tmp_path: Path, gina: CommandWorld) -> None:
    gitworld.make_repository(tmp_path / "other")
    assert "agentgov init" in gina.run("carol", "access", "set-threshold", "1", cwd=tmp_path / "other").err
    assert "working tree" in gina.run("carol", "access", "set-threshold", "1", cwd=gina.remote).err


# --- looking ---------------------------------------------------------------------------------------------------------


def test_the_report_says_who_could_do_what_and_who_acted_last(running: CommandWorld) -> None:
    now = running.asked("erin", "access", "report")
    carol, alice = holder(now, "carol"), holder(now, "alice")
    assert carol["administrator"]
    assert carol["lastAct"]["kind"] == "init"
    assert carol["rights"][0]["role"] == "administrator"
    assert "administer" in carol["rights"][0]["verbs"]
    assert all("administer" not in right["verbs"] for right in alice["rights"])
    assert holder(now, "reconciler")["lastAct"]["seq"] == now["act"]["seq"]
    assert "advance" in holder(now, "reconciler")["acts"]
    assert "frank" not in now["lookAt"]["unused"], "whoever may only look has nothing to sign"


def test_a_report_about_a_moment_knows_nothing_of_later_acts(running: CommandWorld) -> None:
    then = running.asked("erin", "access", "report", "--at", "0")
    assert then["act"]["seq"] == 0
    assert holder(then, "carol")["lastAct"]["seq"] == 0
    assert holder(then, "reconciler")["lastAct"] is None
    assert {"alice", "bob"} <= set(then["lookAt"]["unused"])
    assert running.asked("erin", "access", "report", "--at", "HEAD")["lookAt"]["unused"] == []


def test_every_right_of_the_report_is_one_that_can_confirms(running: CommandWorld) -> None:
    for one in running.asked("erin", "access", "report", "--at", "HEAD")["holders"]:
        for right in one["rights"]:
            for verb in right["verbs"]:
                environment = right["environments"][:1]
                where = ("--environment", environment[0]) if environment else ()
                agent = next(
                    (name for name in ("support/triage", "finance/payroll") if _covers(right["agents"], name)), None
                )
                if agent is None or (not environment and verb not in ("view", "review", "administer")):
                    continue
                running.must("erin", "can", one["id"], verb, agent, *where, "--at", "HEAD")


def test_pending_edits_are_shown_and_not_reported(running: CommandWorld) -> None:
    gitworld.make_key(running.keys, "gina")
    running.asked("carol", "access", "add-person", "gina", "--key", key(running))
    assert holder(running.asked("erin", "access", "show"), "gina")["lastAct"] is None
    assert "gina" in running.must("erin", "access", "show").out
    assert "gina" not in running.must("erin", "access", "report").out


def test_what_ended_or_ends_soon_is_looked_at(laid: CommandWorld) -> None:
    extra = '  - {role: viewer, who: [bob], until: 2020-01-31}\n  - {role: viewer, who: [alice], until: "%s"}\n'
    soon = (datetime.fromtimestamp(laid.time, UTC) + timedelta(days=9)).date()
    laid.write({ACCESS: access(laid) + extra % soon})
    look = laid.asked("erin", "access", "show")["lookAt"]
    assert [(one["person"], one["until"]) for one in look["ended"]] == [("bob", "2020-01-31")]
    assert [(one["person"], one["until"]) for one in look["ending"]] == [("alice", soon.isoformat())]


def _covers(patterns: list[str], agent: str) -> bool:
    return any(pattern in ("**", agent) or pattern == f"{agent.partition('/')[0]}/*" for pattern in patterns)
