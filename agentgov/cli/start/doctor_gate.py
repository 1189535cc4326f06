"""Doctor on the gate: does it answer, on a journal that is fresh, which version, until when is its certificate good.

It is asked once; what only it knows is then asked by whoever is logged in, and left alone where nobody is.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from agentgov import __version__
from agentgov.cli.gate_client import GateClient, address_of, client_of, has_gate
from agentgov.cli.start.doctor_check import DAY, Check, Checks, Fleet
from agentgov.errors import AgentgovError, ConfigurationError, IncompleteError
from agentgov.net.address import Base, parse_base
from agentgov.net.asking import Asking
from agentgov.net.certificate import certificate_end
from agentgov.net.exchange import Answer, BrokenError
from agentgov.report.moments import age

_PATIENCE = 3.0  # seconds for a gate to answer
_ENDS = 21 * DAY  # a certificate that ends sooner is told of
_UNSENT = 300.0  # seconds that an act may wait for the journal
_SILENT = "where it runs, read the end of its log, then: agentgov serve"
_UNREADY = {  # what a gate that is not ready says of itself: in words, and what mends it
    "stopping": ("is stopping", "where it runs, once it has ended: agentgov serve"),
    "store": ("has not heard of its store lately", "see whether its database runs and its disk has room"),
    "journal": ("could not look at the journal for too long", "see whether it reaches the remote, with its key"),
}
_BEHIND = 20  # acts that a gate may lack without its own word that it looks no more


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate that answered. `client` is None where nobody is logged in there, `why` then says what to do."""

    base: Base
    date: str  # of its clock, as HTTP has it
    ready: dict[str, Any]
    version: str
    metrics: dict[str, float]
    client: GateClient | None
    why: str = ""

    def tell(self, path: str) -> Any:
        """What it answers to whoever is logged in; None where nobody is."""
        return self.client.ask("GET", path) if self.client is not None else None


def reach(fleet: Fleet) -> Gate | None:
    """The gate of a fleet; None where it has none, or nobody is asked. IncompleteError where it gives no answer."""
    if not fleet.asks or not has_gate(fleet.view):
        return None
    base = parse_base(address_of(fleet.view), "the gate", "mend it", rule="gate.url")
    asking = Asking(base, {}, clock=time.monotonic, other="the gate")
    try:
        ready = asking.ask("GET", "/readyz", seconds=_PATIENCE)
        described = asking.ask("GET", "/openapi.json", seconds=_PATIENCE)
        counted = asking.ask("GET", "/metrics", seconds=_PATIENCE)
    except BrokenError as error:
        raise IncompleteError(f"the gate {base.url} gives no answer: {error.why}", error.hint or _SILENT) from None
    stands = _object(ready)
    if "state" not in stands:
        raise IncompleteError(f"what answers at {base.url} is no gate", "mend gate.url in agentgov.yaml")
    version = str(_object(described).get("info", {}).get("version", ""))
    client, why = _client(fleet)
    return Gate(base, ready.headers.get("date", ""), stands, version, dict(_numbers(counted)), client, why)


def gate(fleet: Fleet, found: Gate | None) -> Checks:
    """How it stands."""
    if found is None:
        asked = "the fleet has no gate (gate.url in agentgov.yaml)" if fleet.asks else "the gate was not asked"
        yield Check("doctor.gate", "skipped", asked)
        return
    yield from _ready(fleet, found)
    yield from _version(found)
    yield from _certificate(fleet, found)
    if found.metrics.get("agentgov_gate_unsent_seconds", 0) > _UNSENT:
        number, waits = (found.metrics.get(f"agentgov_gate_unsent_{name}", 0) for name in ("acts", "seconds"))
        message = f"{number:.0f} acts have waited {age(int(waits))} at the gate for the journal"
        yield Check("doctor.gate-outbox", "bad", message, "agentgov journal verify --fetch", "the gate's log says why")
    if found.client is None:
        message = "routes, deliveries and leases were not looked at, which the gate tells whoever is logged in"
        yield Check("doctor.gate-login", "skipped", message, found.why)


def _ready(fleet: Fleet, found: Gate) -> Checks:
    ready, url = found.ready, found.base.url
    if ready["state"] != "ready":
        words, fix = _UNREADY.get(str(ready["state"]), _UNREADY["journal"])
        yield Check("doctor.gate", "bad", f"the gate {url} {words}", fix, "the end of its log says why")
    else:
        yield Check("doctor.gate", "good", f"the gate {url} is ready, at act {ready['seq']}")
    for rule, name, before, fix in (
        ("doctor.gate-trouble", "trouble", "", "agentgov journal verify --fetch"),
        ("doctor.gate-pausing", "pausing", "its last test of pausing failed: ", "agentgov status"),
        ("doctor.gate-ledger", "ledger", "trees of its ledger are signed no further: ", "agentgov ledger verify"),
        ("doctor.gate-budgets", "budgets", "", "agentgov budget check"),
    ):
        if ready.get(name):
            said = str(ready[name]).partition(":")[0] if name == "budgets" else ready[name]
            yield Check(rule, "bad", f"at the gate, {before}{said}", fix, "its log says more")
    behind = fleet.view.state.head.seq - int(ready.get("seq", 0))
    if behind > _BEHIND:
        message = f"the gate serves act {ready['seq']}, and this clone knows {behind} more"
        yield Check("doctor.gate-behind", "warn", message, _UNREADY["journal"][1], "the end of its log says why")


def _version(found: Gate) -> Checks:
    if not found.version:
        return
    if found.version.split(".")[:2] == __version__.split(".")[:2]:
        yield Check("doctor.gate-version", "good", f"it is of version {found.version}")
        return
    message = f"the gate is of version {found.version}, and this program of {__version__}"
    yield Check("doctor.gate-version", "warn", message, f"install agentgov {found.version} here, or upgrade the gate")


def _certificate(fleet: Fleet, found: Gate) -> Checks:
    ends = certificate_end(found.base, _PATIENCE)
    if ends is None:
        return
    left = ends - fleet.now
    if left > _ENDS:
        yield Check("doctor.gate-certificate", "good", f"its certificate is good for {age(left)}")
        return
    message = f"the certificate of {found.base.url} ends in {age(left)}"
    yield Check("doctor.gate-certificate", "bad" if left < DAY else "warn", message, "renew it where TLS ends")


def _client(fleet: Fleet) -> tuple[GateClient | None, str]:
    try:
        return client_of(fleet.view), ""
    except ConfigurationError as error:
        return None, "agentgov login" if "agentgov login" in error.hint else error.hint
    except AgentgovError as error:
        return None, error.hint


def _object(answer: Answer) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _numbers(answer: Answer) -> Iterator[tuple[str, float]]:
    """The metrics without labels."""
    for line in answer.body.decode("utf-8", "replace").splitlines():
        name, _, value = line.partition(" ")
        if name.startswith("agentgov_") and "{" not in name:
            try:
                yield name, float(value)
            except ValueError:
                continue
