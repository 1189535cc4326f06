"""The health of a reconciler in the text that Prometheus scrapes (exposition format 0.0.4). Pure.

Names and labels are a contract: docs/reconciler.md has them all. The text says nothing of any agent.
"""

from collections.abc import Iterator

from agentgov.release.health import Health

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_Sample = tuple[str, float]  # labels as they stand in braces, "" for none


def metrics_text(health: Health, now: int) -> str:
    """All metrics, each with its help and type; `now` in epoch seconds."""
    return "".join(
        f"# HELP agentgov_reconcile_{name} {what}\n# TYPE agentgov_reconcile_{name} {kind}\n"
        + "".join(f"agentgov_reconcile_{name}{labels} {value!r}\n" for labels, value in samples)
        for name, kind, what, samples in _families(health, now)
    )


def _families(health: Health, now: int) -> Iterator[tuple[str, str, str, list[_Sample]]]:
    acts = [(f'{{kind="{kind}"}}', float(count)) for kind, count in sorted(health.acts.items())]
    tip = [(f'{{tip="{health.tip}"}}', 1.0)] if health.tip else []
    lag = [(f'{{target="{_escaped(name)}"}}', float(behind)) for name, behind in sorted(health.lag.items())]
    yield "ticks_total", "counter", "Ticks that ended well.", [("", health.ticks)]
    yield "failures_total", "counter", "Looks and ticks that failed.", [("", health.failures)]
    yield "conflicts_total", "counter", "Pushes lost to somebody else, and tried again.", [("", health.conflicts)]
    yield "acts_total", "counter", "Acts written, by kind.", acts
    yield (
        "refused_agents",
        "gauge",
        "Agents left out for now, as the journal refused their act.",
        _one(health.refused_acts),
    )
    yield "queue", "gauge", "Agents with a transition that is due and not written.", _one(health.queue)
    oldest = max(now - health.oldest_due, 0) if health.oldest_due is not None else 0
    yield "oldest_due_seconds", "gauge", "Age of the oldest transition that is due.", _one(oldest)
    yield "nodata_agents", "gauge", "Agents whose canary has no counts.", _one(health.nodata)
    yield "delivery_lag", "gauge", "Acts that a target of delivery was behind after the last tick.", lag
    yield "last_tick_seconds", "gauge", "How long the last tick took.", _one(health.last_tick_seconds)
    yield "verified_seq", "gauge", "Number of the last act that was verified.", _one(health.seq)
    yield "verified_tip_info", "gauge", "The tip of the journal that was verified last.", tip
    yield "verified_timestamp_seconds", "gauge", "When the journal was verified last.", _one(health.verified_at)
    yield "journal_timestamp_seconds", "gauge", "Journal time of the last act.", _one(health.journal_time)
    yield "journal_broken", "gauge", "1 while the journal ends in what is no act.", _one(health.stretch)
    yield "journal_stale", "gauge", "1 while the journal is too old for what raises risk.", _one(health.stale)


def _escaped(text: str) -> str:
    """A label's value."""
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _one(value: float) -> list[_Sample]:
    return [("", float(value))]
