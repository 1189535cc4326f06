"""A process killed at any moment: what it was answered is there, and everything is there whole or not at all."""

import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from patience import PATIENCE
from postgres import Postgres

from agentgov.runtime.ledger import read
from agentgov.store.open import open_store
from agentgov.store.port import Store

_WRITER = str(Path(__file__).resolve().parents[2] / "storewriter.py")


def killed(url: str, first: int, seconds: float) -> dict[int, int]:
    """What a process was answered until it was killed, some seconds after its first answer: number -> place."""
    with subprocess.Popen([sys.executable, _WRITER, url, str(first)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline()]
        threading.Timer(seconds, writer.kill).start()
        lines += writer.stdout.readlines()
    assert lines[0], "it did not begin"
    found = [line.split() for line in lines if line.endswith(b"\n")]
    return {int(number): int(place) for number, place in found}


def whole(url: str, answered: dict[int, int]) -> None:
    """Everything answered is there, nothing is there by half, and the ledger has no gaps."""
    store = open_store(url)
    try:
        debited, credited, places = (
            store.read(lambda tx, sql=sql: dict(tx.all(sql))).result(PATIENCE)  # type: ignore[misc]
            for sql in (
                "SELECT number, place FROM debits",
                "SELECT number, place FROM credits",
                "SELECT time, seq FROM records",
            )
        )
        assert debited.keys() == credited.keys()
        assert credited == places
        assert answered.items() <= credited.items()
        assert sorted(places.values()) == list(range(len(places)))
        sound(store)
    finally:
        store.close()


def sound(store: Store) -> None:
    """The newest leaves say where they are and what they commit to."""
    for record in store.read(lambda tx: read(tx, payloads=True)).result(PATIENCE):
        assert record.payload == record.content["refs"]["number"].encode()
        assert record.content["seq"] == record.seq


def rounds(url: str, number: int) -> None:
    answered: dict[int, int] = {}
    for one in range(number):
        answered |= killed(url, one * 1_000_000, random.uniform(0, 0.2))
        whole(url, answered)


def test_what_was_answered_before_a_kill_is_there_and_nothing_is_there_by_half(store_url: str) -> None:
    rounds(store_url, 3)


@pytest.mark.slow
def test_many_kills_lose_nothing(store_url: str) -> None:
    rounds(store_url, 40)


@pytest.mark.slow
def test_a_server_killed_many_times_keeps_what_was_answered(postgres: Postgres) -> None:
    url = postgres.database()
    answered: dict[int, int] = {}
    for one in range(20):
        command = [sys.executable, _WRITER, url, str(one * 1_000_000)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as writer:
            assert writer.stdout is not None
            first = writer.stdout.readline()
            assert first, "it did not begin"
            time.sleep(random.uniform(0, 0.2))
            postgres.stop()
            lines = [first, *writer.stdout.readlines()]  # its threads end, since nothing answers any more
        answered |= {int(number): int(place) for number, place in (line.split() for line in lines)}
        postgres.start()
        whole(url, answered)
