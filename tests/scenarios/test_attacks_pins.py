"""Attacks on where trust starts: another journal, another fleet id, what this machine remembers (L1, C1)."""

import os
import shutil
import stat
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import gitworld
import hostile
import pytest
from simulator import FLEET, FLEET_YAML, FleetSimulator

from agentgov import __version__
from agentgov.errors import ConfigurationError, IncompleteError, RefusedError
from agentgov.journal.branch import Journal
from agentgov.journal.query import acts
from agentgov.journal.records import to_bytes
from agentgov.journal.remembered import verified_tip
from agentgov.journal.replay import verify_journal
from agentgov.journal.replayed import RULES
from agentgov.journal.view import view_at
from agentgov.repo.repository import Repository
from agentgov.trust.machine_key import seal
from agentgov.trust.pins import Pins, load_pins, save_pins

OTHER = FLEET.replace("6f0c", "7f0c")


@pytest.mark.attack("L1")
def test_pinned_tip_is_in_every_journal(local: FleetSimulator) -> None:
    commits = hostile.three_acts(local)
    pins = load_pins(FLEET)
    assert pins is not None
    later = replace(pins, journal_tip=commits[2])
    for tip, code in ((commits[1], "journal.rewound"), (commits[3], "")):
        found = verify_journal(local.repo, tip, later, local.clock())
        assert (found.offence.code if found.offence else "") == code


def second_journal(world: FleetSimulator, fleet: str = FLEET) -> str:
    """A journal of its own over the same main, by a real administrator; of another fleet where its id is given."""
    if fleet != FLEET:
        world.commit("carol", {"agentgov.yaml": FLEET_YAML.replace(FLEET, fleet)})
    twin = world.twin(world.folder.parent / f"twin-{fleet[:4]}")
    gitworld.git(twin.work, "update-ref", "-d", hostile.JOURNAL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTGOV_CONFIG_HOME", str(twin.folder / "config"))
        patch.setenv("AGENTGOV_STATE_HOME", str(twin.folder / "state"))
        twin.clock.pass_(60)
        root = twin.introduce().pins.journal_root
    gitworld.git(world.work, "fetch", "-q", str(twin.work), hostile.JOURNAL)
    return root


@pytest.mark.attack("L1")
def test_second_journal_of_the_same_fleet(local: FleetSimulator) -> None:
    other = second_journal(local)
    assert hostile.code(local, other) == "journal.forked"
    assert hostile.offence(local, other) == "journal.forked"
    assert verify_journal(local.repo, other, None, local.clock() + 60).offence is None  # well made, and not ours


def test_other_fleet_id_does_not_choose_other_pins(local: FleetSimulator) -> None:
    other = second_journal(local, OTHER)
    assert verify_journal(local.repo, other, None, local.clock() + 60).offence is None
    hostile.publish(local, other)
    assert hostile.offence(local, other) == "journal.forked"
    with pytest.raises(RefusedError, match="on this machine the repository is fleet"):
        local.view()


def test_other_fleet_id_is_refused_in_a_fresh_clone_of_a_pinned_machine(local: FleetSimulator, tmp_path: Path) -> None:
    other = second_journal(local, OTHER)
    hostile.publish(local, other)
    gitworld.git(tmp_path, "clone", "-q", str(local.work), "fresh")
    repo = Repository.open(tmp_path / "fresh")
    gitworld.git(tmp_path / "fresh", "fetch", "-q", "origin", f"{hostile.JOURNAL}:{hostile.JOURNAL}")
    with pytest.raises(RefusedError, match=r"journal\.forked"):
        Journal(repo).view(local.clock() + 60)


def test_fork_of_a_fleet_is_a_fleet_of_its_own_once_it_is_pinned(local: FleetSimulator) -> None:
    other = second_journal(local, OTHER)
    hostile.publish(local, other)
    entry = next(iter(acts(local.repo, other)))
    save_pins(Pins(OTHER, entry.act.get("Main"), other, other))
    local.clock.pass_(60)
    assert local.view().state.head.fleet == OTHER


def test_pins_from_the_environment_name_the_fleet(local: FleetSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    pins = load_pins(FLEET)
    assert pins is not None
    other = second_journal(local, OTHER)
    hostile.publish(local, other)
    monkeypatch.setenv("AGENTGOV_PINS", pins.line)
    with pytest.raises(ConfigurationError, match=f"not of {OTHER}"):
        local.view()


def test_fleet_id_in_the_tip_is_not_believed(local: FleetSimulator) -> None:
    tip = local.view().tip
    head = replace_fleet(local, OTHER)
    forged = hostile.with_files(local, hostile.honest(local), {"fleet.yaml": head})
    assert hostile.offence(local, forged) == "journal.replay"
    assert hostile.code(local, forged) == "journal.replay"
    assert local.view().tip == tip


def replace_fleet(world: FleetSimulator, fleet: str) -> bytes:
    """The head of the journal, of another fleet."""
    return to_bytes(world.view().state.head).replace(FLEET.encode(), fleet.encode())


def test_nothing_is_judged_again_when_the_tip_was_verified(local: FleetSimulator) -> None:
    tip = hostile.three_acts(local)[-1]
    for journal in (local.journal, Journal(Repository.open(local.work))):
        found = journal.verify(tip, local.clock())
        assert (found.offence, found.acts) == (None, 0)
        assert found.view is not None
        assert found.view.tip == tip
    assert local.journal.verify(tip, local.clock(), cold=True).acts == 4


def verified_file(tmp_path: Path) -> Path:
    """Where this machine remembers how far it verified."""
    return tmp_path / "state" / "verified" / FLEET


@pytest.mark.attack("C1")
def test_memory_of_what_verified_is_only_used_under_the_same_pins_and_rules(
    local: FleetSimulator, tmp_path: Path
) -> None:
    tip = hostile.three_acts(local)[-1]
    file = verified_file(tmp_path)
    good = file.read_text()
    assert tip in good

    def judged() -> int:
        return Journal(Repository.open(local.work)).verify(tip, local.clock()).acts

    for bad in (
        "",
        "garbage",
        good.replace(FLEET, OTHER),
        good.replace(tip, "0" * 40),
        good * 2,
        good + "x",
        good[:-1],
    ):
        if bad == good:
            continue
        file.write_text(bad)
        assert judged() == 4, bad
        assert judged() == 0
    for mode in (0o666, 0o644, 0o640, 0o604, 0o620):
        file.chmod(mode)
        assert judged() == 4, oct(mode)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agentgov.journal.verdict_cache.RULES", RULES - 1)
        assert judged() == 4, "rules that refused less"
    assert judged() == 4
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agentgov.journal.verdict_cache.__version__", "0.0.9")
        assert judged() == 4, "another version"
    assert judged() == 4
    pins = load_pins(FLEET)
    assert pins is not None
    save_pins(replace(pins, journal_tip=tip))
    assert judged() == 4
    save_pins(replace(pins, journal_root=tip))
    found = Journal(Repository.open(local.work)).verify(tip, local.clock())
    assert found.offence is not None
    assert found.offence.code == "journal.forked"


def forged(key: bytes, tip: str, **changes: str) -> bytes:
    """A record of what verified as somebody with this machine key would seal it, something in it being otherwise."""
    pins = load_pins(FLEET)
    assert pins is not None
    words = {
        "version": __version__,
        "rules": str(RULES),
        "fleet": FLEET,
        "pins": sha256(pins.line.encode()).hexdigest(),
    }
    words |= changes
    bound = ("agentgov-cache/1", words["version"], words["rules"], words["fleet"], words["pins"], "verified", tip)
    return f"agentgov-cache/1 verified {tip} {seal(key, *(word.encode() for word in bound), b'')}\n".encode()


@pytest.mark.attack("C1")
def test_record_that_another_machine_or_user_sealed_is_ignored(local: FleetSimulator, tmp_path: Path) -> None:
    """C1: the same verdict as with no record at all, and a bad act is found under every one of them."""
    tip = hostile.three_acts(local)[-1]
    bad = hostile.with_files(local, hostile.honest(local), {"README.md": b"x\n"})
    file, own = verified_file(tmp_path), (tmp_path / "state/machine-key").read_bytes()
    assert file.read_bytes() == forged(own, tip), "the test knows how a good record is spelled"
    records = {
        "another key": forged(b"k" * 32, bad),
        "no key": forged(b"", bad),
        "older rules": forged(own, bad, rules=str(RULES - 1)),
        "other pins": forged(own, bad, pins="-"),
        "another fleet": forged(own, bad, fleet=OTHER),
        "another version": forged(own, bad, version="0.0.1"),
        "another tip": forged(own, tip).replace(tip.encode(), bad.encode()),
    }
    for word, raw in records.items():
        file.write_bytes(raw)
        found = Journal(Repository.open(local.work)).verify(bad, local.clock())
        assert found.offence is not None, word
        assert found.offence.code == "journal.tree", word


@pytest.mark.attack("C1")
def test_every_flipped_bit_of_a_record_or_of_the_key_makes_it_nothing(local: FleetSimulator, tmp_path: Path) -> None:
    tip = hostile.three_acts(local)[-1]
    pins = load_pins(FLEET)
    for file in (verified_file(tmp_path), tmp_path / "state/machine-key"):
        good = file.read_bytes()
        assert verified_tip(FLEET, pins) == tip
        for place in range(len(good)):
            file.write_bytes(good[:place] + bytes([good[place] ^ 1 << place % 8]) + good[place + 1 :])
            assert verified_tip(FLEET, pins) is None, (file.name, place)
        file.write_bytes(good[:-1])
        assert verified_tip(FLEET, pins) is None
        file.write_bytes(good)


def test_acts_that_were_kept_answer_as_the_journal_does(
    local: FleetSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process knows every act at once, takes on what came later, and still finds an id that stands twice."""
    monkeypatch.setattr("agentgov.journal.remembered.WORTH_KEEPING", 2)
    commits = hostile.three_acts(local)
    kept = tmp_path / "state/acts" / FLEET
    assert kept.exists()
    later = hostile.honest(local)
    again = hostile.with_act(local, later, hostile.act_at(local, commits[1]))
    good = kept.read_bytes()
    for raw in (good, b"", good[:-1], good.replace(b"agentgov-cache/1", b"agentgov-cache/2")):
        kept.write_bytes(raw)
        fresh = Journal(Repository.open(local.work))
        view = fresh.view(local.clock())
        line = view.memory.line
        assert [line.seq_of(commit, view.tip) for commit in commits] == [0, 1, 2, 3]
        assert line.holds(hostile.act_at(local, commits[2]).id, view.tip)
        assert not line.holds(hostile.act_at(local, later).id, view.tip)
        assert [one.seq for one in line.standings(("agents/support/triage",), view.tip)] == [0]
        assert Journal(Repository.open(local.work)).verify(later, local.clock(), remember=False).offence is None
        found = fresh.verify(again, local.clock(), remember=False)
        assert found.offence is not None


def test_kept_acts_are_those_of_one_journal_after_a_lost_race(
    local: FleetSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentgov.journal.remembered.WORTH_KEEPING", 1)
    commits = hostile.three_acts(local)
    line = local.view().memory.line
    mine, theirs = (
        hostile.prepare(local, hostile.pause(local)),
        hostile.prepare(local, hostile.pause(local, "bob"), "bob"),
    )
    assert line.seq_of(mine, mine) == 4  # built, and lost the race
    hostile.publish(local, theirs)
    assert Journal(Repository.open(local.work)).verify(theirs, local.clock()).offence is None
    view = Journal(Repository.open(local.work)).view(local.clock())
    assert view.memory.line.seq_of(theirs, view.tip) == 4
    assert view.memory.line.seq_of(mine, view.tip) is None
    assert view.memory.line.seq_of(commits[3], view.tip) == 3


@pytest.mark.attack("C1")
@pytest.mark.parametrize("name", ["verified", "key"])
@pytest.mark.parametrize("how", ["link", "pipe", "folder", "another user"])
def test_what_is_no_file_of_this_user_is_no_record(
    local: FleetSimulator, tmp_path: Path, name: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile.three_acts(local)
    pins, file = load_pins(FLEET), verified_file(tmp_path) if name == "verified" else tmp_path / "state/machine-key"
    good = file.rename(tmp_path / "elsewhere")
    if how == "link":
        file.symlink_to(good)
    elif how == "pipe":
        os.mkfifo(file, 0o600)
    elif how == "folder":
        file.mkdir()
    else:
        good.rename(file)
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert verified_tip(FLEET, pins) is None
    assert not file.is_symlink() or file.readlink() == good, "nothing is written through it"


def test_nothing_is_kept_where_nothing_shall_be_kept(
    local: FleetSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tip = hostile.three_acts(local)[-1]
    monkeypatch.setenv("AGENTGOV_CACHE", "off")
    for _ in range(2):
        assert Journal(Repository.open(local.work)).verify(tip, local.clock()).acts == 4
    monkeypatch.delenv("AGENTGOV_CACHE")
    assert Journal(Repository.open(local.work)).verify(tip, local.clock()).acts == 0
    (tmp_path / "state/machine-key").unlink()
    assert Journal(Repository.open(local.work)).verify(tip, local.clock()).acts == 4
    key = tmp_path / "state/machine-key"
    assert (stat.S_IMODE(key.stat().st_mode), key.stat().st_size) == (0o600, 32)


@pytest.mark.attack("C1")
def test_memory_never_hides_a_bad_act(local: FleetSimulator, tmp_path: Path) -> None:
    hostile.three_acts(local)
    honest = hostile.honest(local)
    bad = hostile.with_files(local, honest, {"README.md": b"x\n"})
    assert hostile.offence(local, bad) == "journal.tree"
    assert bad not in verified_file(tmp_path).read_text()
    assert Journal(Repository.open(local.work)).verify(bad, local.clock()).offence is not None


def test_journal_that_was_taken_away_is_missed_and_not_begun_again(world: FleetSimulator) -> None:
    tip = hostile.three_acts(world)[-1]
    gitworld.git(world.remote, "update-ref", "-d", hostile.JOURNAL)
    with pytest.raises(RefusedError, match="there is no journal") as caught:
        world.view()
    assert f"git push origin {tip}:{hostile.JOURNAL}" in caught.value.hint
    with pytest.raises(RefusedError, match="there is no journal"):
        world.introduce()
    gitworld.git(world.work, "push", "-q", "origin", f"{tip}:{hostile.JOURNAL}")
    assert world.view().tip == tip


def test_governance_that_cannot_be_read_any_more_is_a_clear_word(local: FleetSimulator) -> None:
    tip = hostile.with_files(local, local.view().tip, {"authorised/governance/access.yaml": b"kind: Future\n"})
    with pytest.raises(IncompleteError, match="authorised governance cannot be read") as caught:
        view_at(local.repo, tip)
    assert "version of agentgov" in caught.value.hint


def test_memory_of_another_version_and_of_nothing_is_no_hindrance(local: FleetSimulator, tmp_path: Path) -> None:
    tip = hostile.three_acts(local)[-1]
    folder = verified_file(tmp_path).parent
    shutil.rmtree(folder)
    folder.write_text("a file where a folder should be")
    assert Journal(Repository.open(local.work)).verify(tip, local.clock()).acts == 4
