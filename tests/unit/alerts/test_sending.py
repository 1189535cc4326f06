"""One attempt on a real route: what arrives, what is said of what does not, and never a secret in it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import apprise
import pytest
from alertworld import FLEET, NOW, an_alert
from fakeserver import FakeServer, Reply
from mailworld import LOGIN, MailSink
from ports import free_port

from agentgov.alerts.message import Message, Told, told
from agentgov.alerts.routing import ways
from agentgov.alerts.secret import secret_of
from agentgov.alerts.senders.outcome import Outcome
from agentgov.alerts.sending import Sending, send
from agentgov.alerts.standing import Standing
from agentgov.errors import ConfigurationError
from agentgov.model.policies import Route

# Apprise loads all that it can, with what Python calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Requiring AUTH")
KEY = "0123456789abcdef0123456789abcdef"


def sent(to: Any, environ: Mapping[str, str] | None = None, **words: Any) -> Outcome:
    (way,) = ways([Route(to=to, key_from="env:KEY" if environ else "", **words)])
    one: Told = told(Standing(1, an_alert(), NOW, NOW), fresh=True)
    message = Message("first", FLEET, "acme", "agent=support/triage", NOW, (one,))
    return send(
        Sending(way, "0" * 32, message, environ or {}, NOW, tuple(one for one in way.route.recipients if "@" in one))
    )


def test_a_letter_arrives_with_the_login_of_the_route(tmp_path: Path) -> None:
    with MailSink(tmp_path, login=True).serve() as sink:
        words = {"url": f"smtp://127.0.0.1:{sink.port}", "sender": "a@acme.example", "recipients": ("b@acme.example",)}
        assert sent("email", {"KEY": LOGIN}, **words) == Outcome("delivered", 250)
        refused = Outcome("later", 535, "the mail server answers 535")  # somebody may mend it
        assert sent("email", {"KEY": "agentgov:wrong"}, **words) == refused
    (letter,) = sink.letters
    assert letter["Subject"] == "[FIRING] cost-burn: support/triage in production (acme)"


def test_a_letter_that_reaches_nobody_or_cannot_be_written_waits() -> None:
    url, sender = "smtp://127.0.0.1:1", "a@acme.example"
    said = "nobody has an address in governance/access.yaml: owner"
    assert sent("email", url=url, sender=sender, recipients=("owner",)) == Outcome("later", 0, said)
    found = sent("email", url=url, sender=f"{sender}\nBcc: b@acme.example", recipients=("c@acme.example",))
    assert found == Outcome("later", 0, "it cannot be sent (ValueError)")


def test_answers_are_judged_as_each_receiver_means_them() -> None:
    with FakeServer(lambda request: Reply(200)).serve() as server:
        for status, then in (("400", "refused"), ("429", "later"), ("500", "later"), ("410", "dead")):
            server.faults.add(status, times=1, retry_after=7)
            found = sent("pagerduty", {"KEY": KEY}, url=server.url)
            assert (found.then, found.status) == (then, int(status))
            assert found.wait == (7 if then == "later" else 0)
        server.faults.add("404", times=1)
        assert sent("slack", {"KEY": f"{server.url}/T0/B0/secret"}).then == "dead"
        for broken in ("reset", "lost"):
            server.faults.add(broken, times=1)
            assert sent("alertmanager", url=server.url).then == "later"


@pytest.mark.parametrize(
    ("to", "words", "secret"),
    [
        ("slack", {}, "https://hooks.slack.example:1/T0/B0/open-sesame"),
        ("slack", {}, "ftp://open-sesame"),
        ("pagerduty", {"url": "https://localhost:1"}, "open-sesame"),
        ("webhook", {"url": "https://localhost:1"}, "whsec_open-sesame"),
        ("apprise", {}, "open-sesame://nowhere"),
        ("apprise", {}, "json://127.0.0.1:1/open-sesame"),
    ],
)
def test_what_cannot_be_sent_waits_and_no_secret_is_told(
    to: str, words: dict[str, str], secret: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    found = sent(to, {"KEY": secret}, **words)
    assert found.then == "later"
    assert found.said
    captured = capfd.readouterr()
    assert "open-sesame" not in found.said + captured.out + captured.err + caplog.text


def test_a_secret_that_is_not_there_says_where_it_is_looked_for(tmp_path: Path) -> None:
    assert "env:KEY" in sent("pagerduty", {"OTHER": "x"}).said
    file = tmp_path / "key"
    file.write_text("open-sesame\n")
    file.chmod(0o644)
    with pytest.raises(ConfigurationError, match="can be read by others"):
        secret_of(f"file:{file}", {})
    file.chmod(0o600)
    assert secret_of(f"file:{file}", {}) == ("open-sesame",)
    assert secret_of("", {}) == ()


def test_the_long_tail_goes_by_apprise() -> None:
    assert apprise.__version__
    with FakeServer(lambda request: Reply(200)).serve() as server:
        assert sent("apprise", {"KEY": server.url.replace("http://", "json://")}).then == "delivered"
    body = json.loads(server.requests[0].body)
    assert body["title"] == "[FIRING] cost-burn: support/triage in production (acme)"
    assert body["type"] == "failure"
    assert sent("apprise", {"KEY": f"json://127.0.0.1:{free_port()}"}).then == "later"
