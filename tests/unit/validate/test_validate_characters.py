"""Characters that hide: found with their place, and ordinary writing of the world left alone."""

import pytest

from agentgov.validate.characters import hidden, is_plain, place, placing


@pytest.mark.parametrize(
    "text",
    [
        "a\u202eb",
        "a\u2066b",
        "\u200bx",
        "x\u200d",
        "a\u200db",
        "\u200cx",
        "\u00ad",
        "\ufeff",
        "\x00",
        "\x1b[31m",
        "\x7f",
        "\u2060",
        "\u3164",
        "\u180e",
        "x\U000e0041\U000e0042",
        "a\ufe0f\ufe0e",
        "x\U000e0101",
        "\ufff9",
    ],
)
def test_hidden_characters_are_found(text: str) -> None:
    assert list(hidden(text))
    assert not is_plain(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "plain\ttext\r\nwith lines",
        "Grüße, 你好, مرحبا, שלום, नमस्ते",
        "می\u200cخواهم",
        "क\u094d\u200dष",
        "family 👨\u200d👩\u200d👧, heart ❤\ufe0f, ❤\ufe0f\u200d🔥, key 1\ufe0f\u20e3",
        "non\u00a0breaking and thin\u2009space",
    ],
)
def test_ordinary_writing_is_left_alone(text: str) -> None:
    assert list(hidden(text)) == []


def test_a_hidden_character_is_named() -> None:
    assert list(hidden("ab\u202ec")) == [(2, "U+202E RIGHT-TO-LEFT OVERRIDE")]
    assert list(hidden("\x07")) == [(0, "U+0007 control character")]


def test_places_count_lines_and_columns_from_one() -> None:
    assert [place("ab\r\nc\rd\ne", index) for index in (0, 1, 4, 6, 8)] == [(1, 1), (1, 2), (2, 1), (3, 1), (4, 1)]
    answer = placing("ab\r\nc\rd\ne")
    assert [answer(index) for index in (0, 1, 4, 6, 8)] == [(1, 1), (1, 2), (2, 1), (3, 1), (4, 1)]
