"""How PostgreSQL takes rows and lets them go: arrays or COPY, one table or partitions, DELETE or DROP.

    python benchmarks/bench_postgresql.py [ROUNDS]

Each pair is measured in alternating runs over one server on /var/tmp with fsync; the figures are medians. `cpu` is that
of the server's process and of this one together, which says more than the clock where others use the machine as well.
Rows are records of the ledger (a leaf of 400 bytes) and payloads of 300 bytes, as the ledger writes them.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("tests", ".")]

from postgres import Postgres, serving  # noqa: E402

from agentgov.store.arrays import unnested  # noqa: E402
from agentgov.store.link import Link, connect, placeholders, read_url  # noqa: E402
from agentgov.store.open import open_store  # noqa: E402
from agentgov.store.partitions import TABLES  # noqa: E402

_RECORD = (
    "INSERT INTO records (tree, seq, time, type, agent, actor, tool, subject, purpose, leaf) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_PAYLOAD = "INSERT INTO payloads (tree, seq, time, salt, payload) VALUES (?, ?, ?, ?, ?)"
_TICK = os.sysconf("SC_CLK_TCK")
_MONTHS, _MONTH = 24, 30 * 86_400_000
_LEAF, _BODY = os.urandom(400), os.urandom(300)
_places = count()


def main(rounds: int) -> None:
    """Three tables."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, medians of {rounds} alternating runs")
    with serving(durable="/var/tmp") as server:
        link = _opened(server)
        print(f"server {link.info.server_version // 10000}\n\n{'rows at once':<34} {'rows/s':>9} {'cpu us/row':>11}")
        for size in (20, 200, 1000, 2000, 20_000):
            _compare(link, rounds, size, {"arrays": partial(_arrays, link, size), "COPY": partial(_copy, link, size)})
        print(f"\n{'records of one tree':<34} {'rows/s':>9} {'cpu us/row':>11}")
        _tables(link)
        _compare(link, rounds, 200, {one: partial(_append, link, one) for one in ("in one table", "by month")})
        print(f"\n{'a month of 200,000 payloads':<34} {'rows/s':>9} {'cpu us/row':>11}")
        _compare(link, 3, 200_000, {"pages of DELETE": partial(_delete, link), "DROP": partial(_drop, link)}, _month)
        link.close()


def _opened(server: Postgres) -> Link:
    url = server.database()
    open_store(url).close()
    return connect(read_url(url))


def _compare(
    link: Link,
    rounds: int,
    rows: int,
    ways: dict[str, Callable[[], None]],
    before: Callable[[Link], None] = lambda _: None,
) -> None:
    """A row for each way, measured in turns."""
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            before(link)
            with _measured(link, took[name]):
                way()
            if not number:
                took[name].clear()  # caches are cold, and plans are made
    for name, found in took.items():
        wall, cpu = (statistics.median(one[part] for one in found) for part in (0, 1))
        print(f"{f'{rows:,} rows, {name}':<34} {rows / wall:>9,.0f} {cpu / rows * 1e6:>11.1f}", flush=True)


@contextmanager
def _measured(link: Link, into: list[tuple[float, float]]) -> Iterator[None]:
    started, before = time.perf_counter(), _cpu(link)
    yield
    into.append((time.perf_counter() - started, _cpu(link) - before))


def _cpu(link: Link) -> float:
    stat = Path(f"/proc/{link.info.backend_pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / _TICK + time.process_time()


def _rows(number: int) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    now, records, payloads = int(time.time() * 1000), [], []
    for seq in (next(_places) for _ in range(number)):
        records.append(("support", seq, now, "action", "support/refunds", "agent", "pay", "", "", _LEAF))
        payloads.append(("support", seq, now, _BODY[:16], _BODY))
    return records, payloads  # type: ignore[return-value]


def _arrays(link: Link, number: int) -> None:
    """As the store does it: an array for each column, and nobody waits in between."""
    records, payloads = _rows(number)
    link.execute("BEGIN")
    with link.pipeline():
        for sql, rows in ((_RECORD, records), (_PAYLOAD, payloads)):
            spelled = unnested(sql, rows)  # type: ignore[arg-type]
            assert spelled is not None
            link.cursor().execute(placeholders(spelled[0]), spelled[1])
    link.execute("COMMIT")


def _copy(link: Link, number: int) -> None:
    records, payloads = _rows(number)
    link.execute("BEGIN")
    for sql, rows in ((_RECORD, records), (_PAYLOAD, payloads)):
        columns = sql.partition("INTO ")[2].partition(" VALUES")[0]
        with link.cursor().copy(f"COPY {columns} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    link.execute("COMMIT")


def _tables(link: Link) -> None:
    """Two tables of records, a million each, over two years: one as it is, one by month."""
    for name in ("in one table", "by month"):
        parted = name == "by month"
        link.execute(f'CREATE TABLE "{name}" (LIKE records) {"PARTITION BY RANGE (time)" if parted else ""}')
        for month in range(_MONTHS if parted else 0):
            bounds = f"FROM ({month * _MONTH}) TO ({(month + 1) * _MONTH})"
            link.execute(f'CREATE TABLE "month {month}" PARTITION OF "{name}" FOR VALUES {bounds}')
        link.execute(
            f"INSERT INTO \"{name}\" SELECT 'support', n, n * {_MONTHS * _MONTH} / 1000000, 'action', 'support/it', "
            "'agent', 'pay', '', decode(repeat('ab', 100), 'hex'), '' FROM generate_series(0, 999999) AS n"
        )
        link.execute(f'CREATE UNIQUE INDEX ON "{name}" (tree, seq{", time" if parted else ""})')
        link.execute(f'ANALYZE "{name}"')


def _append(link: Link, table: str) -> None:
    """As a group does it ten times over: where does the tree end, and 20 records more."""
    for _ in range(10):
        row = link.execute(f"SELECT max(seq) FROM \"{table}\" WHERE tree = 'support'").fetchone()
        assert row is not None
        records, _ = _rows(20)
        late = _MONTHS * _MONTH - 1
        rows = [(one[0], row[0] + 1 + at, late, *one[3:]) for at, one in enumerate(records)]
        spelled = unnested(_RECORD.replace("INTO records", f'INTO "{table}"'), rows)
        assert spelled is not None
        link.execute(placeholders(spelled[0]), spelled[1])


def _month(link: Link) -> None:
    """A partition full of payloads, as the gate makes it."""
    assert TABLES[0].name == "payloads"
    link.execute("DROP TABLE IF EXISTS payloads_1999_01")
    link.execute("CREATE TABLE payloads_1999_01 PARTITION OF payloads FOR VALUES FROM (915148800000) TO (917827200000)")
    link.execute(
        "INSERT INTO payloads SELECT 'old', n, '', decode(repeat('ab', 300), 'hex'), 915148800000 + n "
        "FROM generate_series(0, 199999) AS n"
    )


def _delete(link: Link) -> None:
    """Page by page, as classes that differ need it."""
    for start in range(0, 200_000, 10_000):
        link.execute(
            "DELETE FROM payloads WHERE tree = 'old' AND seq >= %s AND seq < %s", (start, start + 10_000), prepare=True
        )


def _drop(link: Link) -> None:
    """Counted once more, and dropped."""
    link.execute("SELECT count(*), sum(seq) FROM payloads_1999_01")
    link.execute("DROP TABLE payloads_1999_01")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
