"""Git-backed governance of AI agents."""

__version__ = "0.1.0"
