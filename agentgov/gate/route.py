"""What a route is: method, path, who may ask, what comes in and goes out. The OpenAPI document is made of these too."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from agentgov.gate.errors import RefusalError, error_body

if TYPE_CHECKING:
    from agentgov.gate.answer import Answer
    from agentgov.gate.call import Call

Who = Literal["anyone", "agent", "person", "either"]
Method = Literal["GET", "POST", "PUT", "DELETE"]
_NOTHING: Mapping[int, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the query; the path's follow from the path."""

    name: str
    says: str
    required: bool = False
    schema: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({"type": "string"}))


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path.

    `path` has parameters in braces; a last one that ends in `...` takes the rest of the path, slashes too.
    `{workspace}` and `{name}` name an agent: an agent's token opens its own paths alone, and where the route has a
    `verb`, a person needs it on that agent (404 without so much as `view`). Verbs that act in an environment are the
    handler's to ask.

    `handler` gives the answer. A `hot` one writes it itself, with `Call.reply`, and returns the status: for what is
    asked thousands of times a second. `answers` are the bodies of answers by status, None for one without JSON.

    `refuse` spells a refusal as JSON; `refuse_as` does it by the content type of the request, and says its own. Where
    `strangers` may ask, an agent that the fleet does not know gets to the handler, which refuses it.
    """

    method: Method
    path: str
    summary: str
    handler: "Callable[[Call], Awaitable[Answer | int]]"
    who: Who
    body: type[Any] | None = None
    answers: Mapping[int, Any] = field(default_factory=lambda: _NOTHING)
    verb: str = ""
    query: tuple[Parameter, ...] = ()
    hot: bool = False
    tag: str = "gate"
    refuse: Callable[[RefusalError], bytes] = error_body
    refuse_as: Callable[[RefusalError, bytes], tuple[bytes, bytes]] | None = None
    strangers: bool = False
    accepts: tuple[str, ...] = ()  # of bodies that the handler reads itself, where they are not JSON alone
    media: str = "application/json"  # of answers whose body is no JSON

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters of its path, in order."""
        parts = self.path.split("/")
        return tuple(part[1:-1].removesuffix("...") for part in parts if part.startswith("{"))

    @property
    def of_agent(self) -> bool:
        """Whether its path names an agent."""
        return {"workspace", "name"} <= set(self.names)
