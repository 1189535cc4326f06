"""One budget of 1,000 calls over HTTP, spent by many clients at once: our gate, and LiteLLM's proxy beside it.

    python benchmarks/budget_peers.py FOLDER [CLIENTS]

Both ask the same model on loopback, which takes 5 ms and counts its calls; each call costs the same. At the gate a call
is three requests (reserve, the model, settle) and each half of its money is on disk before the answer (SQLite, FULL).
The proxy is asked once and asks the model itself. It is installed into FOLDER, unless it is there.

LiteLLM keeps budgets of keys, users and teams in a database, which its client reaches through an engine that is loaded
over the network at its first start; where that cannot be had, these are not measured. What it enforces without one is
the budget of a provider, in memory, and that is what is measured here. Its budget of the whole proxy is not enforced
without a database either, as it says itself.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("tests", ".")]

from gate_peers import installed, served  # noqa: E402
from gateworld import GateWorld  # noqa: E402
from payingfleet import PAYER, shipped  # noqa: E402
from ports import free_port  # noqa: E402
from raw_http import Line, request  # noqa: E402

from templates import homes  # noqa: E402

MODEL = 0.005  # seconds that a model takes
BUDGET = 1000  # calls
_PRICE = "0.005 USD"  # of a call, at the gate: a thousandth of what `payingfleet` has for a day
_KEY = "sk-benchmark"
_TOKENS = 1000  # of a call; each costs a millionth of a dollar at the proxy, so that a dollar is the budget
_SETTINGS = """model_list:
  - model_name: model
    litellm_params: {{model: openai/fake, api_key: none, api_base: "http://127.0.0.1:{port}/v1",
                      input_cost_per_token: 0.000001, output_cost_per_token: 0.0}}
router_settings: {{provider_budget_config: {{openai: {{budget_limit: 1.0, time_period: 1d}}}}, num_retries: 0}}
general_settings: {{master_key: {key}}}
"""
_SAID = {"model": "model", "messages": [{"role": "user", "content": "Hello."}]}
_ANSWER = json.dumps(
    {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "fake",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello."}}],
        "usage": {"prompt_tokens": _TOKENS, "completion_tokens": 0, "total_tokens": _TOKENS},
    }
)
Call = Callable[[Line, Line], Awaitable[bool]]  # by a line to who keeps the budget, and one to the model


class Race(NamedTuple):
    """How often the model was asked until everybody was refused, and how long after the first time the last one was."""

    calls: int
    seconds: float


def main(folder: Path, clients: int) -> None:
    """The table."""
    binaries = installed(folder, "litellm")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {clients} clients; a budget of {BUDGET:,} calls")
    print(f"\n{'over HTTP':<52} {'calls':>7} {'over':>7} {'calls/s':>8}")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        _row("the gate: reserve, call, settle", asyncio.run(_at_gate(Path(place), clients)))
        name = f"LiteLLM {version(folder)}: budget of a provider, in memory"
        _row(name, asyncio.run(_at_proxy(binaries, Path(place), clients)))


def version(folder: Path) -> str:
    """That of the proxy which is installed."""
    return next(folder.glob("lib/python*/site-packages/litellm-*.dist-info")).name.split("-")[1].removesuffix(".dist")


def _row(name: str, found: Race) -> None:
    over = max(found.calls - BUDGET, 0) / BUDGET
    print(f"{name:<52} {found.calls:>7,} {over:>7.1%} {found.calls / found.seconds:>8,.0f}", flush=True)


async def _at_gate(folder: Path, clients: int) -> Race:
    world = shipped(folder)
    more = ("--token-rate", "0", "--no-access-log", "--self-test", "0")
    with GateWorld(world, folder / "gate", *more, env=homes(folder)) as gate:
        token, numbers = gate.agent_token(PAYER), count()
        place = f"/v1/agents/{PAYER}/reservations"

        async def call(keeper: Line, model: Line) -> bool:
            asked = {"key": str(next(numbers)), "amount": _PRICE}
            status, body = await keeper.ask(request("POST", place, token, asked))
            if status != 200:
                return False
            await model.ask(request("POST", "/v1/chat/completions", "", _SAID))
            path = f"{place}/{json.loads(body)['id']}/settle"
            assert (await keeper.ask(request("POST", path, token, {"amount": _PRICE})))[0] == 200
            return True

        async with _model() as (port, calls):
            return await _raced(clients, gate.port, port, call, calls)


async def _at_proxy(binaries: Path, folder: Path, clients: int) -> Race:
    async def call(keeper: Line, _model: Line) -> bool:
        return (await keeper.ask(request("POST", "/v1/chat/completions", _KEY, _SAID)))[0] == 200

    async with _model() as (port, calls):
        starting = _proxy(binaries, folder, port)
        own = await asyncio.to_thread(starting.__enter__)
        try:
            return await _raced(clients, own, port, call, calls)
        finally:
            await asyncio.to_thread(starting.__exit__, None, None, None)


@contextmanager
def _proxy(binaries: Path, folder: Path, model: int) -> Iterator[int]:
    port, config = free_port(), folder / "proxy.yaml"
    config.write_text(_SETTINGS.format(port=model, key=_KEY))
    words = ["--config", str(config), "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    url = f"http://127.0.0.1:{port}/health/liveliness"
    with served([str(binaries / "litellm"), *words], folder, url):
        yield port


async def _raced(clients: int, keeper: int, model: int, call: Call, calls: list[float]) -> Race:
    """Clients go on until they are refused."""

    async def client() -> None:
        lines = await Line.to(keeper), await Line.to(model)
        while await call(*lines):
            pass
        for line in lines:
            line.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return Race(len(calls), calls[-1] - calls[0])


@asynccontextmanager
async def _model() -> "AsyncIterator[tuple[int, list[float]]]":
    """A model on loopback; its port, and when it was asked."""
    calls = list[float]()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).lower():
                length = head.partition(b"content-length:")[2].partition(b"\r\n")[0].strip()
                await reader.readexactly(int(length or b"0"))
                calls.append(time.perf_counter())
                await asyncio.sleep(MODEL)
                said = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(_ANSWER)}\r\n\r\n"
                writer.write((said + _ANSWER).encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], calls
    finally:
        server.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 32)
