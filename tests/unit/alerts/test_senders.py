"""Each message is worded within the documented fields and limits of who gets it, whatever an alert says.

PagerDuty: https://developer.pagerduty.com/docs/send-alert-event. Slack:
https://api.slack.com/reference/block-kit/blocks. Alertmanager: its own api/v2/openapi.yaml. Standard Webhooks: their
library judges. E-mail: RFC 5322.
"""

import json
import time
from email import message_from_bytes
from email.policy import default
from typing import Any

import jsonschema
import pytest
from alertworld import FLEET, HOUR, NOW
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from agentgov.alerts.alert import labels_of
from agentgov.alerts.message import TEST_ALERT, Message, Told, decoded, encoded, figures, moment
from agentgov.alerts.senders import alertmanager, email, pagerduty, slack, webhook
from agentgov.alerts.senders.outcome import judge
from agentgov.net.mail import Reply
from agentgov.net.patience import asked_to_wait
from agentgov.net.posting import signing_key
from agentgov.resources import folder

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY = "0123456789abcdef0123456789abcdef"
EVENT = jsonschema.Draft7Validator(json.loads((folder("schemas") / "events/alert.schema.json").read_text("utf-8")))
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}
TEXT = {"type": "string", "minLength": 1}
PAGERDUTY = {  # a PD-CEF event: every field that is documented, and no other
    "type": "object",
    "required": ["routing_key", "event_action", "dedup_key"],
    "additionalProperties": False,
    "properties": {
        "routing_key": {"type": "string", "minLength": 32, "maxLength": 32},
        "event_action": {"enum": ["trigger", "acknowledge", "resolve"]},
        "dedup_key": {"type": "string", "minLength": 1, "maxLength": 255},
        "client": TEXT,
        "client_url": TEXT,
        "links": {"type": "array"},
        "images": {"type": "array"},
        "payload": {
            "type": "object",
            "required": ["summary", "source", "severity"],
            "additionalProperties": False,
            "properties": {
                "summary": {"type": "string", "minLength": 1, "maxLength": 1024},
                "source": TEXT,
                "severity": {"enum": ["critical", "error", "warning", "info"]},
                "timestamp": MOMENT,
                "component": {"type": "string"},
                "group": {"type": "string"},
                "class": {"type": "string"},
                "custom_details": {"type": "object"},
            },
        },
    },
}
ALERTMANAGER = {  # postableAlerts
    "type": "array",
    "items": {
        "type": "object",
        "required": ["labels"],
        "additionalProperties": False,
        "properties": {
            "labels": {"type": "object", "propertyNames": {"pattern": "^[a-zA-Z_][a-zA-Z0-9_]*$"}},
            "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
            "startsAt": MOMENT,
            "endsAt": MOMENT,
            "generatorURL": TEXT,
        },
    },
}

_texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).map(lambda text: text * 90)
_alerts = st.builds(
    Told,
    labels=st.builds(
        lambda agent, severity, tool: labels_of(
            {"alertname": "probe", "severity": severity, "fleet": FLEET, "agent": agent, "tool": tool}
        ),
        st.sampled_from(["support/triage", f"{'w' * 63}/{'n' * 63}"]),
        st.sampled_from(["page", "ticket"]),
        _texts,
    ),
    starts=st.just(NOW),
    summary=_texts,
    ended=st.sampled_from([0, NOW + HOUR]),
    fresh=st.booleans(),
    observed=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    count=st.integers(0, 10**12),
    release=_texts,
    next=_texts,
)


def message(*alerts: Told, why: str = "first", name: str = "acme") -> Message:
    return Message(why, FLEET, name, "agent=support/triage", NOW, alerts, "https://gate.acme.example", "")


_messages = st.lists(_alerts, min_size=1, max_size=40).map(lambda found: message(*found))


@given(_messages)
def test_a_message_that_was_kept_is_the_same(one: Message) -> None:
    assert decoded(encoded(one)) == one


@given(_alerts, st.sampled_from(["first", "repeat", "acknowledged", "test"]))
def test_an_event_of_pagerduty_keeps_to_its_fields_and_limits(one: Told, why: str) -> None:
    request = pagerduty.request(message(one, why=why), "", KEY)
    assert request.url == "https://events.pagerduty.com/v2/enqueue"
    assert len(request.body) <= 512 * 1024
    document = json.loads(request.body)
    jsonschema.validate(document, PAGERDUTY)
    action = "acknowledge" if why == "acknowledged" else "resolve" if one.ended else "trigger"
    assert document["event_action"] == action
    assert ("payload" in document) == (action == "trigger")


@given(_texts, _texts)
def test_a_change_event_keeps_to_its_fields(summary: str, detail: str) -> None:
    """https://developer.pagerduty.com/docs/send-change-event: no severity, no action, no dedup_key."""
    request = pagerduty.change(summary, "acme", NOW, {"detail": detail}, pagerduty.HOSTS[1], KEY)
    assert request.url == "https://events.eu.pagerduty.com/v2/change/enqueue"
    document = json.loads(request.body)
    assert document.keys() == {"routing_key", "payload"}
    assert document["payload"].keys() == {"summary", "source", "timestamp", "custom_details"}
    assert len(document["payload"]["summary"]) <= 1024


@given(_messages)
def test_a_message_of_slack_keeps_to_the_limits_of_blocks(one: Message) -> None:
    document = slack.document(one)
    assert len(document["blocks"]) <= 50
    for block in document["blocks"]:
        if block["type"] == "header":
            assert block["text"]["type"] == "plain_text"
            assert 1 <= len(block["text"]["text"]) <= 150
        elif block["type"] == "section":
            assert block["text"]["type"] == "mrkdwn"
            assert 1 <= len(block["text"]["text"]) <= 3000
        else:
            assert block["type"] == "context"
            assert len(block["elements"]) <= 10
            assert all(1 <= len(each["text"]) <= 3000 for each in block["elements"])


def test_nothing_in_an_alert_mentions_or_links_in_slack() -> None:
    one = Told(labels_of({"alertname": "probe", "severity": "page"}), NOW, "<!channel> <https://evil.example|x> & more")
    said = json.dumps(slack.document(message(one)))
    assert "<!channel>" not in said
    assert "<https" not in said


@given(_messages)
def test_alerts_for_an_alertmanager_are_what_its_api_takes_and_end_only_when_they_do(one: Message) -> None:
    request = alertmanager.request(one, "https://am.example/", "", 60_000, NOW)
    assert request.url == "https://am.example/api/v2/alerts"
    found = json.loads(request.body)
    jsonschema.validate(found, ALERTMANAGER)
    for told, each in zip(one.alerts, found, strict=True):
        assert each["endsAt"] == moment(told.ended or NOW + 240_000)


def test_an_alertmanager_is_asked_with_what_its_key_spells() -> None:
    one = message(Told(labels_of({"alertname": "probe"}), NOW, "x"))
    assert alertmanager.request(one, "https://a", "", 0, NOW).headers == {}
    assert alertmanager.request(one, "https://a", "t0ken", 0, NOW).headers == {"authorization": "Bearer t0ken"}
    basic = alertmanager.request(one, "https://a", "user:pass", 0, NOW).headers
    assert basic == {"authorization": "Basic dXNlcjpwYXNz"}


@given(_messages)
def test_a_webhook_is_signed_as_the_library_asks_and_of_its_schema(one: Message) -> None:
    key = signing_key(SECRET)
    assert key is not None
    now = int(time.time() * 1000)
    request = webhook.request(webhook.body(one), "0" * 32, "https://hook.example", [key], now)
    EVENT.validate(Webhook(SECRET).verify(request.body, dict(request.headers)))


@given(_messages)
def test_a_letter_is_one_in_text_and_html_and_says_what_it_is(one: Message) -> None:
    letter = email.letter(one, "0" * 32, "agentgov@acme.example", ["a@acme.example", "b@acme.example"])
    found: Any = message_from_bytes(letter.as_bytes(), policy=default)
    assert found["Message-ID"] == f"<{'0' * 32}@acme.example>"
    assert found["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in found.iter_parts()] == ["text/plain", "text/html"]
    assert max(map(len, letter.as_bytes().split(b"\r\n"))) <= 998  # RFC 5322, 2.1.1


def test_what_an_alert_says_is_no_header_and_no_html() -> None:
    one = Told(
        labels_of({"alertname": "x\r\nBcc: evil@example.org", "severity": "page"}), NOW, "<script>alert(1)</script>"
    )
    letter = email.letter(message(one), "0" * 32, "agentgov@acme.example", ["a@acme.example"])
    found: Any = message_from_bytes(letter.as_bytes(), policy=default)
    assert found["Bcc"] is None
    assert "<script>" not in email.html(message(one))


@pytest.mark.parametrize(
    ("status", "then"),
    [
        *((200, "delivered"), (202, "delivered"), (301, "later"), (400, "refused"), (408, "later"), (410, "dead")),
        *((429, "later"), (500, "later"), (503, "later")),
    ],
)
def test_what_an_answer_means(status: int, then: str) -> None:
    assert judge(status, {}, refused=frozenset({400})).then == then


def test_a_receiver_may_ask_for_patience_in_seconds_or_until_a_date() -> None:
    assert asked_to_wait({"retry-after": "42"}) == 42
    date = {"date": "Fri, 01 Jan 2027 00:00:00 GMT", "retry-after": "Fri, 01 Jan 2027 00:01:00 GMT"}
    assert asked_to_wait(date) == 60
    assert [asked_to_wait({"retry-after": text}) for text in ("", "soon", "-1", "9" * 12)] == [0, 0, 0, 0]
    replies = [Reply(250), Reply(421), Reply(450), Reply(550), Reply(550, of_letter=False)]
    assert [email.judge(one).then for one in replies] == ["delivered", "later", "later", "refused", "later"]


def test_a_test_names_no_alert_to_look_at_for_there_is_none() -> None:
    for name, looks in ((TEST_ALERT, False), ("probe", True)):
        assert ("all of it" in dict(figures(Told(labels_of({"alertname": name}), NOW, "x")))) is looks
