"""What a process of its own does that uses a permit over HTTP at the moment when all others do.

Started by a fork server that has loaded nothing but this, so that many of them cost little.
"""

import http.client
import json
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

from patience import PATIENCE


def use_at_once(port: int, permit: str, token: str, body: str, barrier: Barrier, told: Connection) -> None:
    """Use a permit when everybody has a connection, and tell status and decision."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.connect()
    barrier.wait(PATIENCE)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request("POST", f"/v1/permits/{permit}/consume", body, headers)
    answer = connection.getresponse()
    told.send((answer.status, json.loads(answer.read()).get("decision", "")))
    connection.close()
