"""A text cut into the pieces by which people read it: words, numbers, marks, spaces, line breaks. Loses nothing.

Scripts without spaces between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese) are cut character by character, each
with the marks that belong to it, so that one changed character is not a changed paragraph.
"""

import re

# Han, kana, Thai and Lao, Burmese, Khmer: no spaces between words.
_SINGLE = (
    "\u0e01-\u0e30\u0e32\u0e33\u0e3f-\u0e46\u0e4f-\u0e5b\u0e81-\u0eb0\u0eb2\u0eb3\u0ebd-\u0ec6\u0ed0-\u0edf"
    "\u1000-\u102a\u103f-\u1055\u1780-\u17b3\u3040-\u3098\u309b-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff"
)
# What is written onto the character before: vowels and tones of these scripts, accents, variants of emoji, joiners.
_MARKS = (
    "\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd\u102b-\u103e\u1056-\u1059"
    "\u17b4-\u17d3\u3099\u309a\ufe00-\ufe0f\u200d"
)
_PUNCTUATION = (
    r"!-/:-@\[-\^`{-~"
    "\u00a1-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7\u2010-\u2027\u2030-\u205e\u3001-\u303f"
    "\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
)
_LETTERS = rf"[^\s{_PUNCTUATION}{_SINGLE}]+"

_TOKEN = (
    r"[0-9]+(?:[.,:][0-9]+)+"  # 0.97, 1,500 and 08:30 are one thing each
    rf"|{_LETTERS}(?:['\u2019]{_LETTERS})*"  # so is don't
    rf"|[{_SINGLE}][{_MARKS}]*"
    r"|\n|[^\S\n]+|[\s\S]"
)
# The same where all is ASCII; the other one has sets of characters that take longer to compile than to use.
_ASCII = r"[0-9]+(?:[.,:][0-9]+)+|[^\s!-/:-@\[-\^`{-~]+(?:'[^\s!-/:-@\[-\^`{-~]+)*|\n|[^\S\n]+|[\s\S]"
_COUNTED = rf"[{_SINGLE}]|[^\s{_SINGLE}]+"
_LINE = r"[^\n]*\n|[^\n]+"


def tokens(text: str) -> list[str]:
    """The pieces of a text in order; together they are the text."""
    return re.findall(_ASCII if text.isascii() else _TOKEN, text)


def lines(text: str) -> list[str]:
    """The lines of a text with their line feeds, and nothing else that Unicode holds to end a line."""
    return re.findall(_LINE, text)


def count_words(text: str) -> int:
    """How many words a text has, for people: what white space separates, and each character where nothing does."""
    return len(text.split()) if text.isascii() else sum(1 for _ in re.finditer(_COUNTED, text))
