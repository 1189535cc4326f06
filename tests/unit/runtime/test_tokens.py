"""Tokens open what they were made for, while they are good; a login is proven, at one gate, once."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import pytest

from agentgov.model.access import Access, Administrators, Bot, Person
from agentgov.model.names import AgentId
from agentgov.model.verdict import Verdict
from agentgov.runtime import logins, tokens
from agentgov.runtime.control import versions
from agentgov.runtime.logins import NAMESPACE, SKEW_MS, Login, LoginText, decide_login, parse_login, still_holds
from agentgov.runtime.tokens import SECRET, Made, Token, TokenTable
from agentgov.store.open import open_store
from agentgov.store.port import Store, Transaction
from agentgov.trust.identity import Directory
from agentgov.trust.signers import KeyFileSigner, generate_key

NOW, HOUR = 1_800_000_000_000, 3_600_000
AGENT = Token("t1", "agent", AgentId("support", "triage"), "production", "", "ci", NOW, "alice", NOW + HOUR)
PERSON = Token("t2", "person", None, None, "bob", "", NOW, "bob", NOW + HOUR)
FLEET, GATE = "6f0c3c1e-58a4-4a7e-9a39-1f4a5f7f0001", "https://gate.example"
ADMINISTRATORS = Administrators(who=("bob",))
T = TypeVar("T")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


def do(store: Store, work: Callable[[Transaction], T]) -> T:
    return store.write(work).result()


def made(store: Store, token: Token, random: bytes = b"") -> Made:
    return do(store, lambda tx: tokens.create(tx, token, random or token.id.encode().ljust(SECRET, b"\0")))


def table(store: Store, now_ms: int = NOW) -> TokenTable:
    return do(store, lambda tx: tokens.load(tx, now_ms))


def test_a_token_opens_what_it_was_made_for_until_it_ends(store: Store) -> None:
    agent, person = made(store, AGENT), made(store, PERSON)
    found = table(store)
    assert found.size == 2
    assert found.find(agent.secret, NOW) == AGENT
    assert found.find(person.secret, NOW + HOUR - 1) == PERSON
    assert found.find(person.secret, NOW + HOUR) is None
    assert found.find("agt_" + "A" * 43, NOW) is None
    assert found.named("t1", NOW) == AGENT
    assert found.named("t1", NOW + HOUR) is found.named("t9", NOW) is None
    assert table(store, NOW + HOUR).size == 0
    assert do(store, lambda tx: tokens.one_token(tx, "t2")) == PERSON
    assert do(store, lambda tx: tokens.one_token(tx, "t9")) is None


@pytest.mark.parametrize("secret", ["", "agt_", "agx_" + "A" * 43, "agt_" + "A" * 44, "agt_" + "A" * 42])
def test_what_has_not_the_shape_of_a_secret_is_not_looked_for(secret: str) -> None:
    assert not tokens.is_shaped(secret)
    found = TokenTable({sha256(secret.encode()).digest(): AGENT})
    assert found.find(secret, NOW) is None
    assert tokens.is_shaped("agt_" + "A" * 43)
    assert tokens.is_shaped("agp_" + "A" * 43)


def test_a_secret_takes_all_of_its_random_bytes() -> None:
    assert len({tokens.secret_of("agent", bytes([number] * SECRET)) for number in range(4)}) == 4
    with pytest.raises(ValueError, match="32 random bytes"):
        tokens.secret_of("agent", bytes(SECRET - 1))


def test_a_revoked_token_opens_nothing_and_the_others_still_do(store: Store) -> None:
    agent, person = made(store, AGENT), made(store, PERSON)
    before = do(store, versions)[tokens.TOPIC]
    assert do(store, lambda tx: tokens.revoke(tx, "t1", NOW))
    assert do(store, versions)[tokens.TOPIC] == before + 1
    assert table(store).find(agent.secret, NOW) is None
    assert table(store).find(person.secret, NOW) == PERSON
    assert do(store, lambda tx: tokens.listed(tx, NOW)) == (PERSON,)
    assert do(store, lambda tx: tokens.listed(tx, NOW + HOUR)) == ()
    assert not do(store, lambda tx: tokens.revoke(tx, "t1", NOW + 1)), "it is already"
    assert not do(store, lambda tx: tokens.revoke(tx, "t2", NOW + HOUR)), "it is over"
    assert do(store, versions)[tokens.TOPIC] == before + 1
    kept = do(store, lambda tx: tokens.one_token(tx, "t1"))
    assert kept is not None
    assert kept.revoked == NOW
    assert not kept.is_good(NOW)


def test_a_rotated_token_ends_after_the_overlap_and_never_later_than_before(store: Store) -> None:
    made(store, AGENT), made(store, PERSON)
    new = tokens.successor(replace(AGENT, used=NOW), "t3", NOW + 10, "carol", NOW + 5 * HOUR)
    assert (new.agent, new.environment, new.used, new.created_by) == (AGENT.agent, "production", 0, "carol")
    do(store, lambda tx: tokens.rotate(tx, AGENT, new, b"3" * SECRET, 1000))
    other = replace(new, id="t4")
    do(store, lambda tx: tokens.rotate(tx, PERSON, other, b"4" * SECRET, 2 * HOUR))
    assert _ends(store) == {"t1": NOW + 1010, "t2": NOW + HOUR, "t3": NOW + 5 * HOUR, "t4": NOW + 5 * HOUR}
    do(store, lambda tx: tokens.revoke(tx, "t3", NOW + 20))
    do(store, lambda tx: tokens.rotate(tx, new, replace(new, id="t5"), b"5" * SECRET, 1000))
    assert _ends(store)["t3"] == NOW + 5 * HOUR, "what was revoked is left as it was"


def _ends(store: Store) -> dict[str, int]:
    return dict(do(store, lambda tx: tx.all("SELECT id, expires FROM tokens")))


def test_when_a_token_was_used_last_never_goes_back(store: Store) -> None:
    made(store, AGENT), made(store, PERSON)
    for at in (NOW + 50, NOW + 20):
        do(store, lambda tx, at=at: tokens.note_used(tx, [("t1", at)]))  # type: ignore[misc]
    used: dict[str, int] = dict(do(store, lambda tx: tx.all("SELECT id, used FROM tokens")))
    assert used == {"t1": NOW + 50, "t2": 0}


# --- logins ---------------------------------------------------------------------------------------------------------


class People:
    """Alice, who has a key; Bob, who has none; a bot, and a stranger."""

    def __init__(self, folder: Path) -> None:
        for name in ("alice", "gate", "stranger"):
            generate_key(folder / name, name)
        self.signers = {name: KeyFileSigner(folder / name) for name in ("alice", "gate", "stranger")}
        self.keys = {name: signer.public_key for name, signer in self.signers.items()}
        people = (Person(id="alice", keys=(self.keys["alice"],)), Person(id="bob"))
        self.directory = Directory(
            Access(ADMINISTRATORS, people=people, bots=(Bot(id="gate", kind="gate", keys=(self.keys["gate"],)),))
        )

    def log_in(
        self, by: str = "alice", *, at: int = NOW, fleet: str = FLEET, gate: str = GATE, namespace: str = NAMESPACE
    ) -> Login | Verdict:
        text = LoginText(fleet, gate, at, "0" * 32).text
        signature = self.signers[by].sign(namespace, text.encode())
        return decide_login(text, signature, self.directory, FLEET, frozenset({GATE}), NOW)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    return People(tmp_path_factory.mktemp("keys"))


@pytest.mark.parametrize("off", [-SKEW_MS, 0, SKEW_MS])
def test_a_person_logs_in_with_a_key_of_theirs(people: People, off: int) -> None:
    assert people.log_in(at=NOW + off) == Login("alice", people.keys["alice"], "0" * 32)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"by": "stranger"}, "no living key"),
        ({"by": "gate"}, "no living key"),
        ({"at": NOW - SKEW_MS - 1}, "five minutes"),
        ({"at": NOW + SKEW_MS + 1}, "five minutes"),
        ({"fleet": "0" * 36}, "serves another"),
        ({"gate": "https://other.example"}, "does not go by that address"),
        ({"namespace": "git"}, "namespace"),
    ],
)
def test_no_other_signature_logs_anybody_in(people: People, changed: dict[str, object], said: str) -> None:
    found = people.log_in(**changed)  # type: ignore[arg-type]
    assert isinstance(found, Verdict)
    assert not found.allowed
    assert said in found.reasons[0].message


def test_what_is_no_login_is_refused(people: People) -> None:
    assert parse_login("hello") is None
    found = decide_login("hello", b"", people.directory, FLEET, frozenset({GATE}), NOW)
    assert isinstance(found, Verdict)
    assert "no login of this version" in found.reasons[0].message


def test_a_login_ends_where_its_key_is_no_longer_theirs(people: People) -> None:
    alice, gate = people.keys["alice"], people.keys["gate"]
    assert still_holds(people.directory, "alice", alice).allowed
    assert not still_holds(people.directory, "bob", alice).allowed
    assert not still_holds(people.directory, "gate", gate).allowed
    assert not still_holds(Directory(Access(ADMINISTRATORS)), "alice", alice).allowed


def test_a_nonce_is_spent_once_for_as_long_as_it_could_come_again(store: Store) -> None:
    assert do(store, lambda tx: logins.spend(tx, "n1", NOW))
    assert not do(store, lambda tx: logins.spend(tx, "n1", NOW + 2 * SKEW_MS))
    assert do(store, lambda tx: logins.spend(tx, "n2", NOW))
    assert do(store, lambda tx: logins.spend(tx, "n1", NOW + 3 * SKEW_MS + 1)), "its text is too old by then"


def test_who_logs_out_ends_this_login_alone(store: Store) -> None:
    login = made(store, replace(PERSON, kind="login"))
    other = made(store, replace(PERSON, id="t3", kind="oidc"))
    assert login.token.is_login
    assert other.token.is_login
    assert not PERSON.is_login
    do(store, lambda tx: logins.log_out(tx, "t2", NOW + 1))
    do(store, lambda tx: logins.log_out(tx, "t2", NOW + 9))
    assert table(store).find(login.secret, NOW + 2) is None
    assert table(store).find(other.secret, NOW + 2) == other.token
    kept = do(store, lambda tx: tokens.one_token(tx, "t2"))
    assert kept is not None
    assert kept.revoked == NOW + 1
