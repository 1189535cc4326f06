"""Signed notes and checkpoints: vectors of Go's note package, and one spelling or none."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from treeworld import ORIGIN, Log, flips

from agentgov.runtime.checkpoints import (
    Checkpoint,
    open_checkpoint,
    parse_checkpoint,
    sign_checkpoint,
    unverified_checkpoint,
)
from agentgov.runtime.notes import NoteError, Sign, VerifierKey, open_note, sign_note, split_note
from agentgov.trust.keys import parse_public_key
from agentgov.trust.signers import KeyFileSigner, generate_key

# golang.org/x/mod/sumdb/note, its example
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = b"If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_SECRET = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
GO_SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
GO_LINE = f"— PeterNeumann {GO_SIGNATURE}\n".encode()
GO_NOTE = GO_TEXT + b"\n" + GO_LINE
LOG = Log([b"one", b"two", b"three"])
WITNESS = Log([], origin="witness.example", seed=2)


def _who(log: Log) -> tuple[VerifierKey, Sign]:
    return log.key, log.sign


def test_the_example_of_go_is_opened_and_written_byte_for_byte() -> None:
    key = VerifierKey.parse(GO_KEY)
    assert str(key) == GO_KEY
    assert open_note(GO_NOTE, [key]).text == GO_TEXT
    assert sign_note(GO_TEXT, [(key, Ed25519PrivateKey.from_private_bytes(GO_SECRET).sign)]) == GO_NOTE


def test_the_key_of_a_bot_signs_notes_too_and_only_text(tmp_path: Path) -> None:
    line = generate_key(tmp_path / "gate", "gate")
    signer = KeyFileSigner(tmp_path / "gate")
    key = VerifierKey.of("gate.example/ledger", parse_public_key(line))
    note = sign_note(b"text\n", [(key, signer.sign_text)])
    assert open_note(note, [VerifierKey.parse(str(key))]).signers == (key,)
    for text in (b"SSHSIG\0\0\0\1\n", b"no newline", b"", b"a\tb\n"):
        with pytest.raises(ValueError, match="control characters"):
            signer.sign_text(text)


def test_others_may_sign_and_are_passed_over() -> None:
    checkpoint = Checkpoint(ORIGIN, 3, LOG.root(3))
    note = sign_checkpoint(checkpoint, [_who(WITNESS), _who(LOG)])
    assert open_checkpoint(note, [LOG.key], ORIGIN) == checkpoint == unverified_checkpoint(note)
    assert open_note(note, [LOG.key, WITNESS.key]).signers == (WITNESS.key, LOG.key)
    assert open_checkpoint(note, [WITNESS.key], ORIGIN) == checkpoint
    same_name = VerifierKey(ORIGIN, WITNESS.key.point)
    with pytest.raises(NoteError, match="none of the keys"):
        open_note(LOG.checkpoint(), [same_name, WITNESS.key])
    with pytest.raises(NoteError, match="none of the keys"):
        open_note(LOG.checkpoint(), [])


def test_one_bad_signature_of_a_known_key_refuses_the_note() -> None:
    text = Checkpoint(ORIGIN, 3, LOG.root(3)).text
    good, bad = (sign_note(text, [_who(one)])[len(text) + 1 :] for one in (WITNESS, LOG))
    *head, last = bad.split(b" ")
    broken = base64.b64encode(flips(base64.b64decode(last))[40])
    note = text + b"\n" + good + b" ".join([*head, broken]) + b"\n"
    assert open_note(note, [WITNESS.key]).signers == (WITNESS.key,)
    with pytest.raises(NoteError, match="does not fit"):
        open_note(note, [WITNESS.key, LOG.key])


def test_any_flipped_byte_of_a_note_is_refused() -> None:
    for note in flips(LOG.checkpoint()):
        with pytest.raises(NoteError):
            open_checkpoint(note, [LOG.key], ORIGIN)


def test_no_byte_can_be_added_or_left_out() -> None:
    note = LOG.checkpoint()
    changed = [
        note[:at] + extra + note[at:] for at in range(len(note) + 1) for extra in (b"\n", b" ", b"\r", b"A", b"=")
    ]
    changed += [note[:at] + note[at + 1 :] for at in range(len(note))]
    for one in changed:
        with pytest.raises(NoteError):
            open_checkpoint(one, [LOG.key], ORIGIN)


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"\n\n",
        GO_LINE,
        GO_NOTE + b"a AAAAAAA=\n",
        GO_NOTE + "— a AAAAAA==\n".encode(),
        GO_NOTE + "— a\n".encode(),
        GO_NOTE + "— a \n".encode(),
        GO_TEXT,
        GO_TEXT + b"\n",
        GO_NOTE[:-1],
        GO_NOTE + b"\n",
        GO_TEXT + GO_LINE,
        GO_NOTE + b"- a AAAA\n",
        GO_TEXT + b"\n" + GO_LINE.replace("—".encode(), b"-"),
        GO_NOTE + GO_LINE,
        GO_NOTE.replace(b"you", b"y\0u"),
        GO_NOTE.replace(b"you", b"\xffou"),
        GO_NOTE + "— a AAAA\n".encode(),
        GO_NOTE + "— a AAAAA\n".encode(),
        GO_NOTE + "— a+b AAAAAAA=\n".encode(),
        GO_NOTE + "— a\u00a0b AAAAAAA=\n".encode(),
        GO_NOTE + "—  AAAAAAA=\n".encode(),
        GO_NOTE + "— a AAAAAAB=\n".encode(),
        GO_NOTE + "— a AAAAAAA= \n".encode(),
        GO_NOTE + "— a AAAAAAé=\n".encode(),
        GO_NOTE + "— a AAAAAAA=\n".encode() * 64,
        b"x" * 70_000 + GO_NOTE,
    ],
)
def test_what_is_no_note_is_refused(note: bytes) -> None:
    with pytest.raises(NoteError):
        open_note(note, [VerifierKey.parse(GO_KEY)])


def test_signatures_without_a_text_are_no_note() -> None:
    with pytest.raises(NoteError, match="an empty line"):
        split_note(GO_LINE)


def test_a_note_may_hold_as_many_signatures_as_the_specification_asks_for() -> None:
    others = b"".join(f"— w{number}.example AAAAAAA=\n".encode() for number in range(15))
    assert open_note(GO_NOTE + others, [VerifierKey.parse(GO_KEY)]).text == GO_TEXT


def test_empty_lines_belong_to_the_text_up_to_the_last_one() -> None:
    text = b"a\n\nb\n\n\n"
    note = sign_note(text, [_who(LOG)])
    assert open_note(note, [LOG.key]).text == text


@given(st.binary(max_size=60))
def test_hostile_bytes_are_a_note_in_one_spelling_or_none(junk: bytes) -> None:
    for note in (junk, GO_TEXT + b"\n" + junk, GO_NOTE + junk):
        try:
            text, signatures = split_note(note)
        except NoteError:
            continue
        lines = "".join(f"— {name} {base64.b64encode(raw).decode()}\n" for name, raw in signatures)
        assert text + b"\n" + lines.encode() == note


@pytest.mark.parametrize(
    "text",
    [
        "",
        GO_KEY + " ",
        GO_KEY + "\n",
        GO_KEY[:-1],
        GO_KEY.replace("c7", "C7"),
        GO_KEY.replace("c7", "c8"),
        "a+b+" + GO_KEY,
        GO_KEY.replace("ARpc", "AhpC"),
        GO_KEY.replace("Peter", "Peter "),
        "x+00000000+AQ==",
        GO_KEY.replace("+c74f20a3", ""),
        f"x+00000000+{base64.b64encode(bytes([1]) + bytes(32)).decode()}",
    ],
)
def test_a_key_has_one_spelling(text: str) -> None:
    with pytest.raises(ValueError, match=r"key|base64"):
        VerifierKey.parse(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b", "a\u200bb", "a\n"])
def test_a_name_has_no_space_and_no_plus(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name of a key"):
        VerifierKey(name, LOG.key.point)


def test_a_note_may_be_as_long_as_the_limit() -> None:
    text = b"x" * (65_536 - len(sign_note(b"\n", [_who(LOG)]))) + b"\n"
    note = sign_note(text, [_who(LOG)])
    assert (len(note), open_note(note, [LOG.key]).text) == (65_536, text)
    with pytest.raises(ValueError, match="at most"):
        sign_note(b"x" + text, [_who(LOG)])


def test_a_key_of_another_kind_signs_no_notes() -> None:
    line = (
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBGsX0fLhLEJH"
        "+Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT+NC4v4af5uO5+tKfA+eFivOM1drMV7Oy7ZAaDe/UfU="
    )
    with pytest.raises(ValueError, match="notes are signed with an ssh-ed25519 key"):
        VerifierKey.of("x", parse_public_key(line))


def test_nothing_is_signed_that_could_not_be_opened() -> None:
    with pytest.raises(NoteError, match="does not fit"):
        sign_note(b"x\n", [(LOG.key, WITNESS.sign)])
    for text in (b"x", b"x\0\n", b"\xff\n", b"x" * 70_000 + b"\n"):
        with pytest.raises(ValueError, match="note"):
            sign_note(text, [_who(LOG)])
    with pytest.raises(ValueError, match="1 to 64"):
        sign_note(b"x\n", [])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n",
        "a\n1\n",
        "a\n01\nROOT\n",
        "a\n-1\nROOT\n",
        "a\n1 \nROOT\n",
        "\n1\nROOT\n",
        "a\n1\nROOT",
        "a\n1\nROOT\n\n",
        "a\n1\nROOT\n\nx\n",
        "a\n1\nAAAA\n",
        "a\n1\nROOT=\n",
        "a\n9223372036854775808\nROOT\n",
        "a\n١\nROOT\n",
        "a\n1\né\n",
        "a\n99999999999999999999\nROOT\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    root = base64.b64encode(bytes(32)).decode()
    assert parse_checkpoint(f"a\n0\n{root}\nmore\n".encode()) == Checkpoint("a", 0, bytes(32), ("more",))
    with pytest.raises(NoteError, match="no checkpoint"):
        parse_checkpoint(text.replace("ROOT", root).encode())


def test_a_checkpoint_of_another_log_is_refused() -> None:
    note = sign_checkpoint(Checkpoint("another.example", 3, LOG.root(3)), [_who(LOG)])
    with pytest.raises(NoteError, match="of the log 'another"):
        open_checkpoint(note, [LOG.key], ORIGIN)


@pytest.mark.parametrize(
    ("origin", "size", "root", "extension"),
    [
        ("", 1, 32, "x"),
        ("a\nb", 1, 32, "x"),
        ("a", -1, 32, "x"),
        ("a", 1, 31, "x"),
        ("a", 2**63, 32, "x"),
        ("a", 1, 32, ""),
    ],
)
def test_a_checkpoint_that_cannot_be_written_is_refused(origin: str, size: int, root: int, extension: str) -> None:
    with pytest.raises(ValueError, match="checkpoint"):
        Checkpoint(origin, size, bytes(root), (extension,))
