"""What is signed is what the specification of Standard Webhooks signs."""

from agentgov.net.posting import signed_headers, signing_key


def test_the_published_example_comes_out() -> None:
    key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert key is not None
    headers = signed_headers([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_while_a_secret_is_exchanged_both_sign() -> None:
    both = signed_headers([b"a" * 24, b"b" * 24], "id", 1, b"")["webhook-signature"].split(" ")
    assert both == [signed_headers([key * 24], "id", 1, b"")["webhook-signature"] for key in (b"a", b"b")]
