"""Opens an agent: at a gate, or over a clone of the fleet in this process.

import agentgov

with agentgov.agent("support/refund-assistant") as agent:
    prompt = agent.prompt(customer_name="Ada")
"""

import os
import time
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, TypedDict, Unpack

from agentgov.errors import ConfigurationError, UsageError
from agentgov.model.names import AgentId, agent_id
from agentgov.sdk import settings
from agentgov.sdk.answers import Backend
from agentgov.sdk.keeping import Keeper
from agentgov.sdk.leases import Leases
from agentgov.sdk.running import Agent, AsyncAgent, Opening
from agentgov.sdk.watching import Watch, watch_over

if TYPE_CHECKING:
    from agentgov.model.document import Environment
    from agentgov.store.port import Store

# What agents have in common that one watch can be kept over, and how to begin with it.
Made = tuple[tuple[Hashable, ...], Callable[[], Backend]]


class Options(TypedDict, total=False):
    """How an agent is opened; docs/sdk.md tells of each.

    At a gate: `gate` its address, `token` or `token_file` the agent's token, `keys` the gate's public keys. Over a
    clone: `repo` its path, `environment`, `store` a file of SQLite's or an open store, `fetch` whether to ask the
    remote. Both: `key` the sticky key, `release` the one that a run began on, `instance` how this process is called,
    `background` whether threads keep the lease fresh, `clock` a monotonic one in seconds.
    """

    gate: str
    token: str
    token_file: "str | os.PathLike[str]"
    keys: Sequence[str]
    repo: "str | os.PathLike[str]"
    environment: "Environment"
    store: "str | Store"
    fetch: bool
    key: str
    release: str
    instance: str
    background: bool
    clock: Callable[[], float]


def agent(id_: str, **options: Unpack[Options]) -> Agent:
    """Open an agent; `with` closes it. Raises Stopped where it may not run, Unreachable where nobody answers."""
    name, keeper = _made(id_, options)
    keeper.open()
    return Agent(name, keeper)


def async_agent(id_: str, **options: Unpack[Options]) -> Opening:
    """The same for `async with`."""
    name, keeper = _made(id_, options)
    keeper.beside_loop = True
    return Opening(AsyncAgent(name, keeper), keeper)


def _made(id_: str, options: Options) -> tuple[AgentId, Keeper]:
    name = agent_id(id_)
    if name is None:
        raise UsageError(f"{id_!r} is no agent", "give <workspace>/<name>, as in support/refund-assistant")
    embedded = "repo" in options
    others = {"gate", "token", "token_file", "keys"} if embedded else {"environment", "store", "fetch"}
    if wrong := sorted(others & set(options)):
        kind = "over a clone" if embedded else "at a gate"
        raise UsageError(f"{', '.join(wrong)} means nothing to an agent {kind}", "see docs/sdk.md")
    clock, threads = options.get("clock", time.monotonic), options.get("background", True)
    same, make = _over_clone(name, options) if embedded else _at_gate(name, options)
    keys = () if embedded else settings.gate_keys(options.get("keys"))

    def made() -> Watch:
        backend = make()
        leases = Leases(str(name), backend, keys, clock)
        return Watch(str(name), backend, leases, clock=clock, threads=threads)

    whole = (*same, str(name), tuple(one.blob for one in keys), id(clock)) if threads else None
    key, pinned, named = options.get("key", ""), options.get("release", ""), options.get("instance", "")
    return name, watch_over(whole, made, key=key, pinned=pinned, named=named)


def _at_gate(name: AgentId, options: Options) -> Made:
    from agentgov.sdk.remote import Remote

    base = settings.address(options.get("gate"))
    token = settings.token(options.get("token"), options.get("token_file"))
    return ("gate", base.url, token.value), lambda: Remote(str(name), base, token)


def _over_clone(name: AgentId, options: Options) -> Made:
    from agentgov.journal.branch import Journal
    from agentgov.journal.branch_name import journal_branch
    from agentgov.repo.remote import Remote
    from agentgov.repo.repository import Repository
    from agentgov.runtime.payload_key import vault_from
    from agentgov.runtime.restoring import share
    from agentgov.runtime.seen import reopen_seen, seen_path
    from agentgov.sdk.embedded import Embedded
    from agentgov.store.open import file_of, open_store

    environment = options.get("environment", "production")
    if environment not in ("staging", "production"):
        raise ConfigurationError(f"{environment!r} is no environment", "staging or production")
    given, fetches = options.get("store"), options.get("fetch", True)
    place = os.path.realpath(options["repo"])

    def opens() -> Journal:
        repo = Repository.open(place)
        return Journal(repo, journal_branch(repo), Remote.of(repo))

    def make() -> Backend:
        journal = opens()
        vault = vault_from(os.environ) if given is not None else None
        store = open_store(given, serving=False) if isinstance(given, str) else given
        if vault is not None and store is not None:
            store.read(vault.require_fit).result()
        if store is not None:
            store.write(share).result()
        if isinstance(given, str) and file_of(given) is not None:
            reopen_seen(seen_path("", given))
        owns = isinstance(given, str)
        return Embedded(name, environment, opens, store, fetches, owns, vault, _journal=journal)

    return ("clone", place, environment, given if isinstance(given, str) else id(given), fetches), make
