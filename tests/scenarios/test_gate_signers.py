"""Three gates over one PostgreSQL sign the same trees: each size has one note, also where a signer is killed."""

import random
import secrets
import threading
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from gateworld import GateWorld
from patience import PATIENCE, until
from payingfleet import PAYER, shipped
from pipelineworld import PipelineWorld
from postgres import Postgres, serving

GATES, KILLS, MOST = 3, 8, 100
_WATCH = """
CREATE TABLE {0}.history (number bigserial, tree text, log text, size bigint, note bytea, process bigint);
CREATE FUNCTION {0}.remember() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO {0}.history (tree, log, size, note, process)
      VALUES (NEW.tree, NEW.log, NEW.size, NEW.note, pg_backend_pid());
    RETURN NEW;
  END $$;
CREATE TRIGGER remember AFTER INSERT OR UPDATE ON {0}.checkpoints FOR EACH ROW EXECUTE FUNCTION {0}.remember();
"""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    return shipped(tmp_path_factory.mktemp("fleet"), auditor="carol")


class Telling:
    """Agents that tell one gate of events, whatever becomes of it, until it is over; and what it serves as signed."""

    def __init__(self, gate: GateWorld, token: str, auditor: str) -> None:
        self.gate, self.token, self.auditor = gate, token, auditor
        self.over, self.told = threading.Event(), 0
        self.seen: dict[int, set[bytes]] = defaultdict(set)
        self.thread = threading.Thread(target=self._go_on)

    def _go_on(self) -> None:
        while not self.over.is_set():
            events = [{"key": secrets.token_hex(8), "name": "note", "attributes": {}} for _ in range(MOST)]
            try:
                done = self.gate.ask("POST", "/v1/events", self.token, {"events": events})
                note = self.gate.ask("GET", "/v1/ledger/files/support/checkpoint", self.auditor)
            except OSError:  # it is killed just now
                time.sleep(0.05)
                continue
            self.told += done.status == 200
            if note.status == 200:
                self.seen[int(note.body.split(b"\n")[1])].add(note.body)


def history(server: Postgres, schema: str) -> list[list[str]]:
    rows = server.sql(f"SELECT tree, log, size, encode(note, 'hex'), process FROM {schema}.history ORDER BY number")
    return [row.split("|") for row in rows.splitlines()]


@pytest.mark.slow
def test_of_each_size_there_is_one_note_whoever_signs_and_is_killed(fleet: PipelineWorld, tmp_path: Path) -> None:
    dice = random.Random(5)
    with serving() as server, ExitStack() as running:
        url = server.database()
        schema = url.rpartition("%3D")[2]
        places = [tmp_path / f"gate{number}" for number in range(GATES)]
        gates = [running.enter_context(GateWorld(fleet, place, store=url)) for place in places]
        server.sql(_WATCH.format(schema))
        token, auditor = gates[0].agent_token(PAYER), gates[0].person_token("carol")
        tellers = [Telling(gate, token, auditor) for gate in gates]
        for teller in tellers:
            teller.thread.start()
        for _ in range(KILLS):
            time.sleep(dice.uniform(0.3, 1.0))
            gate = dice.choice(gates)
            gate.kill()
            gate.start()
        for teller in tellers:
            teller.over.set()
            teller.thread.join(PATIENCE)
        until(lambda: _is_signed(server, schema), "that everything is signed")
        _one_note_each(history(server, schema), tellers)


def _is_signed(server: Postgres, schema: str) -> bool:
    sql = f"SELECT (SELECT max(seq) + 1 FROM {schema}.records WHERE tree = 'support') = size "
    return server.sql(f"{sql} FROM {schema}.checkpoints WHERE tree = 'support'") == "t"


def _came_again(processes: list[str]) -> bool:
    """Whether one process kept a checkpoint, then another one, then the first again."""
    turns = [one for number, one in enumerate(processes) if number == 0 or processes[number - 1] != one]
    return len(turns) > len(set(turns))


def _one_note_each(rows: list[Any], tellers: list[Telling]) -> None:
    notes: dict[tuple[str, str, int], set[str]] = defaultdict(set)
    last: dict[str, int] = defaultdict(int)
    for tree, log, size, note, _ in rows:
        notes[tree, log, int(size)].add(note)
        assert int(size) > last[tree], "each is of more records than the one before"
        last[tree] = int(size)
    assert {len(found) for found in notes.values()} == {1}
    assert _came_again([row[4] for row in rows]), (
        "gates that lived at the same time signed, not one after the other's end"
    )
    assert len({log for _, log, _ in notes}) == 1
    kept = {size: bytes.fromhex(note) for (tree, _, size), (note,) in notes.items() if tree == "support"}
    served = [(size, notes_) for teller in tellers for size, notes_ in teller.seen.items() if size in kept]
    assert served
    assert all(notes_ == {kept[size]} for size, notes_ in served), "what was served is what was kept"
    assert sum(teller.told for teller in tellers) > KILLS
