"""Routes for the ledger: records by who, what and when, their proofs, and the trees as files (c2sp.org/tlog-tiles).

Seeing takes `view-audit`, on the agent that is asked about, on every agent of the workspace whose tree it is, or on the
whole fleet; payloads and leaves in bulk take `export`. Whoever reads is recorded before the answer.
"""

from collections.abc import Mapping

import msgspec

from agentgov.gate.answer import Answer, answered
from agentgov.gate.call import Call
from agentgov.gate.errors import bad_request, forbidden, not_found
from agentgov.gate.recording import record
from agentgov.gate.route import Parameter, Route
from agentgov.model.names import AgentId, agent_id, is_label
from agentgov.runtime import sequencing
from agentgov.runtime.kept_as import rules_of
from agentgov.runtime.ledger import PAGE, Entry, Receipt, Record, read
from agentgov.runtime.ledger_proving import proof_of
from agentgov.runtime.ledger_shown import Shown, open_payload, place_of, shown
from agentgov.runtime.privilege import told
from agentgov.runtime.retention import Rules
from agentgov.runtime.tiles import Tile, encode_bundle, parse_path
from agentgov.store.port import Transaction

_LEAVES = "SELECT leaf FROM records WHERE tree = ? AND seq >= ? AND seq < ? ORDER BY seq"
_AGENTS = "SELECT DISTINCT agent FROM records WHERE tree = ? AND seq >= ? AND seq < ?"
_OCTETS, _TEXT = b"application/octet-stream", b"text/plain; charset=utf-8"


class TreeAnswer(msgspec.Struct, frozen=True):
    """One tree: how many records it has, and how many are under the newest checkpoint, signed when (epoch ms)."""

    tree: str
    records: int
    signed: int
    root: str
    time: int


class TreesAnswer(msgspec.Struct, frozen=True):
    """The trees that who asks may see, what the ledger is called, and whether these are all of them."""

    ledger: str
    trees: tuple[TreeAnswer, ...]
    whole: bool


class RecordsAnswer(msgspec.Struct, frozen=True):
    """Records, newest first."""

    records: tuple[Shown, ...]


async def trees(call: Call) -> Answer:
    """Every tree that who asks may see."""
    log, found = await call.gate.read(lambda tx: (sequencing.log_id(tx), sequencing.standings(tx)))
    whole = call.may("view-audit", None)
    seen = [one for one in found if whole or may_of_tree(call, "view-audit", one.tree)]
    if not seen:
        call.require("view-audit", None)
    await _record(call, {"read": "ledger"})
    told = tuple(TreeAnswer(one.tree, one.leaves, one.size, one.root, one.time) for one in seen)
    return answered(TreesAnswer(log, told, whole))


def may_of_tree(call: Call, verb: str, tree: str) -> bool:
    """Whether the person who asks has a right on all that is in a workspace's tree: on every agent of it, also those
    that are there no more."""
    return is_label(tree) and call.may(verb, AgentId(tree, "*"))


def require_on(call: Call, verb: str, agent: AgentId | None, tree: str) -> None:
    """Refuse unless the person who asks has a right on an agent; where none is named, on a tree or the whole fleet."""
    if agent is not None or not may_of_tree(call, verb, tree):
        call.require(verb, agent)


async def records(call: Call) -> Answer:
    """Records that match; the query is recorded."""
    asked = call.query
    agent = agent_id(asked["agent"]) if asked.get("agent") else None
    if asked.get("agent") and agent is None:
        raise bad_request("agent is no id of an agent")
    require_on(call, "view-audit", agent, asked.get("tree", ""))
    payloads = asked.get("payloads") == "true"
    if payloads:
        require_on(call, "export", agent, asked.get("tree", ""))
    before = _place(asked["before"]) if asked.get("before") else None
    since, until = _number(asked, "since", 0), _number(asked, "until", 0)
    limit = min(_number(asked, "limit", 100), PAGE)
    texts = {name: asked.get(name, "") for name in ("tree", "actor", "tool", "subject", "purpose")}

    vault, readable = call.gate.settings.vault, readable_classes(call)
    rules = await require_readable(call, agent)
    withheld = rules.ever_privileged if agent is None else (lambda _: False)
    words = {**texts, "agent": str(agent or ""), "kind": asked.get("type", "")}

    def work(tx: Transaction) -> tuple[Shown, ...]:
        def page(before: Receipt | None) -> tuple[Record, ...]:
            span = {"since": since, "until": until, "limit": limit}
            return read(tx, **words, **span, before=before, payloads=payloads)  # type: ignore[arg-type]

        found = told(page, withheld, before, limit)
        opened = [open_payload(tx, one, vault, readable) for one in found] if payloads else found
        return tuple(shown(one, payloads) for one in reversed(opened))

    found = await call.gate.read(work)
    await _record(call, {"read": "ledger", "query": _unnamed(asked)}, agent, subject=texts["subject"])
    return answered(RecordsAnswer(found))


async def require_readable(call: Call, *agents: AgentId | None) -> Rules:
    """Refuse where records of these agents are privileged, and who asks is no reader of them; how records are kept."""
    fleet = call.fleet
    rules, readable = await call.gate.read(lambda tx: rules_of(tx, fleet)), readable_classes(call)
    for agent in agents:
        if readable is not None and agent is not None and not rules.privileged_as(str(agent)) <= readable:
            message = f"records of {agent} are privileged, and {call.person} is no reader of their class"
            raise forbidden("gate.forbidden", message, "see `readers` in governance/retention.yaml")
    return rules


def readable_classes(call: Call) -> frozenset[str] | None:
    """The retention classes whose encrypted payloads the person who asks may read; None for all."""
    retention = call.fleet.governance.retention
    if call.may("administer", None) or retention is None:
        return None if call.may("administer", None) else frozenset()
    members = call.fleet.directory.members
    return frozenset(
        name for name, one in retention.classes.items() if any(call.person in members(who) for who in one.readers)
    )


async def proof(call: Call) -> Answer:
    """The proof of one record."""
    place = _place(f"{call.values['tree']}/{call.values['seq']}")
    owner = await call.gate.read(lambda tx: tx.one("SELECT agent FROM records WHERE tree = ? AND seq = ?", *place))
    agent = agent_id(str(owner[0])) if owner is not None else None
    require_on(call, "view-audit", agent, place.tree)
    await _record(call, {"read": "proof", "place": f"{place.tree}/{place.seq}"}, agent)
    if owner is None:
        raise not_found()
    await require_readable(call, agent)
    found = await call.gate.read(lambda tx: proof_of(tx, place))
    return Answer(200, found.encode(), content_type=_TEXT)


async def file(call: Call) -> Answer:
    """A file of a tree: its checkpoint, a tile of hashes, or a bundle of leaves."""
    tree, path = call.values["tree"], call.values["path"]
    require_on(call, "export" if path.startswith("tile/entries/") else "view-audit", None, tree)
    await _record(call, {"read": "ledger", "file": f"{tree}/{path}"})
    if path == "checkpoint":
        note = await call.gate.read(lambda tx: sequencing.checkpoint_of(tx, tree))
        if not note:
            raise not_found()
        return Answer(200, note, content_type=_TEXT)
    try:
        tile = parse_path(path)
    except ValueError:
        raise not_found() from None
    if tile.level == "entries":
        agents = await call.gate.read(lambda tx: tx.all(_AGENTS, tree, tile.first, tile.end))
        await require_readable(call, *(agent_id(agent) for (agent,) in agents))
    return Answer(200, await call.gate.read(lambda tx: _bytes(tx, tree, tile)), content_type=_OCTETS)


def _bytes(tx: Transaction, tree: str, tile: Tile) -> bytes:
    if tile.level != "entries":
        try:
            return sequencing.tile_reader(tx, tree)(tile)
        except ValueError:
            raise not_found() from None
    leaves = [bytes(leaf) for (leaf,) in tx.all(_LEAVES, tree, tile.first, tile.end)]
    if len(leaves) != tile.width:
        raise not_found()
    return encode_bundle(leaves)


def _unnamed(asked: Mapping[str, str]) -> Mapping[str, str]:
    """A query without the name of its subject, to which the leaf of its record commits."""
    return {**asked, "subject": "(named)"} if asked.get("subject") else dict(asked)


async def _record(call: Call, what: Mapping[str, object], agent: AgentId | None = None, subject: str = "") -> None:
    payload = msgspec.json.encode(what, order="sorted")
    entry = Entry("read", str(agent or ""), str(call.caller), payload=payload, subject=subject)
    await call.gate.write(lambda tx: record(tx, entry, call.now_ms))


def _place(text: str) -> Receipt:
    try:
        return place_of(text)
    except ValueError as error:
        raise bad_request(str(error)) from None


def _number(asked: Mapping[str, str], name: str, otherwise: int) -> int:
    text = asked.get(name, "")
    if not text:
        return otherwise
    if not text.isascii() or not text.isdecimal() or len(text) > 15:
        raise bad_request(f"{name} is no whole number")
    return int(text)


_NUMBER = {"type": "integer", "minimum": 0}
_QUERY = (
    Parameter("tree", "Of this tree"),
    Parameter("agent", "Of this agent"),
    Parameter("type", "Of this type"),
    Parameter("actor", "Done by"),
    Parameter("tool", "About this tool"),
    Parameter("subject", "About whom or what; only digests of it are kept"),
    Parameter("purpose", "Done for this purpose"),
    Parameter("since", "Not before this moment, epoch milliseconds", schema=_NUMBER),
    Parameter("until", "Before this moment, epoch milliseconds", schema=_NUMBER),
    Parameter("before", "The page before this place, as support/12"),
    Parameter("limit", "How many, 1000 at most", schema=_NUMBER),
    Parameter("payloads", "true: with payloads, which takes `export`", schema={"type": "boolean"}),
)
ROUTES = (
    Route(
        "GET",
        "/v1/ledger/records",
        "Records of the ledger",
        records,
        "person",
        answers={200: RecordsAnswer},
        query=_QUERY,
        tag="ledger",
    ),
    Route(
        "GET",
        "/v1/ledger/trees",
        "The trees of the ledger that one may see",
        trees,
        "person",
        answers={200: TreesAnswer},
        tag="ledger",
    ),
    Route(
        "GET",
        "/v1/ledger/proofs/{tree}/{seq}",
        "The proof of a record (c2sp.org/tlog-proof)",
        proof,
        "person",
        answers={200: None},
        tag="ledger",
        media="text/plain",
    ),
    Route(
        "GET",
        "/v1/ledger/files/{tree}/{path...}",
        "A tree as files (c2sp.org/tlog-tiles)",
        file,
        "person",
        answers={200: None},
        tag="ledger",
        media="application/octet-stream",
    ),
)
