"""Which lines a change touched, against a plain comparison."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import ends

from agentgov.diff.lines import changed_lines

TEXTS = st.lists(st.sampled_from([b"a", b"b", b"c", b""]), max_size=12).map(lambda lines: b"\n".join(lines))


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (b"a\nb\nc\n", b"a\nb\nc\n", ()),
        (b"a\nb\nc\n", b"a\nX\nc\n", ((2, 2),)),
        (b"a\nc\n", b"a\nb\nb\nc\n", ((2, 3),)),
        (b"a\nb\nc\n", b"a\nc\n", ((2, 2),)),
        (b"a\nb\n", b"a\n", ((1, 1),)),
        (b"a\nb\nc\nd\n", b"X\nb\nc\nY\n", ((1, 1), (4, 4))),
        (None, b"a\nb\n", ((1, 2),)),
        (None, b"", ()),
        (b"a\n", b"", ((1, 1),)),
    ],
)
def test_ranges(before: bytes | None, after: bytes, lines: tuple[tuple[int, int], ...]) -> None:
    assert changed_lines(before, after) == lines


@given(TEXTS, TEXTS)
def test_what_is_outside_of_the_ranges_is_in_both(before: bytes, after: bytes) -> None:
    touched = {line for first, last in changed_lines(before, after) for line in range(first, last + 1)}
    same = [text for number, text in enumerate(after.splitlines(), 1) if number not in touched]
    old = iter(before.splitlines())
    assert all(any(text == other for other in old) for text in same)
    assert touched or before.splitlines() == after.splitlines()


def test_texts_of_any_form_take_bounded_time() -> None:
    with ends():
        changed_lines(b"\n".join(b"%d" % n for n in range(9000)), b"\n".join(b"%d" % -n for n in range(9000)))
        changed_lines(b"\n" * 2**20, b"x\n" * 2**19)
