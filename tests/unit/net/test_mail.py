"""Letters go to a mail server over verified TLS, and a login never before it; what it says is told as a code."""

from email.message import EmailMessage
from pathlib import Path

import pytest
from dripping import dripping
from mailworld import LOGIN, How, MailSink
from patience import PATIENCE
from ports import free_port

from agentgov.errors import ConfigurationError
from agentgov.net.exchange import CA_FILE, BrokenError
from agentgov.net.mail import Place, Reply, hand_in, parse_place

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")  # in clear, which is what is tested
SENDER, RECIPIENTS = "agentgov@acme.example", ("a@acme.example", "b@acme.example")


def letter() -> EmailMessage:
    found = EmailMessage()
    found["Subject"], found["From"], found["To"] = "x", SENDER, ", ".join(RECIPIENTS)
    found.set_content("something is wrong")
    return found


def sent(sink: MailSink, login: str = "", *, plain: bool = True, whole: float = PATIENCE) -> Reply:
    place = Place("127.0.0.1", sink.port, sink.how == "tls", plain and sink.how == "clear")
    return hand_in(place, letter(), SENDER, RECIPIENTS, login, PATIENCE, whole)


@pytest.mark.parametrize("how", ["clear", "starttls", "tls"])
@pytest.mark.parametrize("login", [False, True])
def test_a_letter_arrives(how: How, login: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with MailSink(tmp_path, how, login).serve() as sink:
        if how != "clear":
            monkeypatch.setenv(CA_FILE, str(tmp_path / "server.pem"))
        assert sent(sink, LOGIN if login else "") == Reply(250)
        (found,) = sink.letters
        assert (found["Subject"], found["To"]) == ("x", ", ".join(RECIPIENTS))


def test_a_wrong_login_is_a_code_without_a_word_of_it(tmp_path: Path) -> None:
    with MailSink(tmp_path, "clear", login=True).serve() as sink:
        assert sent(sink, "agentgov:battery-staple") == Reply(535, of_letter=False)
        assert sent(sink).code == 530
        assert sink.letters == []


@pytest.mark.parametrize("how", ["starttls", "tls"])
def test_nothing_is_said_to_a_server_that_nobody_trusts(how: How, tmp_path: Path) -> None:
    with MailSink(tmp_path, how, login=True).serve() as sink, pytest.raises(BrokenError) as broken:
        sent(sink, LOGIN)
    assert broken.value.final
    assert sink.letters == []


def test_a_server_without_tls_is_told_nothing_but_on_this_machine(tmp_path: Path) -> None:
    with MailSink(tmp_path, "clear").serve() as sink, pytest.raises(BrokenError, match="no TLS"):
        sent(sink, plain=False)
    assert sink.letters == []


@pytest.mark.parametrize("reply", ["451 later", "554 never"])
def test_what_the_server_says_is_told_as_a_code(reply: str, tmp_path: Path) -> None:
    with MailSink(tmp_path, reply=reply).serve() as sink:
        assert sent(sink) == Reply(int(reply[:3]))


def test_whom_the_server_does_not_take_it_for_is_told(tmp_path: Path) -> None:
    with MailSink(tmp_path, unknown="b@acme.example").serve() as sink:
        assert sent(sink) == Reply(250, untaken=("b@acme.example",))
        assert len(sink.letters) == 1


def test_a_server_that_says_a_little_now_and_then_is_not_waited_for(tmp_path: Path) -> None:
    with MailSink(tmp_path, slow=True).serve() as sink, pytest.raises(BrokenError, match="in time"):
        sent(sink, whole=0.5)
    with dripping(b"220-") as port, pytest.raises(BrokenError, match="in time"):
        hand_in(Place("127.0.0.1", port, False, True), letter(), SENDER, RECIPIENTS, "", 5, whole=0.5)


def test_nobody_there_is_no_answer() -> None:
    with pytest.raises(BrokenError, match="cannot be reached"):
        hand_in(Place("127.0.0.1", free_port(), False, True), letter(), SENDER, RECIPIENTS, "", 5)


def test_addresses_of_mail_servers() -> None:
    assert parse_place("smtp://mail.example") == Place("mail.example", 587, False, False)
    assert parse_place("smtps://mail.example:4650") == Place("mail.example", 4650, True, False)
    assert parse_place("smtp://localhost:25").plain
    for wrong in (
        "https://mail.example",
        "smtp://",
        "smtp://u:p@mail.example",
        "smtp://m/x",
        "smtp://m:x",
        "smtp://m?x",
    ):
        with pytest.raises(ConfigurationError):
            parse_place(wrong)
