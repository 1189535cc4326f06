"""Alerts as people read them in a terminal of 80 columns."""

from agentgov.report.alerts import alerts_page

NOW = 1_764_000_000


def test_alerts_fit_eighty_columns_with_a_fingerprint_to_copy() -> None:
    said = "14.4 times the errors that its objective leaves it, over 1h and over 5m: 230 of 1000 calls failed"
    common = {"starts": (NOW - 7_200) * 1000, "state": "firing", "acknowledged": 0, "muted": "", "summary": said}
    about = {"alertname": "errors", "agent": "customer-service/refund-assistant"}
    fleet = {**common, "labels": {"alertname": "verification"}, "acknowledged": 1, "acknowledgedBy": "erin"}
    rows = [
        {**common, "fingerprint": "a" * 32, "severity": "page", "labels": about},
        {**fleet, "fingerprint": "b" * 32, "severity": "ticket"},
    ]
    lines = alerts_page(rows, NOW).text().splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "page   errors  customer-service/refund-assistant  2h  firing"
    assert lines[4] == "ticket verification  2h  acknowledged by erin"
    assert [lines[3], lines[7]] == [f"       {'a' * 32}", f"       {'b' * 32}"]
    assert " ".join(line.strip() for line in lines[1:3]) == said


def test_where_none_stands_that_is_said() -> None:
    assert alerts_page([], NOW).text() == "no alert stands\n"
