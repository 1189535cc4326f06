"""Orders to erase: as many administrators as Access says now, each by a key of theirs that counts now, and once."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from patience import PATIENCE
from simulator import access_file

from agentgov.errors import RefusedError
from agentgov.model.access import Access
from agentgov.runtime.erasure import NAMESPACE, Erased, Erasure, order_text
from agentgov.runtime.erasure_orders import LASTS, Electors, ask, forget_late, sign, waiting
from agentgov.runtime.ledger import Entry, Receipt, append_all
from agentgov.runtime.retention import Rules
from agentgov.store.open import open_store
from agentgov.trust.identity import Directory
from agentgov.trust.signers import KeyFileSigner, generate_key

NOW, FLEET, NOBODY = 1_795_939_200_000, "f" * 8, Rules(None)


class Desk:
    """A store with records about Ada, and administrators with keys; carol and dave administer."""

    def __init__(self, url: str, folder: Path) -> None:
        self.store = open_store(url)
        people = ("alice", "carol", "dave", "gate")
        for name in people:
            generate_key(folder / name, name)
        self.signers = {name: KeyFileSigner(folder / name) for name in people}
        keys = {name: one.public_key for name, one in self.signers.items()}
        self.access = msgspec.convert(yaml.safe_load(access_file(keys, threshold=2)), Access)
        self.who = Electors(self.access, Directory(self.access))
        self.write(lambda tx: append_all(tx, [Entry("x", "w/a", "a", payload=b"x", subject="Ada")], NOW, bytes(16)))

    def write(self, work: Any) -> Any:
        return self.store.write(work).result(PATIENCE)

    def ask(self, by: str, at: int = NOW, now: int = NOW, signer: str = "", place: Receipt | None = None) -> Erased:
        what = Erasure(by, "letter", "" if place else "Ada", place)
        proof = self.signers[signer or by].sign(NAMESPACE, order_text(FLEET, what, at)).decode()
        what = msgspec.structs.replace(what, proof=proof)
        done: Erased = self.write(lambda tx: ask(tx, FLEET, what, at, self.who, NOBODY, now, secrets.token_bytes))
        return done

    def sign(self, by: str, id_: str, now: int = NOW) -> Erased:
        (order,) = (one for one in self.write(lambda tx: waiting(tx, 2, now)) if one.id.startswith(id_))
        proof = self.signers[by].sign(NAMESPACE, order.text.encode()).decode()
        done: Erased = self.write(lambda tx: sign(tx, id_, proof, self.who, NOBODY, now, secrets.token_bytes))
        return done

    def threshold(self, number: int, *dead: str) -> None:
        """Have it take so many administrators, and revoke keys."""
        keys = {name: one.public_key for name, one in self.signers.items()}
        self.access = msgspec.convert(yaml.safe_load(access_file(keys, threshold=number)), Access)
        self.who = Electors(self.access, Directory(self.access, frozenset(dead)))

    def records(self, kind: str) -> list[str]:
        """Who did that, the first first."""
        return [str(one[0]) for one in self.write(lambda tx: tx.all(_RECORDS, kind))]


_RECORDS = "SELECT actor FROM records WHERE type = ? ORDER BY seq"


@pytest.fixture
def desk(store_url: str, tmp_path: Path) -> Iterator[Desk]:
    found = Desk(store_url, tmp_path)
    yield found
    found.store.close()


def test_the_last_signature_that_it_takes_has_it_carried_out_and_once(desk: Desk) -> None:
    asked = desk.ask("carol")
    assert (asked.pending, asked.signed, asked.payloads) == (True, ("carol",), 0)
    assert desk.ask("carol").signed == ("carol",), "the same order again is the same order"
    done = desk.sign("dave", asked.order)
    assert (done.pending, done.signed, done.payloads) == (False, ("carol", "dave"), 1)
    assert desk.write(lambda tx: waiting(tx, 2, NOW)) == ()
    desk.write(lambda tx: append_all(tx, [Entry("x", "w/a", "a", payload=b"y", subject="Ada")], NOW, bytes(16)))
    assert desk.ask("carol").payloads == 0, "what came later is not erased by an order that was carried out"


def test_whose_key_is_revoked_meanwhile_does_not_count(desk: Desk) -> None:
    asked = desk.ask("carol")
    (dead,) = (key.fingerprint for key in desk.who.directory.living_keys("carol"))
    desk.who = Electors(desk.access, Directory(desk.access, frozenset({dead})))
    done = desk.sign("dave", asked.order)
    assert (done.pending, done.signed) == (True, ("dave",))


def test_what_is_not_an_order_of_who_says_so_is_refused(desk: Desk) -> None:
    for words, message in (
        ({"by": "alice"}, "does not administer"),
        ({"by": "carol", "signer": "dave"}, "somebody else signed"),
        ({"by": "carol", "at": NOW - LASTS}, "in the last seven days"),
        ({"by": "carol", "at": NOW + 3_600_000}, "in the last seven days"),
    ):
        with pytest.raises(RefusedError, match=message):
            desk.ask(**words)
    asked = desk.ask("carol")
    with pytest.raises(RefusedError, match="does not count"):
        desk.write(lambda tx: sign(tx, asked.order, "no signature", desk.who, NOBODY, NOW, secrets.token_bytes))
    with pytest.raises(RefusedError, match="no such order waits"):
        desk.write(lambda tx: sign(tx, asked.order, "x", desk.who, NOBODY, NOW + LASTS, secrets.token_bytes))


def test_of_several_orders_the_one_that_is_signed_is_carried_out_and_each_is_told_of(desk: Desk) -> None:
    first, second = desk.ask("carol"), desk.ask("carol", place=Receipt("w", 0))
    desk.ask("carol")
    assert desk.records("erasure.ask") == ["carol", "carol"], "the same order again is told of once"
    done = desk.sign("dave", second.order)
    assert (done.payloads, done.signed) == (1, ("carol", "dave"))
    (left,) = desk.write(lambda tx: waiting(tx, 2, NOW))
    assert (left.id, left.subject, left.signed) == (first.order, "Ada", ("carol",))
    desk.sign("dave", first.order)
    assert desk.records("erasure.sign") == ["dave", "dave"]


def test_where_one_administrator_is_enough_nothing_waits_and_nothing_is_told_of_waiting(desk: Desk) -> None:
    desk.threshold(1)
    done = desk.ask("carol")
    assert (done.pending, done.payloads, desk.records("erasure.ask")) == (False, 1, [])


def test_an_order_is_found_by_eight_characters_of_its_id_and_by_nothing_else(desk: Desk) -> None:
    id_ = desk.ask("carol").order
    for wrong in (id_[:7], "z" * 8, id_ + "0"):
        with pytest.raises(RefusedError, match="no such order waits"):
            desk.write(lambda tx, of=wrong: sign(tx, of, "x", desk.who, NOBODY, NOW, secrets.token_bytes))
    assert desk.sign("dave", id_[:8]).payloads == 1


def test_what_was_carried_out_stays_so_when_the_key_of_a_signer_is_revoked(desk: Desk) -> None:
    desk.sign("dave", desk.ask("carol").order)
    (dead,) = (key.fingerprint for key in desk.who.directory.living_keys("dave"))
    desk.threshold(2, dead)
    again = desk.ask("carol")
    assert (again.pending, again.signed) == (False, ("carol", "dave"))


def test_whom_an_order_was_about_is_forgotten_when_it_is_late_and_not_before(desk: Desk) -> None:
    desk.ask("carol")
    desk.ask("dave", at=NOW + 1)
    assert desk.write(lambda tx: forget_late(tx, NOW + LASTS)) == 1
    assert [one.subject for one in desk.write(lambda tx: waiting(tx, 2, NOW + LASTS))] == ["Ada"]
    assert desk.write(lambda tx: forget_late(tx, NOW + LASTS)) == 0, "it is forgotten already"
