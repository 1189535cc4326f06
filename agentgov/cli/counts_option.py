"""`--counts`: where the reconciler gets its counts of units from. Never from the repository: it starts no program."""

from collections.abc import Callable, Mapping
from pathlib import Path

from agentgov.release.counts import CountSource
from agentgov.release.sources.file import FileSource, NoSource


def counts_source(option: str | None, environ: Mapping[str, str], clock: Callable[[], float]) -> CountSource:
    """The source that `--counts` (or AGENTGOV_COUNTS) names; one without data where nothing is named. `clock` is
    monotonic, in seconds. ConfigurationError (`counts.source`) where it is none."""
    if not option:
        return NoSource()
    return FileSource(Path(option))
