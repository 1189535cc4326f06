"""What the gate says of itself beside the access log: lines of JSON on stderr, one each, without what was asked."""

import logging
import sys

import msgspec


class _Line(msgspec.Struct, frozen=True, omit_defaults=True):
    time: int
    level: str
    part: str
    message: str
    trace: str = ""


class _AsJson(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        trace = self.formatException(record.exc_info) if record.exc_info else ""
        line = _Line(int(record.created * 1000), record.levelname.lower(), record.name, record.getMessage(), trace)
        return msgspec.json.encode(line).decode()


def tell_as_json() -> None:
    """Let everything of the product that is logged in this process be told so."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_AsJson())
    logger = logging.getLogger("agentgov")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.INFO)
