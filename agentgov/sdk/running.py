"""An agent in its own code: the release that it runs on, what it may do, what it may spend.

Everything here asks for the lease first: where the agent may not run, every call raises `Stopped` or one of its kinds.
"""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, overload

from agentgov.model.agent import Tool
from agentgov.model.names import AgentId
from agentgov.sdk.acting import Granted, Waits, acting, in_thread, run_beside, run_steps, wanted_of
from agentgov.sdk.action import Action, AsyncAction, AsyncPending, Pending
from agentgov.sdk.keeping import Keeper
from agentgov.sdk.prompt import Value, render
from agentgov.sdk.spending import AsyncReservation, Reservation, Unsent, estimate, spending
from agentgov.sdk.telling import Current, Entered, Telling
from agentgov.sdk.terms import Terms, copied

PEOPLE = 900.0  # seconds that people are waited for, if nothing else is said
FLUSHED = 15.0


class _Leased(Telling):
    """What an agent runs on, by its lease."""

    def __init__(self, id_: AgentId, keeper: Keeper) -> None:
        super().__init__(id_, keeper)
        self._entered = Entered(Current(self))

    @property
    def _terms(self) -> Terms:
        return self._keeper.current()

    def check(self) -> None:
        """Raise Stopped where the agent may not run now: for loops that ask for nothing else."""
        self._keeper.current()

    def prompt(self, **variables: Value) -> str:
        """The system prompt with its partials, and these variables in it. PromptError where they are not as agent.yaml
        declares them."""
        return render(self._terms, self.id, variables)

    @property
    def model(self) -> str:
        """The primary model."""
        return self._terms.typed.spec.model.primary

    @property
    def fallback(self) -> tuple[str, ...]:
        """The models to try after that one, in their order."""
        return self._terms.typed.spec.model.fallback

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of the model; a copy."""
        return copied(self._terms.typed.spec.model.params)

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The tools that it may use; only those that read while it is paused to read-only."""
        return self._terms.typed.spec.tools

    @property
    def release(self) -> str:
        """The name of the release."""
        return self._terms.release.name

    @property
    def variant(self) -> str:
        """stable, canary or pinned."""
        return self._terms.variant

    @property
    def mode(self) -> str:
        """run, or read-only."""
        return self._terms.mode

    @property
    def environment(self) -> str:
        """staging or production."""
        return self._terms.environment

    @property
    def config(self) -> dict[str, Any]:
        """All of agent.yaml as it is in this environment, within what the fleet allows; a copy."""
        return copied(self._terms.config)

    def text(self, path: str) -> str | None:
        """Another text of the release, by its path in the fleet; None where it has none there."""
        return self._terms.text(path)

    def _estimate(
        self, model: str, tokens: tuple[int | None, int | None], amount: str, run: str, key: str, about: tuple[str, str]
    ) -> dict[str, Any]:
        terms = self._terms
        return estimate(
            model or terms.typed.spec.model.primary,
            terms.closure,
            input_tokens=tokens[0],
            max_output_tokens=tokens[1],
            amount=amount,
            run=run,
            key=key,
            subject=about[0],
            purpose=about[1],
        )


class Agent(_Leased):
    """An agent in plain code, from any thread."""

    @overload
    def act(
        self,
        tool: str,
        args: Mapping[str, Any],
        *,
        subject: str = "",
        purpose: str = "",
        refs: Mapping[str, str] | None = None,
        key: str = "",
        wait: float = PEOPLE,
    ) -> Action: ...
    @overload
    def act(
        self,
        tool: str,
        args: Mapping[str, Any],
        *,
        subject: str = "",
        purpose: str = "",
        refs: Mapping[str, str] | None = None,
        key: str = "",
        wait: None,
    ) -> Action | Pending: ...
    def act(
        self,
        tool: str,
        args: Mapping[str, Any],
        *,
        subject: str = "",
        purpose: str = "",
        refs: Mapping[str, str] | None = None,
        key: str = "",
        wait: float | None = PEOPLE,
    ) -> Action | Pending:
        """Ask whether the agent may use a tool now, and return where it may.

        `subject` is for whom it happens: a patient, a customer, a matter. `purpose` (as `treatment`) and `refs` (your
        own records that it belongs to) are recorded, and decide nothing. `key` is one for what is to happen once: asked
        for again under it, also by another process, nothing is permitted twice (Repeated). Where people are asked, it
        waits so many seconds for them and uses their permit; with `wait=None` it returns at once, with a Pending.
        Raises Denied, Undecided.
        """
        wanted = wanted_of(self._keeper, tool, args, subject, purpose, refs)
        found = run_steps(acting(self._keeper, wanted, key, wait))
        return Action(self._keeper, found) if isinstance(found, Granted) else Pending(self._keeper, found)

    def pending(self, permit: str, tool: str, args: Mapping[str, Any], *, subject: str = "") -> Pending:
        """Go on with what people were asked about, after a restart: exactly the same call, or it is refused."""
        return Pending(self._keeper, Waits(wanted_of(self._keeper, tool, args, subject), permit, 0))

    def spend(
        self,
        *,
        input_tokens: int | None = None,
        max_output_tokens: int | None = None,
        model: str = "",
        amount: str = "",
        run: str = "",
        subject: str = "",
        purpose: str = "",
        key: str = "",
        unsent: Unsent = (),
    ) -> Reservation:
        """Set aside what a call of a model can cost at most, or an amount; without the most that it writes, that of the
        parameters.

        `with` settles what `used` told of it, or gives it back where an exception of a kind of `unsent` says that
        nothing reached the model. `subject` and `purpose` are recorded, as of `act`, and decide nothing. `key` is one
        for what is to be paid for once (Repeated). NotSupported where the gate has no budgets, Denied where there is
        not so much left.
        """
        tokens, about = (input_tokens, max_output_tokens), (subject, purpose)
        wanted = self._estimate(model, tokens, amount, run, key, about)
        return Reservation(self._keeper, run_steps(spending(self._keeper, wanted)), unsent)

    def flush(self, seconds: float = FLUSHED) -> int:
        """Send the events that wait, now, and wait so many seconds for that; how many wait still."""
        return self._keeper.flush(seconds)

    def close(self) -> None:
        """Ask for no more leases, and tell what is still to be told."""
        self._keeper.close()

    def __enter__(self) -> Self:
        self._entered.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._entered.__exit__()
        self.close()


class AsyncAgent(_Leased):
    """An agent beside an event loop; what is waited for waits in threads, or for the loop."""

    @overload
    async def act(
        self,
        tool: str,
        args: Mapping[str, Any],
        *,
        subject: str = "",
        purpose: str = "",
        refs: Mapping[str, str] | None = None,
        key: str = "",
        wait: float = PEOPLE,
    ) -> AsyncAction: ...
    @overload
    async def act(
        self,
        tool: str,
        args: Mapping[str, Any],
        *,
        subject: str = "",
        purpose: str = "",
        refs: Mapping[str, str] | None = None,
        key: str = "",
        wait: None,
    ) -> AsyncAction | AsyncPending: ...
    async def act(
        self,
        tool: str,
        args: Mapping[str, Any],
        *,
        subject: str = "",
        purpose: str = "",
        refs: Mapping[str, str] | None = None,
        key: str = "",
        wait: float | None = PEOPLE,
    ) -> AsyncAction | AsyncPending:
        """Ask whether the agent may use a tool now; as `Agent.act`."""
        keeper = self._keeper
        wanted = wanted_of(keeper, tool, args, subject, purpose, refs)
        found = await run_beside(acting(keeper, wanted, key, wait), quick=keeper.backend.quick)
        return AsyncAction(keeper, found) if isinstance(found, Granted) else AsyncPending(keeper, found)

    def pending(self, permit: str, tool: str, args: Mapping[str, Any], *, subject: str = "") -> AsyncPending:
        """Go on with what people were asked about, after a restart: exactly the same call, or it is refused."""
        return AsyncPending(self._keeper, Waits(wanted_of(self._keeper, tool, args, subject), permit, 0))

    async def spend(
        self,
        *,
        input_tokens: int | None = None,
        max_output_tokens: int | None = None,
        model: str = "",
        amount: str = "",
        run: str = "",
        subject: str = "",
        purpose: str = "",
        key: str = "",
        unsent: Unsent = (),
    ) -> AsyncReservation:
        """Set money aside; as `Agent.spend`."""
        keeper = self._keeper
        tokens, about = (input_tokens, max_output_tokens), (subject, purpose)
        wanted = self._estimate(model, tokens, amount, run, key, about)
        reserved = await run_beside(spending(keeper, wanted), quick=keeper.backend.quick)
        return AsyncReservation(keeper, reserved, unsent)

    async def flush(self, seconds: float = FLUSHED) -> int:
        """Send the events that wait, now; as `Agent.flush`."""
        return await in_thread(self._keeper.flush, seconds)

    async def close(self) -> None:
        """Ask for no more leases, and tell what is still to be told."""
        await in_thread(self._keeper.close)


class Opening:
    """`async with` around an agent that is opened beside the event loop."""

    def __init__(self, made: AsyncAgent, keeper: Keeper) -> None:
        self._made, self._keeper = made, keeper

    async def __aenter__(self) -> AsyncAgent:
        await in_thread(self._keeper.open)
        self._made._entered.__enter__()
        return self._made

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._made._entered.__exit__()
        await self._made.close()
