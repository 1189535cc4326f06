"""Our reading of GitLab's patterns against `File.fnmatch` of a real Ruby, on generated patterns: no difference."""

import itertools
import json
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.owners.fnmatch import normalise, parse_normalised
from agentgov.owners.index import PatternIndex

pytestmark = pytest.mark.skipif(shutil.which("ruby") is None, reason="there is no ruby to ask")

ASK = """
require 'json'
asked = JSON.parse(STDIN.read)
flags = File::FNM_DOTMATCH | File::FNM_PATHNAME
puts JSON.generate(asked['patterns'].map { |p| asked['paths'].map { |path| File.fnmatch?(p, '/' + path, flags) } })
"""
NAMES = ("a", "b", "ab", ".a", "a b", "[", "]", "#", "!", "\\", "*", "é")
DEEP = ("a/b/a/b", "b/a/ab/b", "a/.a/a b/b", "ab/b/a/é", "a/[/b/]")
PATHS = [*NAMES, *("/".join(names) for names in itertools.product(NAMES, repeat=2)), *DEEP]
BRACKETS = ("[ab]", "[!a]", "[^b]", "[a-c]", "[z-a]", "[]", "[!]", "[a-", "[a-]", "[", "[a\\]b]", "[\\a-c]", "[a/b]")
ESCAPES = ("\\a", "\\*", "\\", "\\/", "\\ ", "\\[", "{a,b}", "é", "[à-ü]")
PIECES = st.sampled_from([*"ab.-x#!]", "*", "**", "?", "/", "/**/", *BRACKETS, *ESCAPES])
PATTERNS = st.lists(PIECES, min_size=1, max_size=8).map("".join)


@settings(max_examples=40)
@given(st.lists(PATTERNS, min_size=40, max_size=40))
def test_patterns_match_what_ruby_matches(texts: list[str]) -> None:
    asked = {"patterns": [normalise(text) for text in texts], "paths": PATHS}
    command = ["ruby", "-Ku", "-e", ASK]
    out = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=True).stdout
    for text, expected in zip(texts, json.loads(out), strict=True):
        index = PatternIndex([parse_normalised(normalise(text))])
        assert [bool(index.winners(path)) for path in PATHS] == expected, text
