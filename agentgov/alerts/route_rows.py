"""What is known of each route: whether somebody is still there, when anything last arrived, when its last test did.

A route is dead where its receiver says so (410 and the like). It stays dead until it leads somewhere else, or a test
arrives: so nobody waits a day for what will never be taken, and nobody forgets it either.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from agentgov.alerts.routing import Way
from agentgov.store.port import Transaction


@dataclass(frozen=True, slots=True)
class Health:
    """One of them; moments are epoch milliseconds, 0 for never. `place` is the digest of where the route led."""

    route: str
    place: str
    dead: int = 0
    said: str = ""
    tested: int = 0
    delivered: int = 0


def known(tx: Transaction) -> Mapping[str, Health]:
    """Every route of which something is known, by name."""
    rows = tx.all("SELECT route, place, dead, said, tested, delivered FROM alert_routes")
    return {row[0]: Health(*row) for row in rows}


def health(tx: Transaction, way: Way) -> Health:
    """What is known of a way, as far as it was known where it leads now."""
    found = known(tx).get(way.name)
    return found if found is not None and found.place == way.place else Health(way.name, way.place)


def arrived(tx: Transaction, way: Way, now_ms: int, *, test: bool) -> None:
    """Something was taken there: it is not dead."""
    before = health(tx, way)
    _keep(tx, Health(way.name, way.place, 0, "", now_ms if test else before.tested, now_ms))


def died(tx: Transaction, way: Way, said: str, now_ms: int) -> bool:
    """Nobody is there any more; False where that was known."""
    before = health(tx, way)
    if before.dead:
        return False
    _keep(tx, Health(way.name, way.place, now_ms, said, before.tested, before.delivered))
    return True


def _keep(tx: Transaction, now: Health) -> None:
    tx.run(
        "INSERT INTO alert_routes (route, place, dead, said, tested, delivered) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (route) DO UPDATE SET place = excluded.place, dead = excluded.dead, said = excluded.said, "
        "tested = excluded.tested, delivered = excluded.delivered",
        *(now.route, now.place, now.dead, now.said, now.tested, now.delivered),
    )
