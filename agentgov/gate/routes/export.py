"""The route that takes records away, a page of one tree at a time, in the formats of `agentgov audit export`.

Takes the verb `export`, on the agent that is named, on all of the workspace or on the whole fleet, and is recorded
before it is answered. The answer says which place is next: who asks from there on misses nothing, and gets nothing
twice.
"""

import msgspec

from agentgov.audit.exported import of_record
from agentgov.audit.formats import NAMES, format_of
from agentgov.gate.answer import Answer
from agentgov.gate.call import Call
from agentgov.gate.errors import bad_request
from agentgov.gate.recording import record
from agentgov.gate.route import Parameter, Route
from agentgov.gate.routes.ledger import readable_classes, require_on, require_readable
from agentgov.model.names import agent_id
from agentgov.runtime.kept_as import rules_of
from agentgov.runtime.ledger import Entry
from agentgov.runtime.ledger_pages import Wanted, page_of
from agentgov.runtime.ledger_shown import open_payload
from agentgov.store.port import Transaction

_NEXT = b"agentgov-next"


async def export(call: Call) -> Answer:
    """The next records of a tree; privileged ones for who names the agent."""
    asked, tree = call.query, call.values["tree"]
    form, named, first = asked.get("format", "jsonl"), asked.get("agent", ""), asked.get("first", "") or "0"
    agent, payloads = agent_id(named) if named else None, asked.get("payloads") == "true"
    if form not in NAMES or (named and agent is None):
        raise bad_request(f"format is one of {', '.join(NAMES)}, and agent the id of an agent")
    if not first.isascii() or not first.isdecimal() or len(first) > 15:
        raise bad_request("first is no whole number")
    require_on(call, "export", agent, tree)
    await require_readable(call, agent)
    fleet, start = call.gate.fleet, int(first)
    vault, readable = call.gate.settings.vault, readable_classes(call)

    def work(tx: Transaction) -> tuple[bytes, int]:
        (end,) = tx.one("SELECT max(seq) + 1 FROM records WHERE tree = ?", tree) or (None,)
        found = page_of(tx, tree, start, end or 0, Wanted(named), payloads=payloads)
        withheld = rules_of(tx, fleet).ever_privileged
        kept = [one for one in found if named or not withheld(one.agent)]
        shown = [of_record(open_payload(tx, one, vault, readable)) for one in kept]
        written = format_of(form, fleet.view.state.head.fleet)
        return written.head + written.encode(shown), found[-1].seq + 1 if found else max(start, end or 0)

    body, following = await call.gate.read(work)
    said = msgspec.json.encode({"read": "export", "query": {**asked, "tree": tree}}, order="sorted")
    entry = Entry("read", str(agent or ""), str(call.caller), payload=said)
    await call.gate.write(lambda tx: record(tx, entry, call.now_ms))
    media = format_of(form, "").media
    return Answer(200, body, ((_NEXT, str(following).encode()),), content_type=media)


_QUERY = (
    Parameter("format", f"{', '.join(NAMES)}; jsonl unless said"),
    Parameter("first", "From this place on: the header Agentgov-Next of the last answer", schema={"type": "integer"}),
    Parameter("agent", "Of this agent, privileged records as well"),
    Parameter("payloads", "true: with payloads", schema={"type": "boolean"}),
)
ROUTES = (
    Route(
        "GET",
        "/v1/ledger/export/{tree}",
        "Records of a tree for other programs, a page at a time (docs/audit.md)",
        export,
        "person",
        answers={200: None},
        query=_QUERY,
        tag="ledger",
        media="application/x-ndjson",
    ),
)
