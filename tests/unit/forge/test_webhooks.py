"""Which deliveries count: signed with the secret, in time, once. Nothing else wakes anybody."""

import base64
import hmac
from dataclasses import replace

import pytest

from agentgov.forge.webhooks import (
    LARGEST,
    MOST_SEEN,
    WINDOW,
    Accepted,
    Delivery,
    Refused,
    Secrets,
    Seen,
    judge,
)
from agentgov.net.posting import signed_headers, signing_key

NOW = 1_700_000_000
SECRET, OTHER = b"It's a Secret to Everybody", b"the secret that comes next"
TOKEN = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"action":"opened"}'


def github(body: bytes = BODY, secret: bytes = SECRET, **headers: str) -> Delivery:
    signature = f"sha256={hmac.new(secret, body, 'sha256').hexdigest()}"
    said = {"content-type": "application/json", "x-github-event": "pull_request", "x-hub-signature-256": signature}
    return Delivery("/hooks/github", {**said, **{name.replace("_", "-"): text for name, text in headers.items()}}, body)


def gitlab(body: bytes = BODY, *, key: bytes = b"", name: str = "msg_1", time: int = NOW, **headers: str) -> Delivery:
    said = {"content-type": "application/json", "x-gitlab-event": "Merge Request Hook"}
    if key:
        digest = hmac.new(key, f"{name}.{time}.".encode() + body, "sha256").digest()
        said |= {"webhook-id": name, "webhook-timestamp": str(time)}
        said |= {"webhook-signature": f"v1,{base64.b64encode(digest).decode()}"}
    return Delivery("/hooks/gitlab", {**said, **{name.replace("_", "-"): text for name, text in headers.items()}}, body)


def key() -> bytes:
    found = signing_key(TOKEN)
    assert found is not None
    return found


def refused(delivery: Delivery, secrets: Secrets, now: int = NOW, seen: Seen | None = None) -> tuple[int, str]:
    found = judge(delivery, secrets, seen or Seen(), now)
    assert isinstance(found, Refused), found
    return found.status, found.rule


def accepted(delivery: Delivery, secrets: Secrets, now: int = NOW, seen: Seen | None = None) -> Accepted:
    found = judge(delivery, secrets, seen or Seen(), now)
    assert isinstance(found, Accepted), found
    return found


# --- GitHub --------------------------------------------------------------------------------------------------------


def test_the_example_of_githubs_documentation_is_accepted() -> None:
    digest = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    given = github(b"Hello, World!", x_hub_signature_256=f"sha256={digest}")
    assert accepted(given, Secrets(github=(SECRET,))).event == "pull_request"


@pytest.mark.attack("W1")
@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        "sha1=" + hmac.new(SECRET, BODY, "sha1").hexdigest(),
        hmac.new(SECRET, BODY, "sha256").hexdigest(),
        "sha256=" + hmac.new(SECRET, BODY, "sha256").hexdigest().upper(),
        "sha256=" + hmac.new(SECRET, BODY, "sha256").hexdigest()[:-1],
        "sha256=" + hmac.new(SECRET, BODY, "sha256").hexdigest() + "\n",
        "sha256=" + hmac.new(b"", BODY, "sha256").hexdigest(),
        f"sha256={hmac.new(SECRET, BODY, 'sha256').hexdigest()}, sha256={'0' * 64}",
        "sha256=" + "\u0660" * 64,
    ],
)
def test_what_is_not_signed_with_the_secret_is_refused(signature: str) -> None:
    delivery = github(x_hub_signature_256=signature)
    assert refused(delivery, Secrets(github=(SECRET,))) == (401, "hook.signature")


@pytest.mark.attack("W1")
def test_the_older_signature_is_never_looked_at() -> None:
    headers = {name: text for name, text in github().headers.items() if name != "x-hub-signature-256"}
    headers["x-hub-signature"] = "sha1=" + hmac.new(SECRET, BODY, "sha1").hexdigest()
    assert refused(Delivery("/hooks/github", headers, BODY), Secrets(github=(SECRET,))) == (401, "hook.signature")


def test_every_byte_of_the_body_counts() -> None:
    signed = github()
    for changed in (BODY + b" ", BODY[:-1], b" " + BODY, BODY.replace(b"opened", b"closed")):
        assert refused(replace(signed, body=changed), Secrets(github=(SECRET,))) == (401, "hook.signature")


def test_without_a_secret_nothing_is_taken() -> None:
    assert refused(github(secret=b""), Secrets()) == (503, "hook.unconfigured")
    assert refused(github(), Secrets(gitlab=(SECRET,))) == (503, "hook.unconfigured")
    assert refused(gitlab(x_gitlab_token=""), Secrets(github=(SECRET,))) == (503, "hook.unconfigured")


def test_two_secrets_count_while_one_is_exchanged_for_the_other() -> None:
    both = Secrets(github=(SECRET, OTHER))
    accepted(github(), both)
    accepted(github(secret=OTHER), both)
    assert refused(github(secret=OTHER), Secrets(github=(SECRET,))) == (401, "hook.signature")


@pytest.mark.attack("W2")
def test_the_same_body_counts_once_whatever_its_unsigned_headers_say() -> None:
    secrets = Secrets(github=(SECRET,))
    seen = accepted(github(x_github_delivery="1"), secrets).seen
    again = github(x_github_delivery="2", x_github_event="push")
    assert refused(again, secrets, NOW + WINDOW, seen) == (200, "hook.replayed")
    accepted(github(BODY + b"\n"), secrets, NOW, seen)
    accepted(again, secrets, NOW + WINDOW + 1, seen)


def test_a_refused_delivery_is_not_remembered_and_keeps_nobody_out() -> None:
    secrets = Secrets(github=(SECRET,))
    assert refused(github(secret=OTHER), secrets) == (401, "hook.signature")
    accepted(github(), secrets)


def test_no_more_is_remembered_than_there_is_room_for() -> None:
    seen = Seen({str(number): NOW for number in range(MOST_SEEN + 50)}).with_one("last", NOW)
    assert len(seen.times) == MOST_SEEN
    assert seen.holds("last", NOW)
    assert not seen.holds("0", NOW)
    assert Seen({"old": NOW}).with_one("new", NOW + WINDOW + 1).times == {"new": NOW + WINDOW + 1}


# --- GitLab --------------------------------------------------------------------------------------------------------


def test_the_example_of_standard_webhooks_is_accepted() -> None:
    delivery = gitlab(
        b'{"test": 2432232314}',
        webhook_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        webhook_timestamp="1614265330",
        webhook_signature="v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    )
    accepted(delivery, Secrets(signing=(key(),)), 1_614_265_330)


def test_one_of_several_signatures_is_enough() -> None:
    good = gitlab(key=key())
    several = good.headers["webhook-signature"]
    several = f"v1a,AAAA v1,{base64.b64encode(bytes(32)).decode()} {several}"
    accepted(replace(good, headers={**good.headers, "webhook-signature": several}), Secrets(signing=(key(),)))
    many = "v1,AAAA " * 10 + good.headers["webhook-signature"]
    delivery = replace(good, headers={**good.headers, "webhook-signature": many})
    assert refused(delivery, Secrets(signing=(key(),))) == (401, "hook.signature")


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("webhook-id", ""),
        ("webhook-id", "msg_2"),
        ("webhook-id", "a b"),
        ("webhook-timestamp", ""),
        ("webhook-timestamp", str(NOW + 1)),
        ("webhook-timestamp", f" {NOW}"),
        ("webhook-timestamp", f"+{NOW}"),
        ("webhook-timestamp", "9" * 13),
        ("webhook-signature", ""),
        ("webhook-signature", "v1,"),
        ("webhook-signature", "v1,!!!"),
        ("webhook-signature", "v2," + base64.b64encode(bytes(32)).decode()),
    ],
)
def test_id_and_time_are_signed_with_the_body(header: str, value: str) -> None:
    good = gitlab(key=key())
    delivery = replace(good, headers={**good.headers, header: value})
    assert refused(delivery, Secrets(signing=(key(),))) == (401, "hook.signature")


@pytest.mark.parametrize(("off", "rule"), [(300, ""), (-300, ""), (301, "hook.replayed"), (-301, "hook.replayed")])
def test_a_signed_delivery_counts_for_five_minutes(off: int, rule: str) -> None:
    found = judge(gitlab(key=key(), time=NOW + off), Secrets(signing=(key(),)), Seen(), NOW)
    assert (found.rule if isinstance(found, Refused) else "") == rule


@pytest.mark.attack("W2")
def test_a_signed_delivery_from_a_clock_ahead_is_known_as_long_as_it_counts() -> None:
    secrets, ahead = Secrets(signing=(key(),)), gitlab(key=key(), time=NOW + 300)
    seen = accepted(ahead, secrets, NOW).seen
    for later in (1, 300, 600):
        assert refused(ahead, secrets, NOW + later, seen) == (200, "hook.replayed")
    assert refused(ahead, secrets, NOW + 601, seen) == (401, "hook.replayed")


def test_two_events_with_the_same_body_are_two_where_their_ids_are_signed() -> None:
    secrets = Secrets(signing=(key(),))
    seen = accepted(gitlab(key=key(), name="a"), secrets).seen
    accepted(gitlab(key=key(), name="b"), secrets, NOW, seen)
    assert refused(gitlab(key=key(), name="a"), secrets, NOW, seen) == (200, "hook.replayed")


def test_a_wrong_signature_is_not_saved_by_a_plain_secret() -> None:
    both = Secrets(gitlab=(SECRET,), signing=(key(),))
    wrong = gitlab(key=b"x" * 32, x_gitlab_token=SECRET.decode())
    assert refused(wrong, both) == (401, "hook.signature")
    accepted(gitlab(x_gitlab_token=SECRET.decode()), both)  # a hook that has no signing token


@pytest.mark.parametrize("token", ["", SECRET.decode()[:-1], SECRET.decode() + " ", SECRET.decode().upper(), TOKEN])
def test_a_plain_secret_has_to_be_the_very_one(token: str) -> None:
    assert refused(gitlab(x_gitlab_token=token), Secrets(gitlab=(SECRET,))) == (401, "hook.signature")
    assert refused(gitlab(x_gitlab_token=token), Secrets(signing=(key(),))) == (401, "hook.signature")


def test_an_external_status_check_signs_its_body_with_the_plain_secret() -> None:
    signature = hmac.new(SECRET, BODY, "sha256").hexdigest()
    secrets = Secrets(gitlab=(SECRET,))
    accepted(gitlab(x_gitlab_signature=signature), secrets)
    assert refused(gitlab(BODY + b" ", x_gitlab_signature=signature), secrets) == (401, "hook.signature")
    both = gitlab(BODY + b" ", x_gitlab_signature=signature, x_gitlab_token=SECRET.decode())
    assert refused(both, secrets) == (401, "hook.signature")


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_AAAA", "whsec_" + "A" * 200, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
def test_what_is_no_signing_token_is_no_key(text: str) -> None:
    assert signing_key(text) is None


# --- both ----------------------------------------------------------------------------------------------------------


def test_what_is_no_json_to_one_of_the_two_paths_is_not_judged() -> None:
    secrets = Secrets(github=(SECRET,))
    assert refused(replace(github(), path="/hooks/gitea"), secrets) == (404, "")
    assert refused(replace(github(), path="/hooks/github/"), secrets) == (404, "")
    for kind in ("", "application/x-www-form-urlencoded", "text/plain", "application/jsonp", "x; application/json"):
        assert refused(github(content_type=kind), secrets) == (415, "")
    accepted(github(content_type="Application/JSON; charset=utf-8"), secrets)
    assert refused(Delivery("/hooks/github", github().headers, bytes(LARGEST + 1)), secrets) == (413, "")


def test_no_secret_is_shown_by_a_value_that_holds_it() -> None:
    secrets = Secrets(github=(SECRET,), gitlab=(OTHER,), signing=(key(),))
    assert repr(secrets) == "Secrets()"
    assert "opened" not in repr(accepted(github(), secrets))  # nor is a body, in a traceback


# --- Anybody else who may wake the reconciler ------------------------------------------------------------------------


def wake(secret: bytes = b"", time: int = NOW, body: bytes = b"{}", **headers: str) -> Delivery:
    signed = signed_headers([secret or key()], "call-1", time, body)
    said = {"content-type": "application/json", **signed}
    return Delivery("/hooks/wake", {**said, **{name.replace("_", "-"): text for name, text in headers.items()}}, body)


def test_a_call_to_wake_counts_once_where_it_is_signed_for_that() -> None:
    secrets = Secrets(wake=(key(),))
    found = accepted(wake(), secrets)
    assert (found.sender, found.event) == ("wake", "")
    assert refused(wake(), secrets, seen=found.seen) == (200, "hook.replayed")
    accepted(gitlab(key=key(), name="call-1"), Secrets(signing=(key(),)), seen=found.seen)  # an id of somebody else


def test_a_call_to_wake_that_is_not_signed_for_that_wakes_nobody() -> None:
    secrets = Secrets(github=(SECRET,), gitlab=(SECRET,), wake=(key(),))
    assert refused(wake(b"x" * 32), secrets) == (401, "reconcile.wake")
    assert refused(replace(wake(), body=b"[]"), secrets) == (401, "reconcile.wake")
    assert refused(wake(webhook_id="call 2"), secrets) == (401, "reconcile.wake")
    assert refused(wake(time=NOW - 301), secrets) == (401, "hook.replayed")
    plain = {"content-type": "application/json", "x-gitlab-token": SECRET.decode()}
    assert refused(Delivery("/hooks/wake", plain, b"{}"), secrets) == (401, "reconcile.wake")
    assert refused(wake(), Secrets(signing=(key(),), github=(key(),))) == (503, "hook.unconfigured")
