"""Clients of gates over HTTP that set money aside and settle, release or forget it; processes of their own, which may
be killed at any moment."""

import http.client
import json
import os
import random
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

from patience import PATIENCE

CENT = 10_000_000


def spend(
    ports: Sequence[int], place: str, token: str, name: str, told: Connection, seconds: float, slow: float
) -> None:
    """Spend a cent or two at a time, at any of the gates: for so many seconds, or until three in a row are refused,
    whichever is later; a model takes `slow` seconds at most. Each step is told when it was answered."""
    dice, refused, number = random.Random(name), 0, 0
    until = time.monotonic() + seconds
    while (refused < 3 or time.monotonic() < until) and os.getppid() > 1:
        number += 1
        status, answer = _ask(dice, ports, place, token, {"key": f"{name}-{number}", "amount": "0.01 USD"})
        if status != 200:
            assert answer["error"]["rule"] in ("budget.exceeded", "budget.ended"), answer
            refused += 1
            time.sleep(0.1 if seconds else 0)
            continue
        refused, id_ = 0, answer["id"]
        told.send((id_, "open"))
        time.sleep(dice.uniform(0, slow))
        match dice.randrange(6):
            case 0:
                status, answer = _ask(dice, ports, f"{place}/{id_}/release", token, {})
            case 1:
                continue  # it is forgotten
            case _:
                actual = {"amount": dice.choice(["0.01 USD", "0.004 USD", "0.02 USD"])}
                status, answer = _ask(dice, ports, f"{place}/{id_}/settle", token, actual)
        if status == 200:
            told.send((id_, answer["state"]))
        else:  # nobody gave it back in time, by the clock of a gate
            assert (answer["error"]["rule"], seconds > 0) == ("budget.ended", True), answer


def _ask(dice: random.Random, ports: Sequence[int], path: str, token: str, body: object) -> tuple[int, Any]:
    """An answer of any of the gates: where one is away, or cannot tell, the same is asked again."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    until, answer = time.monotonic() + PATIENCE, None
    while True:
        line = http.client.HTTPConnection("127.0.0.1", dice.choice(ports), timeout=PATIENCE)
        try:
            line.request("POST", path, json.dumps(body), headers)
            reply = line.getresponse()
            answer = reply.status, json.loads(reply.read())
            if reply.status < 500:
                return answer
        except (OSError, http.client.HTTPException):
            pass
        finally:
            line.close()
        assert time.monotonic() < until, f"no gate answers: {answer}"
        time.sleep(0.02)
