"""A canary beside a stable release: each is judged by itself, at the limits of its own volume, and named."""

from collections.abc import Sequence

import msgspec
import pytest

from agentgov.alerts.alert import Alert
from agentgov.alerts.baseline import HOUR, WEEK, History, Run
from agentgov.alerts.defaults import effective
from agentgov.alerts.evaluating import Canary, Evaluating, Known
from agentgov.alerts.sensed import Asked, News, State, Used
from agentgov.alerts.slots import MINUTE
from agentgov.model.policies import AlertPolicy, AlertRule

NOW = 2_900 * WEEK
WHERE = ("support/refunds", "production")
STABLE, CANARY = "5" * 64, "c" * 64
RULES = effective(AlertPolicy(rules=(AlertRule("errors", "errors", severity="page", do=("alert", "abort-canary")),)))
ALONE = Known(STABLE, "support/refunds/v1.0.0")
BESIDE = Known(STABLE, "support/refunds/v1.0.0", canary=Canary(CANARY, "support/refunds/v1.1.0", 0.05))
EVERY = MINUTE // 2  # a run of all
GOOD = History(
    STABLE,
    NOW - WEEK,
    NOW,
    [Run(at, 1000 + at // EVERY % 7 * 100, 1000) for at in range(NOW - WEEK, NOW, EVERY)],
    names={"tool": [(at, "search", 1) for at in range(NOW - WEEK, NOW, HOUR)]},
)


class Looked:
    """An agent with a good week, and the looks at it."""

    def __init__(self, state: State | None = None) -> None:
        self.evaluating, self.now = Evaluating("acme"), NOW
        self.evaluating.rules = RULES
        self.evaluating.begin({WHERE: state} if state is not None else {})
        self.evaluating.load(WHERE, News(0, 0, 0))
        self.evaluating.stale([WHERE], {WHERE: ALONE}, NOW)
        if state is None:
            self.evaluating.rebase(WHERE, GOOD, NOW)

    def look(self, news: News, known: Known = BESIDE) -> list[Alert]:
        """What fires after some news."""
        self.now = max([self.now, *(run.ended for run in news.runs.get(WHERE, ()))])
        self.evaluating.look([WHERE], news, {WHERE: known}, self.now)
        return self.evaluating.firing()

    def hour(self, bad: Sequence[str], known: Known = BESIDE, news: News | None = None) -> list[Alert]:
        """An hour of 120 runs, six of them the canary's, in which the runs of some releases fail."""
        found = news if news is not None else News(0, 0, 0)
        moments = range(self.now, self.now + HOUR, EVERY)
        closures = [CANARY if place % 20 == 0 else STABLE for place in range(len(moments))]
        found.runs[WHERE] = [
            Run(at, 1000, 1000, closure in bad, closure=closure) for at, closure in zip(moments, closures, strict=True)
        ]
        return self.look(found, known)


def test_a_canary_that_fails_is_not_diluted_by_the_release_beside_it() -> None:
    found = Looked().hour([CANARY])
    assert {(one.label("alertname"), one.label("lane")) for one in found} == {
        ("errors", "canary"),
        ("errors-slowly", "canary"),
    }
    (alert,) = [one for one in found if one.label("alertname") == "errors"]
    labels = dict(alert.labels)
    assert (labels["alertname"], labels["lane"], labels["release"]) == ("errors", "canary", "v1.1.0")
    assert alert.release == "support/refunds/v1.1.0"
    assert alert.summary.endswith("6 of 6 runs failed in 6 h, of v1.1.0 at 5% in canary.")
    assert "abort-canary" in alert.do


def test_a_stable_release_that_fails_does_not_abort_the_canary() -> None:
    (alert,) = [one for one in Looked().hour([STABLE]) if one.label("alertname") == "errors"]
    assert alert.label("lane") == ""
    assert alert.release == "support/refunds/v1.0.0"
    assert alert.summary.endswith("114 of 114 runs failed in 1 h, beside v1.1.0 at 5% in canary.")
    assert alert.do == ("alert",)


def test_where_nobody_says_which_release_ran_an_alert_may_abort_the_canary() -> None:
    (alert,) = [one for one in Looked().hour([STABLE], ALONE) if one.label("alertname") == "errors"]
    assert "abort-canary" in alert.do
    looked = Looked()
    runs = [Run(NOW + at * EVERY, 1000, 1000, failed=True) for at in range(60)]
    (alert,) = [one for one in looked.look(News(0, 0, 0, {WHERE: runs})) if one.label("alertname") == "errors"]
    assert "abort-canary" in alert.do
    assert alert.summary.endswith("with v1.1.0 at 5% in canary.")


def test_what_a_canary_calls_and_is_refused_is_its_own() -> None:
    news = News(0, 0, 0)
    news.used[WHERE] = [Used(NOW, "tool", "drop-table", 1, CANARY), Used(NOW, "tool", "search", 9, STABLE)]
    news.calls[WHERE] = [Asked(NOW + HOUR - MINUTE, 30, 30, CANARY), Asked(NOW + HOUR - MINUTE, 114, 0)]
    found = {one.label("alertname"): one for one in Looked().hour([], news=news)}
    assert found.keys() == {"denials", "denials-slowly", "unseen-tool"}
    assert {one.label("lane") for one in found.values()} == {"canary"}


def test_a_restart_keeps_the_lanes_and_the_end_of_a_canary_ends_its_alerts() -> None:
    looked = Looked()
    assert looked.hour([CANARY])
    kept = msgspec.json.decode(msgspec.json.encode(looked.evaluating.states()[WHERE]), type=State)
    again = Looked(kept)
    again.now = looked.now
    assert again.hour([CANARY])[0].label("lane") == "canary"
    assert again.hour([CANARY], ALONE), "it ends once it is clear for ten minutes"
    assert again.hour([CANARY], ALONE) == [], "what comes late of a canary that is gone is not the stable release's"


def test_what_was_told_of_a_canary_is_not_told_again_of_the_release_that_it_became() -> None:
    looked, news = Looked(), News(0, 0, 0)
    news.used[WHERE] = [Used(NOW, "tool", "drop-table", 1, CANARY)]
    assert looked.hour([], news=news)
    graduated = Known(CANARY, "support/refunds/v1.1.0")
    looked.evaluating.stale([WHERE], {WHERE: graduated}, looked.now)
    news = News(0, 0, 0)
    news.used[WHERE] = [Used(looked.now, "tool", "drop-table", 5, CANARY)]
    looked.hour([], graduated, news)
    assert looked.hour([], graduated) == []


@pytest.mark.parametrize("share", [0.01, 0.05, 0.5])
def test_both_lanes_together_may_raise_no_more_for_nothing_than_one(share: float) -> None:
    looked = Looked()
    looked.look(News(0, 0, 0), ALONE)
    whole = looked.evaluating._spots[WHERE].spot
    assert whole is not None
    runs = whole.tests()
    looked.look(News(0, 0, 0), Known(STABLE, canary=Canary(CANARY, "a/b/v1.1.0", share)))
    parts = [one.share * runs / one.tests() for one in whole.all]
    assert sum(parts) == pytest.approx(1)
    assert whole.all[1].tests() < whole.all[0].tests() or share == 0.5
    assert whole.tests(168) == 2 * 168
    looked.look(News(0, 0, 0), ALONE)
    assert whole.tests() == runs
