"""How many bytes a store grows by for each thing that a gate does, indexes included.

    python benchmarks/bench_sizes.py [EACH]

A gate as `agentgov serve` runs it, over a file of SQLite and over PostgreSQL; growth is that of the tables and indexes
(of a file, of its pages in use), for things of the sizes of `tests/payingfleet.py`. `log` is what PostgreSQL wrote to
its write-ahead log meanwhile, which a standby or an archive has to take.
"""

import secrets
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("tests", ".")]

from gateworld import GateWorld  # noqa: E402
from payingfleet import CAREFUL, PAYER, shipped  # noqa: E402
from pipelineworld import PipelineWorld  # noqa: E402
from postgres import serving  # noqa: E402
from spanworld import PROTOBUF, Trace, chat, otlp  # noqa: E402

from templates import homes  # noqa: E402

PAYS = f"/v1/agents/{PAYER}"
Sizes = Callable[[], tuple[int, int]]  # bytes of the store, and of what was written to its log


def main(each: int) -> None:
    """A table for each database."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        place = Path(folder) / "fleet"
        place.mkdir()
        world = shipped(place)
        for name, opened in (("SQLite", _file), ("PostgreSQL", _database)):
            with opened(Path(folder)) as (url, sizes):
                print(f"\n{f'{name}, bytes for each of {each:,}':<48} {'store':>7} {'log':>7}")
                _of(world, Path(folder) / name, url, sizes, each)


@contextmanager
def _file(folder: Path) -> Iterator[tuple[str, Sizes]]:
    path = folder / "store.db"

    def sizes() -> tuple[int, int]:
        with sqlite3.connect(path) as database:
            (size,) = database.execute(
                "SELECT (c.page_count - f.freelist_count) * s.page_size "
                "FROM pragma_page_count c, pragma_freelist_count f, pragma_page_size s"
            ).fetchone()
        database.close()
        return int(size), 0

    yield f"sqlite:///{path}", sizes


@contextmanager
def _database(_: Path) -> Iterator[tuple[str, Sizes]]:
    with serving(durable="/var/tmp") as server:
        url = server.database()
        schema = url.rpartition("%3D")[2]
        total = f"sum(pg_total_relation_size(oid)) FROM pg_class WHERE relnamespace = '{schema}'::regnamespace"
        lsn = "pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"

        def sizes() -> tuple[int, int]:
            size, log = server.sql(f"SELECT {total} AND relkind = 'r'"), server.sql(f"SELECT {lsn}")
            return int(size), int(log)

        yield url, sizes


def _of(world: PipelineWorld, folder: Path, url: str, sizes: Sizes, each: int) -> None:
    with GateWorld(world, folder, store=url, env=homes(folder.parent / "fleet")) as gate:
        payer, careful = gate.agent_token(PAYER), gate.agent_token(CAREFUL)

        def post(path: str, body: object, kind: str = "application/json") -> object:
            reply = gate.ask("POST", path, payer, body, {"Content-Type": kind})
            assert reply.status == 200, reply.body
            return reply.json if kind == "application/json" else None

        def action() -> None:
            post(f"{PAYS}/actions", {"tool": "orders.lookup", "args": {"id": 7}, "key": secrets.token_hex(8)})

        def money() -> None:
            told = post(f"{PAYS}/reservations", {"key": secrets.token_hex(8), "amount": "0.00001 USD"})
            assert isinstance(told, dict)
            post(f"{PAYS}/reservations/{told['id']}/settle", {"amount": "0.00001 USD"})

        def lease() -> None:
            path = f"/v1/agents/{CAREFUL}/lease?key={secrets.token_hex(4)}"
            assert gate.ask("GET", path, careful).status == 200

        def event() -> None:
            post("/v1/events", {"events": [{"key": secrets.token_hex(8), "name": "note", "attributes": {"n": 7}}]})

        def spans() -> None:
            post(
                "/v1/traces", otlp(*(Trace().span("chat", None, chat()) for _ in range(100))), PROTOBUF["Content-Type"]
            )

        for name, does, times in (
            ("action that is allowed, with its record", action, each),
            ("reserve and settle, with two records", money, each),
            ("lease of a write-ahead agent, with its record", lease, each),
            ("event, with its record", event, each),
            ("span of a model, 100 to a request", spans, each // 100),
        ):
            does()
            before = sizes()
            for _ in range(times):
                does()
            grown = [(now - then) / each for now, then in zip(sizes(), before, strict=True)]
            print(f"{name:<48} {grown[0]:>7,.0f} {grown[1]:>7,.0f}" if grown[1] else f"{name:<48} {grown[0]:>7,.0f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
