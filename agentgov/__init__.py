"""Git-backed governance of AI agents."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentgov.sdk import agent, async_agent, pause

__all__ = ["agent", "async_agent", "pause"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """What runs inside an agent, loaded when it is asked for: who imports one part of the package pays for no other."""
    if name in __all__:
        from agentgov import sdk

        return getattr(sdk, name)
    raise AttributeError(f"module 'agentgov' has no attribute {name!r}")
