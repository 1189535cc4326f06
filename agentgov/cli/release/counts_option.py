"""`--counts`: where the reconciler gets its counts of units from. Never from the repository: it starts no program.

counts.json                       a file, read again at every tick
https://stats.example/counts      the same document, asked for once a tick
command:/usr/local/bin/counts -q  the same document, as the output of a program
prometheus:https://prom.example   the queries of governance/pipeline.yaml
gate, gate:https://gate.example   what agents told the gate, asked for by the reconciler's own key
"""

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from agentgov.errors import ConfigurationError
from agentgov.net.address import parse_base
from agentgov.release.counts import CountSource
from agentgov.release.sources.file import FileSource, NoSource

TOKEN_FILE = "AGENTGOV_COUNTS_TOKEN_FILE"  # noqa: S105 - the name of a variable
_RULE = "counts.source"
_HINT = "give a file, an https address, command:PROGRAM ARGUMENTS, prometheus:ADDRESS, or gate (docs/counts.md)"
Gate = Callable[[str], CountSource]  # by its address, "" for that of agentgov.yaml


def counts_source(
    option: str | None, environ: Mapping[str, str], clock: Callable[[], float], gate: Gate | None = None
) -> CountSource:
    """The source that `--counts` (or AGENTGOV_COUNTS) names; one without data where nothing is named. `clock` is
    monotonic, in seconds; `gate` makes the source that asks a gate. ConfigurationError (`counts.source`) where it is
    none."""
    if not option:
        return NoSource()
    kind, colon, rest = option.partition(":")
    if kind == "gate" and gate is not None:
        return gate(parse_base(rest, "the gate", _HINT, _RULE).url if colon else "")
    if kind == "command" and colon:
        return _command(rest, clock)
    if kind == "prometheus" and colon:
        return _prometheus(rest, environ, clock)
    if kind in ("http", "https") and colon:
        return _http(option, environ, clock)
    return FileSource(Path(option))


def _command(text: str, clock: Callable[[], float]) -> CountSource:
    from agentgov.release.sources.command import CommandSource

    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise ConfigurationError(f"--counts command: {error}", _HINT, rule=_RULE) from None
    if not words:
        raise ConfigurationError("--counts command: names no program", _HINT, rule=_RULE)
    return CommandSource(words, clock)


def _prometheus(url: str, environ: Mapping[str, str], clock: Callable[[], float]) -> CountSource:
    from agentgov.net.tokens import token_of_file
    from agentgov.release.sources.prometheus import Prometheus

    return Prometheus(parse_base(url, "Prometheus", _HINT, _RULE), token_of_file(environ, TOKEN_FILE, _RULE), clock)


def _http(url: str, environ: Mapping[str, str], clock: Callable[[], float]) -> CountSource:
    from agentgov.net.tokens import token_of_file
    from agentgov.release.sources.http import HttpSource

    base = parse_base(url.partition("?")[0], "the counts", _HINT, _RULE)
    return HttpSource(base, urlsplit(url).query, token_of_file(environ, TOKEN_FILE, _RULE), clock)
