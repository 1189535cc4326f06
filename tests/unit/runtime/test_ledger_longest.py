"""No record is too long: of each kind, the one whose parts are as long as schemas allow fits into a leaf."""

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import pytest
from actionworld import NOW
from budgetworld import UNIT

import agentgov
from agentgov.model.document import Environment
from agentgov.model.names import AgentId, agent_id
from agentgov.model.told import Purpose
from agentgov.model.verdict import deny
from agentgov.resources import folder
from agentgov.runtime import disposals
from agentgov.runtime.accounts import Accounts
from agentgov.runtime.buckets import Limits
from agentgov.runtime.budgeting import MODEL, short_model
from agentgov.runtime.ledger import LEAF, SALT, Entry, leaf
from agentgov.runtime.money_requests import MOST_TOKENS, ReservationAsk
from agentgov.runtime.permit_rows import Permit, entry_of
from agentgov.runtime.reservations import MOST, Expire, Refuse, Release, Request, Reserve, Settle, Spending, Wanted
from agentgov.runtime.windows import SCOPES, Slot, Windows

PLACE, TIME = 2**53 - 1, 10**14  # more records, and later, than there will ever be
WORKSPACE = "w" * 63
AGENT = AgentId(WORKSPACE, "a" * 63)
IN: Environment = "production"
ACTOR = f"agent:{AGENT}@{IN}"
PERSON = f"person:{'p' * 64}"
DIGEST = "f" * 64
PURPOSE = "p" * 64
SUBJECT = "\u20ac" * 128
TOOL = "\\" * 128
ID = "f" * 36
NUMBER = str(2**63)
RUN = '"' * 64


def test_the_longest_parts_are_those_of_the_schemas() -> None:
    assert agent_id(str(AGENT)) is not None
    assert agent_id(f"{AGENT}a") is None
    msgspec.convert(PURPOSE, Purpose)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(PURPOSE + "p", Purpose)
    asked = {"key": "k", "model": "\u20ac" * 200, "run": RUN, "subject": SUBJECT, "purpose": PURPOSE}
    msgspec.convert(asked, ReservationAsk)
    for field, longer in (("run", "r" * 65), ("model", "m" * 201), ("model", "a\x00"), ("subject", "s" * 129)):
        with pytest.raises(msgspec.ValidationError, match=field):
            msgspec.convert(asked | {field: longer}, ReservationAsk)
    access = json.loads((folder("schemas") / "access.schema.json").read_text("utf-8"))
    assert access["definitions"]["id"]["pattern"].endswith("{0,63}$")
    for name in ("fleet", "workspace", "agent"):
        text = (folder("schemas") / f"{name}.schema.json").read_text("utf-8")
        assert text.count('"propertyNames": { "pattern": "^[1-9][0-9]{0,4}[mhdw]$" }') == text.count(
            '"maxProperties": 4'
        )


def windows() -> Windows:
    """Three zones in which it is another day, and four rolling windows of the longest names on each of three scopes."""
    slots = (Slot(scope, f"{44639 - number}m", 10**8) for scope in SCOPES for number in range(4))
    return Windows(("2026-11-29", "2026-11-30", "2026-11-28"), tuple(slots))


def wanted(**more: object) -> Wanted:
    model = short_model("\u20ac" * 200)
    assert len(model.encode()) <= MODEL
    details = {"model": model, "input": str(MOST_TOKENS), "output": str(MOST_TOKENS)}
    soft: Limits = {("run", "run"): 0}
    found = Wanted(
        id=ID, key="k" * 128, agent=AGENT, environment=IN, closure=DIGEST, request="r", run=RUN, day=str(windows()),
        currency="USD", amount=MOST, price=None, limits={}, details=details, soft=soft, subject=SUBJECT,
        purpose=PURPOSE,
    )  # fmt: skip
    return msgspec.structs.replace(found, **more)


def money() -> Iterator[Entry]:
    """Of every way that money is asked for, and ends."""
    caller, spending = (str(AGENT), IN), Spending(amount=MOST, currency="USD")
    for model in ({"model": '"' * MODEL}, {"model": "\u20ac" * (MODEL // 3)}, {"tool": TOOL}):
        want = wanted(details=wanted().details | model, amount=UNIT)
        ends: Sequence[Request] = (
            Settle(ID, caller, spending, NOW),
            Release(ID, caller, NOW),
            Expire(ID, 2**52),
        )
        for end in ends:
            accounts = Accounts((), (), {})
            accounts.decide(Refuse(want, deny("budget.unpriced-for-the-longest-rule", "no"), NOW))
            assert accounts.decide(Reserve(want, lambda _: None, NOW))[1].allowed
            assert accounts.decide(end)[1].allowed
            assert {one.entry.type for one in accounts.noted} >= {"budget.deny", "budget.reserve"}
            assert len(accounts.noted) == 3
            yield from (one.entry for one in accounts.noted)


def permits() -> Iterator[Entry]:
    """Of every step of a permit; votes say most beside it."""
    permit = Permit(
        id=ID, agent=str(AGENT), environment=IN, key="k", state="pending", tool=TOOL, release="", closure=DIGEST,
        binding=DIGEST, policy="", subject=SUBJECT, needs=None, shown="", demands=(), asked=0, expires=0, decided=0,
        consumed=0, outcome="", record=0,
    )  # fmt: skip
    for type_ in ("action.allow", "permit.approve", "outcome.not-done"):
        found = entry_of(
            type_, permit, max(ACTOR, PERSON, key=len), {"x": 1}, {"lacking": NUMBER, "outcome": "not-done"}
        )
        yield msgspec.structs.replace(found, purpose=PURPOSE)


def full(type_: str, refs: Mapping[str, str], actor: str = PERSON, agent: str = str(AGENT)) -> Entry:
    """An entry that has everything that any has."""
    return Entry(type_, agent, actor, IN, DIGEST, refs, b"{}", SUBJECT, PURPOSE)


def others() -> Iterator[Entry]:
    """Of each other kind, with everything that any record has; refs are those of the code that writes them."""
    yield full("action.deny", {"tool": TOOL, "binding": DIGEST}, ACTOR)
    mark = {"bucket": f"run run {AGENT}@{IN} {RUN} USD", "mark": "0.12345678901234567"}
    yield full("budget.mark", mark | {"used": NUMBER, "limit": NUMBER, "currency": "USD"}, "gate")
    yield full("spans", {"spans": NUMBER, "digest": DIGEST}, ACTOR)
    yield full("event", {"event": "e" * 64}, ACTOR)
    yield full("outcome.missing", {"permit": ID, "tool": TOOL, "record": NUMBER}, "gate")
    selector = f"{'k' * 63}={chr(0x10FFFF) * 100}"
    yield full("pause", {"act": ID, "selector": selector, "mode": "read-only"})
    yield full("pause", {"act": ID, "selector": f"model:{chr(34) * 200}", "mode": "read-only"})
    yield full("incident", {"act": ID, "incident": "2026-1130-abcd", "step": "acknowledge"})
    yield full(
        "lease", {"token": ID, "etag": DIGEST, "variant": "canary", "mode": "read-only", "level": "w" * 16}, ACTOR
    )
    yield full("token", {"token": ID})
    yield full("ledger.renew", {"before": "f" * 16, "now": "f" * 16}, "keeper")
    yield full("erasure.order", {"order": DIGEST})
    yield full("alert.acknowledge", {"alert": "f" * 32, "rule": "r" * 63, "severity": "ticket", "drill": "true"})
    yield full("silence.lift", {"silence": ID, "until": NUMBER})
    yield full("abort", {"act": ID, "alert": "f" * 32}, "gate")
    yield full("alert.test", {"route": "r" * 63, "delivery": "f" * 32})
    yield full("store.restored", {}, "keeper")
    yield full("read", {})
    class_, rule = "c" * 64, "123456789d after the end of the longest of them"
    periods = {"since": NUMBER, "until": NUMBER, "count": NUMBER, "first": NUMBER, "last": NUMBER}
    yield full("ledger.prune", {"payloads": class_, "rule": rule} | periods)
    yield full("ledger.prune", {"classes": "c" * 400, "from": NUMBER, "leaves": NUMBER})
    for text in disposals.places(range(10**15, 10**15 + 400, 2)):
        yield full("redacted", {"records": text})


SIZES = [(entry, len(leaf(entry, PLACE, TIME, bytes(SALT)))) for entry in (*money(), *permits(), *others())]


@pytest.mark.parametrize(("entry", "size"), SIZES, ids=[entry.type for entry, _ in SIZES])
def test_the_longest_record_of_a_kind_fits(entry: Entry, size: int) -> None:
    assert size <= LEAF, f"{entry.type}: {size}"


def test_a_bucket_has_no_longer_name_than_that() -> None:
    names = [one.period for one in wanted().chain]
    mark = next(entry for entry in others() if entry.type == "budget.mark")
    assert max(len(msgspec.json.encode(one)) for one in names) <= len(msgspec.json.encode(mark.refs["bucket"]))


WRITERS = [
    "alerts/silence_rows",
    "alerts/standing",
    "cli/run_time/audit_export",
    "cli/run_time/ledger_log",
    "cli/run_time/ledger_renew",
    "cli/run_time/store_visit",
    "gate/alert_acts",
    "gate/leasing",
    "gate/recording",
    "gate/routes/alert_way",
    "gate/routes/erasure",
    "gate/routes/export",
    "gate/routes/ledger",
    "gate/routes/login",
    "gate/routes/oidc",
    "gate/routes/spending",
    "gate/routes/token",
    "runtime/accounts",
    "runtime/action_requests",
    "runtime/budget_marks",
    "runtime/erasure",
    "runtime/erasure_orders",
    "runtime/pausing",
    "runtime/permit_rows",
    "runtime/pruning",
    "runtime/restoring",
    "runtime/telemetry/events",
    "runtime/telemetry/keeping",
    "runtime/untold",
    "sdk/embedded",
]


def test_whoever_writes_a_new_kind_of_record_is_asked_how_long_it_gets() -> None:
    package = Path(agentgov.__file__).parent
    found = [path.relative_to(package).with_suffix("").as_posix() for path in package.rglob("*.py") if _writes(path)]
    assert sorted(found) == WRITERS, "measure its longest record above"


def _writes(path: Path) -> bool:
    text = path.read_text("utf-8")
    if "runtime.ledger import" not in text or "Entry(" not in text:
        return False
    calls = (node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    return any(isinstance(name, ast.Name) and name.id == "Entry" for name in calls)
