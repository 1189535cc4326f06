"""The table of metrics in docs/reconciler.md and what is served are one, labels and all."""

import re
from pathlib import Path

from agentgov.release.health import Health
from agentgov.report.metrics import metrics_text

ROOT = Path(__file__).parents[3]
PREFIX = "agentgov_reconcile_"
ALL = Health(acts={"pass": 1}, tip="ab", lag={"rendered/production": 1}, oldest_due=1)


def served() -> set[str]:
    """Every metric that is served, with the names of its labels."""
    lines = [line.rpartition(" ")[0] for line in metrics_text(ALL, 2).splitlines() if not line.startswith("#")]
    return {re.sub(r'="[^"]*"', "", line.removeprefix(PREFIX)) for line in lines}


def test_the_page_tells_every_metric_that_is_served_and_no_other() -> None:
    table = (ROOT / "docs/reconciler.md").read_text("utf-8").partition("\n| metric | |\n")[2].partition("\n\n")[0]
    cells = re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
    told = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    assert len(told) == len(set(told))
    assert set(told) == served()


def test_a_metric_without_samples_is_served_with_its_help_and_type() -> None:
    names = re.findall(rf"^# TYPE {PREFIX}(\S+) ", metrics_text(Health(), 0), re.MULTILINE)
    assert set(names) == {name.partition("{")[0] for name in served()}


def test_a_label_is_one_whatever_it_holds() -> None:
    text = metrics_text(Health(lag={'a"b\\c\nd': 3}), 0)
    assert f'{PREFIX}delivery_lag{{target="a\\"b\\\\c\\nd"}} 3.0\n' in text
