"""What an erasure takes and what it leaves: of this subject or record, its permits, money and keys, and of no other."""

import secrets
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import msgspec.json
import pytest
from actionworld import NOW
from budgetworld import BudgetWorld
from patience import PATIENCE
from permitworld import PermitWorld
from pruningworld import Ledger, rules

from agentgov.errors import RefusedError
from agentgov.model.names import AgentId
from agentgov.runtime.disposals import disposals
from agentgov.runtime.erasure import Erased, Erasure, erase
from agentgov.runtime.ledger import Entry, Receipt, append_all, read
from agentgov.runtime.retention import Rules
from agentgov.runtime.subjects import subject_key
from agentgov.runtime.vault import Seal, Vault
from agentgov.store.open import open_store
from agentgov.store.port import Store


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


def write(store: Store, *entries: Entry) -> None:
    salts = secrets.token_bytes(16 * len(entries))
    store.write(lambda tx: append_all(tx, entries, NOW, salts)).result(PATIENCE)


def erased(store: Store, subject: str = "", place: Receipt | None = None) -> Erased:
    what = Erasure("carol", "letter", subject, place)
    return store.write(lambda tx: erase(tx, what, Rules(None), NOW, secrets.token_bytes)).result(PATIENCE)


def about(name: str, agent: str = "w/a", **more: Any) -> Entry:
    return Entry("action", agent, "agent", payload=b"x", subject=name, **more)


def payloads(store: Store, **of: Any) -> list[bytes | None]:
    return [one.payload for one in store.read(lambda tx: read(tx, payloads=True, **of)).result(PATIENCE)]


def test_records_of_others_at_the_same_place_of_another_tree_stay(store: Store) -> None:
    write(store, about("Ada", "w/a"), about("Bob", "v/a"))
    assert erased(store, "Ada").records == ("w/1",)
    assert payloads(store, subject="Bob") == [b"x"]


def test_an_erasure_that_names_nobody_takes_nothing(store: Store) -> None:
    write(store, about(""))
    assert erased(store) == Erased()
    assert payloads(store) == [b"x"]


def test_a_key_that_nothing_is_kept_under_any_more_is_destroyed_and_told_of(store: Store) -> None:
    write(store, about("Ada", seal=Seal(Vault([bytes(32)]), "patients")))
    store.write(lambda tx: tx.run("DELETE FROM payloads")).result(PATIENCE)  # it was pruned
    done = erased(store, "Ada")
    assert (done.payloads, done.keys, len(done.records)) == (0, 1, 1)


@pytest.mark.parametrize(("number", "more"), [(5, ""), (6, " and more")])
def test_a_hold_is_told_with_the_first_five_places(store_url: str, number: int, more: str) -> None:
    ledger = Ledger(store_url)
    ledger.add("w/short", number, day=1, subject="Ada")
    with pytest.raises(RefusedError, match=rf"keeps {number} of these records \(w/0, w/1, w/2, w/3, w/4{more}\)"):
        ledger.erase(rules("w/short"), "Ada")
    ledger.store.close()


def test_erasing_a_record_forgets_whom_the_money_set_aside_by_it_is_about(store: Store) -> None:
    world = BudgetWorld(store)
    kept = [("support/refunds", "a"), ("support/refunds", "b"), ("sales/quotes", "c")]  # c stands where a does
    places = []
    for agent, key in kept:
        made, verdict = world.reserve(key, 1, AgentId(*agent.split("/")), subject=key)
        assert made is not None, verdict
        places.append(made.record)
    assert places[0] == places[2]
    erased(store, place=Receipt("support", places[0]))
    rows = store.read(lambda tx: tx.all("SELECT subject FROM reservations ORDER BY reservation_key")).result(PATIENCE)
    assert rows == [("",), ("b",), ("c",)]


class Permits(PermitWorld):
    """Two permits that people are asked for, about Ada and about Bob."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.ids = [self.ask(name, subject=name).permit for name in ("Ada", "Bob")]

    @property
    def subjects(self) -> list[str]:
        return [self.permit(one.id).subject for one in self.ids if one is not None]

    def deny(self) -> None:
        for one in self.ids:
            assert one is not None
            self.vote(one.id, "alice", "deny")

    def place(self, number: int) -> Receipt:
        permit = self.ids[number]
        assert permit is not None
        return Receipt("support", permit.record)


def test_permits_that_are_over_forget_their_subject_and_those_of_others_do_not(store: Store) -> None:
    world = Permits(store)
    done = erased(store, "Ada")
    assert (done.permits, done.waiting, world.subjects) == (0, 1, ["Ada", "Bob"])
    world.deny()
    done = erased(store, "Ada")
    assert (done.permits, done.waiting, world.subjects) == (1, 0, ["", "Bob"])


def test_the_permit_of_an_erased_record_forgets_once_it_is_over_and_that_is_told_of(store: Store) -> None:
    world = Permits(store)
    done = erased(store, place=world.place(0))
    assert (done.payloads, done.permits, done.waiting) == (1, 0, 1), "people still have to see what they are asked"
    world.deny()
    done = erased(store, place=world.place(0))
    assert (done.payloads, done.permits, done.waiting) == (0, 1, 0)
    assert [place.partition("/")[0] for place in done.records] == ["_fleet"], "no place went: it is the fleet's to tell"
    assert world.subjects == ["", "Bob"]
    assert erased(store, place=world.place(0)) == Erased(), "twice is once"


def test_the_permit_of_a_record_at_the_same_place_of_another_tree_is_not_waited_for(store: Store) -> None:
    world = Permits(store)
    place = world.place(0)
    write(store, *(about("", "sales/quotes") for _ in range(place.seq + 1)))
    assert erased(store, place=Receipt("sales", place.seq)).waiting == 0


def test_records_of_before_the_index_had_a_key_are_found_by_their_own_subjects(store: Store) -> None:
    write(store, about("Ada"), about("Bob"))  # as a store kept them that had no key yet
    plain = {name: sha256(f"agentgov-subject\0{name}".encode()).hexdigest() for name in ("Ada", "Bob")}
    rows = [(digest, seq) for seq, digest in enumerate(plain.values())]
    store.write(lambda tx: tx.many("UPDATE records SET subject = ? WHERE seq = ?", rows)).result(PATIENCE)
    store.write(lambda tx: tx.run("DELETE FROM store_keys")).result(PATIENCE)
    assert len(payloads(store, subject="Ada")) == 1
    store.write(subject_key).result(PATIENCE)
    assert (len(payloads(store, subject="Ada")), len(payloads(store, subject="Bob"))) == (1, 1)


def leaf(kind: str, **refs: int) -> bytes:
    return msgspec.json.encode({"type": kind, "agent": "w/a", "refs": {name: str(one) for name, one in refs.items()}})


def test_what_was_pruned_explains_what_is_missing_of_its_stretch_and_of_its_time() -> None:
    said = disposals([leaf("ledger.prune", since=10, until=20, first=3, last=5, count=3)])
    for seq, time, explained in ((3, 10, True), (5, 19, True), (2, 10, False), (6, 19, False), (4, 9, False)):
        missing = msgspec.json.encode({"seq": seq, "time": time, "agent": "w/a"})
        assert said.explains(missing) == (explained, "w/a" if explained else None), (seq, time)
    assert said.explains(msgspec.json.encode({"seq": 4, "time": 20, "agent": "w/a"}))[0] is False
    assert [said.count("w/a", begin) for begin in (0, 5, 6)] == [3, 3, 0]


def test_only_a_record_of_pruning_says_that_leaves_are_gone() -> None:
    assert disposals([leaf("ledger.prune", leaves=9)]).leaves == 9
    assert disposals([leaf("action", leaves=9)]).leaves == 0
