"""What tells alerts apart, and which of them an evaluation may end."""

from agentgov.alerts.alert import Alert, Scope, dedup_key, fingerprint_of, labels_of

NAMED = {"alertname": "errors", "severity": "page", "fleet": "acme", "agent": "support/refunds", "tool": ""}


def test_the_order_of_labels_and_empty_ones_make_no_other_alert() -> None:
    labels = labels_of(NAMED)
    assert labels == tuple(sorted(labels))
    assert "tool" not in dict(labels)
    assert fingerprint_of(labels) == fingerprint_of(tuple(reversed(labels)))


def test_the_fingerprint_is_what_it_always_was() -> None:
    """It is the key of open incidents in other systems: another value would open all of them again."""
    alert = Alert(labels_of(NAMED), starts=1, summary="s")
    assert alert.fingerprint == "d0e97d431540357f8bb3451e5d74695c"
    assert dedup_key("acme", alert.fingerprint) == "agentgov/acme/d0e97d431540357f8bb3451e5d74695c"


def test_numbers_and_the_release_make_no_other_alert() -> None:
    first = Alert(labels_of(NAMED), starts=1, summary="3 of 5", observed=0.6, release="support/refunds/v1.0.0")
    later = Alert(labels_of(NAMED), starts=2, summary="4 of 6", observed=0.7, release="support/refunds/v1.0.1")
    assert first.fingerprint == later.fingerprint


def test_a_rehearsed_alert_is_another_one() -> None:
    drill = Alert(labels_of({**NAMED, "drill": "true"}), starts=1, summary="s")
    assert drill.drill
    assert drill.fingerprint != Alert(labels_of(NAMED), starts=1, summary="s").fingerprint


def test_an_evaluation_ends_only_what_it_looked_at() -> None:
    labels = labels_of(NAMED)
    assert Scope(frozenset({"errors"})).covers(labels)
    assert not Scope(frozenset({"denials"})).covers(labels)
    assert Scope(frozenset({"errors"}), frozenset({"support/refunds"})).covers(labels)
    assert not Scope(frozenset({"errors"}), frozenset({"support/other"})).covers(labels)
    fleet_wide = labels_of({"alertname": "errors", "severity": "page", "fleet": "acme"})
    assert Scope(frozenset({"errors"})).covers(fleet_wide)
    assert not Scope(frozenset({"errors"}), frozenset({"support/refunds"})).covers(fleet_wide)


def test_what_is_rehearsed_is_ended_by_its_own_rehearsal_alone() -> None:
    real, played = labels_of(NAMED), labels_of({**NAMED, "rehearsal": "outage"})
    everyday, rehearsal = Scope(frozenset({"errors"})), Scope(frozenset({"errors"}), rehearsal="outage")
    assert [everyday.covers(real), everyday.covers(played)] == [True, False]
    assert [rehearsal.covers(real), rehearsal.covers(played)] == [False, True]
