"""The formats of exports by name: what stands before everything, how a page is written, what it is called over HTTP."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from agentgov.audit.exported import Exported
from agentgov.audit.ocsf import ocsf_lines
from agentgov.audit.otlp_logs import otlp_lines, otlp_messages
from agentgov.audit.plain_formats import csv_head, csv_lines, json_lines

NAMES = ("jsonl", "csv", "ocsf", "otlp", "otlp-protobuf")
_LINES = b"application/x-ndjson"
_MESSAGES = b"application/x-protobuf; encoding=delimited"


class Format(NamedTuple):
    """One format."""

    head: bytes
    encode: Callable[[Sequence[Exported]], bytes]
    media: bytes


def format_of(name: str, fleet: str) -> Format:
    """The format of that name, for records of a fleet. KeyError for another name."""
    known = {
        "jsonl": Format(b"", json_lines, _LINES),
        "csv": Format(csv_head(), csv_lines, b"text/csv; charset=utf-8"),
        "ocsf": Format(b"", partial(ocsf_lines, fleet=fleet), _LINES),
        "otlp": Format(b"", partial(otlp_lines, fleet=fleet), _LINES),
        "otlp-protobuf": Format(b"", partial(otlp_messages, fleet=fleet), _MESSAGES),
    }
    return known[name]
