"""Pins have one spelling, and one that cannot be read is an error, never no pin."""

import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.errors import ConfigurationError
from agentgov.trust.pins import Pins, last_seen, load_pins, parse_pins, save_last_seen, save_pins

_FLEET = "6f0c2b1e-8d4a-4c57-9a3e-0b1c2d3e4f50"
_OTHER = "00000000-8d4a-4c57-9a3e-0b1c2d3e4f50"
_A, _B, _C = "a" * 40, "b" * 40, "c" * 40
_PINS = Pins(_FLEET, _A, _B, _C)
_LINE = f"agentgov-pins/1 {_FLEET} {_A} {_B} {_C}"


def test_the_line_reads_back() -> None:
    assert _PINS.line == _LINE
    assert parse_pins(_LINE) == parse_pins(f"{_LINE}\n") == _PINS
    wide = Pins(_FLEET, "1" * 64, "2" * 64, "3" * 64)
    assert parse_pins(wide.line) == wide


@pytest.mark.parametrize(
    "line",
    [
        "",
        "\n",
        f" {_LINE}",
        f"{_LINE} ",
        f"{_LINE}\n\n",
        f"{_LINE}\r\n",
        f"{_LINE} {_A}",
        f"{_LINE}\n{_LINE}",
        _LINE.replace(" ", "  ", 1),
        _LINE.replace(" ", "\t"),
        _LINE.replace("pins/1", "pins/2"),
        _LINE.replace("pins/1", "pins/1\n"),
        _LINE.replace(_FLEET, _FLEET.upper()),
        _LINE.replace(_FLEET, _FLEET.replace("-", "")),
        _LINE.replace(_FLEET, "../../etc/passwd"),
        _LINE.replace(_A, _A[:-1]),
        _LINE.replace(_A, _A.upper()),
        _LINE.replace(_A, "g" * 40),
        _LINE.replace(_A, "a" * 64),
        _LINE.replace(_C, "HEAD"),
        _LINE.removesuffix(f" {_C}"),
    ],
)
def test_any_other_spelling_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"^(it is not one line|the fleet id|a commit)"):
        parse_pins(line)


def test_without_pins_there_are_none(homes: Path) -> None:
    assert load_pins(_FLEET) is None
    assert last_seen(_FLEET) is None


def test_saved_pins_are_loaded_and_private(homes: Path) -> None:
    path = save_pins(_PINS)
    assert path == homes / "config" / "pins" / _FLEET
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.read_text() == f"{_LINE}\n"
    assert load_pins(_FLEET) == _PINS
    assert load_pins(_OTHER) is None
    save_pins(Pins(_FLEET, _A, _B, _A))
    assert load_pins(_FLEET) == Pins(_FLEET, _A, _B, _A)
    assert [file.name for file in path.parent.iterdir()] == [_FLEET], "no temporary file stays"


def test_pins_that_have_no_spelling_are_not_saved(homes: Path) -> None:
    with pytest.raises(ValueError, match="a commit"):
        save_pins(Pins(_FLEET, _A, _B, "HEAD"))
    assert not (homes / "config").exists()


def test_the_environment_wins_as_line_or_as_file(homes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_pins(Pins(_FLEET, _C, _C, _C))
    monkeypatch.setenv("AGENTGOV_PINS", _LINE)
    assert load_pins(_FLEET) == _PINS
    (homes / "line").write_text(f"{_LINE}\n")
    monkeypatch.setenv("AGENTGOV_PINS", str(homes / "line"))
    assert load_pins(_FLEET) == _PINS


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "the pins in AGENTGOV_PINS cannot be read"),
        ("agentgov-pins/1", "the pins in AGENTGOV_PINS cannot be read"),
        (f"agentgov-pins/1 {_FLEET}", "the pins in AGENTGOV_PINS cannot be read"),
        (_LINE[:-1], "the pins in AGENTGOV_PINS cannot be read"),
        (f"{_LINE} x", "the pins in AGENTGOV_PINS cannot be read"),
        ("/no/such/file", "AGENTGOV_PINS names /no/such/file, and there is no such file"),
        ("/", "cannot read /: Is a directory"),
    ],
)
def test_a_malformed_pin_in_the_environment_is_an_error_not_no_pin(
    homes: Path, monkeypatch: pytest.MonkeyPatch, given: str, message: str
) -> None:
    save_pins(_PINS)
    monkeypatch.setenv("AGENTGOV_PINS", given)
    with pytest.raises(ConfigurationError, match=message):
        load_pins(_FLEET)


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"\xff\xfe", _LINE[:-1].encode(), b"x" * 100_000, _LINE.encode() + b"\0"]
)
def test_a_malformed_file_is_an_error_not_no_pin(homes: Path, content: bytes) -> None:
    path = save_pins(_PINS)
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_pins(_FLEET)
    seen = save_last_seen(_FLEET, _C)
    seen.write_bytes(content)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        last_seen(_FLEET)


def test_pins_of_another_fleet_are_an_error(homes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository cannot shake off its pins by changing its id."""
    monkeypatch.setenv("AGENTGOV_PINS", _LINE)
    with pytest.raises(ConfigurationError, match=f"are of fleet {_FLEET}, not of {_OTHER}"):
        load_pins(_OTHER)


def test_pins_that_anybody_may_write_are_an_error(homes: Path) -> None:
    path = save_pins(_PINS)
    path.chmod(0o666)
    with pytest.raises(ConfigurationError, match="anybody may write") as caught:
        load_pins(_FLEET)
    assert caught.value.hint == f"chmod 600 {path}"


@pytest.mark.parametrize("fleet", ["../../etc", "", ".", "a/b", _FLEET.upper(), f"{_FLEET}\n", f"{_FLEET}/x"])
def test_an_id_from_a_repository_cannot_choose_the_file(homes: Path, fleet: str) -> None:
    for ask in (load_pins, last_seen):
        with pytest.raises(ConfigurationError, match="not a lower-case UUID"):
            ask(fleet)


def test_the_last_tip_seen_is_kept_for_each_fleet(homes: Path) -> None:
    path = save_last_seen(_FLEET, _B)
    assert path == homes / "state" / "last-seen" / _FLEET
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    save_last_seen(_OTHER, _C)
    assert (last_seen(_FLEET), last_seen(_OTHER)) == (_B, _C)
    path.write_text((homes / "state" / "last-seen" / _OTHER).read_text())
    with pytest.raises(ConfigurationError, match="is of fleet"):
        last_seen(_FLEET)
    with pytest.raises(ValueError, match="a commit"):
        save_last_seen(_FLEET, "main")


def test_a_folder_that_cannot_be_written_is_told(homes: Path) -> None:
    (homes / "config").write_text("a file in the way")
    with pytest.raises(ConfigurationError, match="cannot write"):
        save_pins(_PINS)
    with pytest.raises(ConfigurationError, match="cannot read"):
        load_pins(_FLEET)


@settings(max_examples=300)
@given(st.integers(0, len(_LINE) * 8 - 1))
def test_a_flipped_bit_is_refused_or_pins_something_else(bit: int) -> None:
    changed = bytearray(_LINE.encode())
    changed[bit // 8] ^= 1 << (bit % 8)
    try:
        pins = parse_pins(changed.decode("utf-8", "replace"))
    except ValueError:
        return
    assert pins != _PINS
