"""Hostile YAML: whatever stands in agent.yaml, the fleet gets a clear finding (or docs/yaml.md says that it is fine) in
under two seconds and three hundred megabytes, from the library and from the command line.
"""

import contextlib
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gitworld import write_files
from unit.validate.contained import contained
from unit.validate.fleet_sample import AGENT, FILES, PROMPT, fleet

from agentgov.cli.main import status
from agentgov.validate.codes import CODES
from agentgov.validate.run import validate

AGENT_TEXT = FILES[AGENT].encode()
FINE = "fine"

Case = tuple[Callable[[], bytes], str]


def appended(text: str | bytes) -> Callable[[], bytes]:
    """The sample agent with lines at its end."""
    return lambda: AGENT_TEXT + (text.encode() if isinstance(text, str) else text)


def free(text: str | bytes) -> Callable[[], bytes]:
    """The sample agent with a value where any may stand."""
    return appended(b"  runtime:\n    a: " + (text.encode() if isinstance(text, str) else text) + b"\n")


def whole(data: bytes) -> Callable[[], bytes]:
    return lambda: data


def bomb(levels: int = 9, width: int = 9) -> str:
    return "".join(f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else 'lol'] * width)}]\n" for n in range(levels))


def as_many_as_there_may_be() -> bytes:
    """As many tools as an agent may have, and rules with patterns that match none of them in the most tedious way."""
    tools = b"".join(b"    - {name: %s.t%d, effect: read}\n" % (b"a" * 40, n) for n in range(254))
    rules = b"".join(
        b"    - {match: {tools: [%s]}, then: deny}\n" % b", ".join(b'"*a*a*a*a*a*b%d.%d"' % (n, m) for m in range(64))
        for n in range(126)
    )
    return AGENT_TEXT.replace(b"  tools:\n", b"  tools:\n" + tools, 1).replace(
        b"  actions:\n", b"  actions:\n" + rules, 1
    )


BOMBS: dict[str, Case] = {
    "aliases, nine times a level": (appended(bomb()), "yaml.too-many-nodes"),
    "aliases, twice a level": (appended(bomb(60, 2)), "yaml.too-many-nodes"),
    "aliases in mappings": (
        appended(
            "".join(
                f"x-{n}: &a{n} {{{', '.join(f'k{m}: ' + (f'*a{n - 1}' if n else '1') for m in range(9))}}}\n"
                for n in range(9)
            )
        ),
        "yaml.too-many-nodes",
    ),
    "merge keys": (
        appended(
            "".join(
                f"x-{n}: &a{n} {{{', '.join(f'k{n}{m}: ' + (f'*a{n - 1}' if n else '1') for m in range(9))}"
                f"{f', <<: *a{n - 1}' if n else ''}}}\n"
                for n in range(9)
            )
        ),
        "yaml.too-many-nodes",
    ),
    "merge keys in lists": (
        appended(
            "x-0: &a0 {k: 1}\n"
            + "".join(f"x-{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}], k{n}: 1}}\n" for n in range(1, 9))
        ),
        "yaml.merge-key",
    ),
    "merge keys in a chain": (
        appended("x-0: &a0 {k: 1}\n" + "".join(f"x-{n}: &a{n} {{<<: *a{n - 1}, k{n}: 1}}\n" for n in range(1, 3000))),
        "yaml.too-many-nodes",
    ),
    "keys that are aliases": (
        appended("x-a: &a [1, 2]\nx-b: {*a : 1, ? *a : 2}\n"),
        "yaml.key-not-text",
    ),
    "an alias of its own anchor": (appended("x-a: &a [*a]\n"), "yaml.alias"),
    "an alias of its own anchor, in a mapping": (appended("x-a: &a {b: *a}\n"), "yaml.alias"),
    "sixty thousand anchors": (appended("x-a:\n" + "".join(f"  - &a{n} x\n" for n in range(60_000))), FINE),
    "one anchor defined over and over": (appended("x-a: [" + "&a x, *a, " * 60_000 + "x]\n"), FINE),
    "aliases to the limit": (appended("x-a: &a [" + "x, " * 1000 + "x]\nx-b: [" + "*a, " * 190 + "x]\n"), FINE),
}

NESTING: dict[str, Case] = {
    "a hundred thousand brackets": (whole(b"[" * 100_000), "yaml.too-deep"),
    "a hundred thousand braces": (whole(b"{" * 100_000), "yaml.too-deep"),
    "a hundred thousand keys of braces": (whole(b"{a: " * 100_000), "yaml.too-deep"),
    "a hundred thousand dashes": (whole(b"- " * 100_000), "yaml.too-deep"),
    "a hundred thousand complex keys": (whole(b"? " * 100_000), "yaml.too-deep"),
    "a staircase": (whole(b"".join(b" " * n + b"a:\n" for n in range(1000))), "yaml.too-deep"),
    "brackets that close": (free(b"[" * 70 + b"]" * 70), "yaml.too-deep"),
    "brackets in an alias": (
        appended(b"x-a: &a " + b"[" * 40 + b"]" * 40 + b"\nx-b: " + b"[" * 30 + b"*a" + b"]" * 30 + b"\n"),
        "yaml.too-deep",
    ),
    "sixty levels": (free(b"[" * 60 + b"]" * 60), FINE),
}

SIZES: dict[str, Case] = {
    "fifty megabytes": (lambda: b"a: 1\n" * (10 << 20), "file.too-large"),
    "fifty megabytes of brackets": (lambda: b"[" * (50 << 20), "file.too-large"),
    "one byte too many": (lambda: AGENT_TEXT + b"#" * ((1 << 20) + 1 - len(AGENT_TEXT)), "file.too-large"),
    "a megabyte to the byte": (lambda: AGENT_TEXT + b"#" * ((1 << 20) - len(AGENT_TEXT)), FINE),
    "one very long line": (free(b"'" + b"x" * 1_000_000 + b"'"), FINE),
    "one very long plain line": (free(b"x " * 500_000 + b"x"), FINE),
    "half a million lines": (appended(b"\n" * 500_000), FINE),
    "half a million lines of comments": (appended(b"#\n" * 250_000 + b"# agentgov: x\n"), FINE),
    "a very long key": (appended(b"x-" + b"k" * 900_000 + b": 1\n"), "yaml.syntax"),
    "a long key": (appended(b"x-" + b"k" * 1000 + b": 1\n"), FINE),
    "a very long quoted key": (appended(b'"x-' + b"k" * 900_000 + b'": 1\n'), "yaml.syntax"),
    "a very long explicit key": (appended(b"? x-" + b"k" * 900_000 + b"\n: 1\n"), FINE),
    "a very long anchor": (free(b"&" + b"a" * 900_000 + b" x"), FINE),
    "twenty thousand unknown fields": (
        appended(b"".join(b"k%d: 1\n" % n for n in range(20_000))),
        "schema.unknown-field",
    ),
    "two hundred thousand equal keys": (appended(b"a: 1\n" * 200_000), "yaml.duplicate-key"),
    "six thousand marks": (
        appended(b"".join(b"x-%d: 1 # agentgov: ignore[prompt.empty] because x\n" % n for n in range(6_000))),
        "suppress.malformed",
    ),
    "twenty thousand marks above one line": (
        appended(b"# agentgov: ignore[prompt.empty] because x\n" * 20_000 + b"x-a: 1\n"),
        "suppress.malformed",
    ),
    "marks with unknown codes": (
        appended(b"".join(b"x-%d: 1 # agentgov: ignore[a.b%d, c%d] because x\n" % (n, n, n) for n in range(6000))),
        "suppress.unknown-code",
    ),
    "a mark with many codes": (
        appended(b"x-a: 1 # agentgov: ignore[" + b"a," * 400_000 + b"b] because x\n"),
        "suppress.malformed",
    ),
    "fifty thousand tokens": (free(b"'" + b"AKIAABCDEFGHIJKLMNOP " * 45_000 + b"'"), "secret.literal"),
    "fifty thousand tokens on lines": (free(b"|\n" + b"      AKIAABCDEFGHIJKLMNOP\n" * 35_000), "secret.literal"),
    "many hidden characters": (free("'" + "\u200b" * 300_000 + "'"), "text.hidden-character"),
    "many escaped hidden characters": (free(b'"' + b"\\u200b" * 160_000 + b'"'), "text.hidden-character"),
    "many texts with an escaped hidden character": (
        free(b"[" + b'"\\u200b", ' * 90_000 + b"]"),
        "text.hidden-character",
    ),
    "ten thousand tools": (
        lambda: AGENT_TEXT.replace(
            b"  tools:\n", b"  tools:\n" + b"".join(b"    - {name: t%d, effect: read}\n" % n for n in range(10_000))
        ),
        "schema.out-of-range",
    ),
    "as many tools and rules as there may be": (as_many_as_there_may_be, "content.tool-never-allowed"),
    "a very long number": (free(b"1" * 1_000_000), "yaml.number"),
    "a very long fraction": (free(b"0." + b"1" * 1_000_000), FINE),
    "a very long exponent": (free(b"1e" + b"9" * 1_000_000), "yaml.number"),
    "a very long hexadecimal": (free(b"0x" + b"f" * 1_000_000), "yaml.number"),
    "twenty digits": (free(b"18446744073709551616"), "yaml.number"),
    "infinity": (free(b"-.inf"), "yaml.number"),
    "not a number": (free(b".nan"), "yaml.number"),
    "a huge exponent": (free(b"1e400"), "yaml.number"),
    "a tiny exponent": (free(b"1e-400"), FINE),
}

KEYS: dict[str, Case] = {
    "a key twice": (appended("x-a: 1\nx-a: 2\n"), "yaml.duplicate-key"),
    "a key twice, once in quotes": (appended("x-a: 1\n'x-a': 2\n"), "yaml.duplicate-key"),
    "a key twice, once escaped": (appended('x-a: 1\n"\\x78-a": 2\n'), "yaml.duplicate-key"),
    "a key twice, once explicit": (appended("x-a: 1\n? x-a\n: 2\n"), "yaml.duplicate-key"),
    "a key twice in flow": (free("{b: 1, 'b': 2}"), "yaml.duplicate-key"),
    "a key twice, composed otherwise": (free("{\u00e9: 1, e\u0301: 2}"), "yaml.duplicate-key"),
    "a field of the agent twice": (appended("  risk: low\n"), "yaml.duplicate-key"),
    "a number as key": (free("{1: a}"), "yaml.key-not-text"),
    "true as key": (free("{true: a}"), "yaml.key-not-text"),
    "nothing as key": (appended("? \n: a\n"), "yaml.key-not-text"),
    "a list as key": (free("{[a]: b}"), "yaml.key-not-text"),
    "a mapping as key": (free("{{a: b}: c}"), "yaml.key-not-text"),
    "an explicit list as key": (appended("? [a, b]\n: c\n"), "yaml.key-not-text"),
    "a merge key": (appended("x-a: &a {b: 1}\nx-b: {<<: *a}\n"), "yaml.merge-key"),
    "a merge key of a field": (
        whole(AGENT_TEXT.replace(b"spec:\n", b"x-a: &a {risk: low}\nspec:\n  <<: *a\n")),
        "yaml.merge-key",
    ),
    "a merge key of its own mapping": (appended("x-a: &a {<<: *a, b: 1}\n"), "yaml.merge-key"),
    "a merge key in quotes": (appended("x-a: {'<<': {b: 1}}\n"), FINE),
    "a merge key with a tag": (appended("x-a: {!!merge <<: {b: 1}}\n"), "yaml.tag"),
    "the equals sign as key": (free("{=: 1}"), FINE),
    "a Cyrillic letter in a key": (appended("  r\u0456sk: low\n"), "schema.unknown-field"),
    "full-width letters in a key": (appended("  \uff52isk: low\n"), "schema.unknown-field"),
    "a zero-width space in a key": (appended("  ri\u200bsk: low\n"), "text.hidden-character"),
    "a soft hyphen in a key": (appended('  "ri\\u00adsk": low\n'), "text.hidden-character"),
    "__proto__ as key": (free("{__proto__: {a: 1}, __class__: x}"), FINE),
}

TAGS: dict[str, Case] = {
    "a Python object": (free("!!python/object/apply:os.system ['touch /tmp/agentgov-was-here']"), "yaml.tag"),
    "a Python name": (free("!!python/name:os.system"), "yaml.tag"),
    "a Python module": (free("!!python/module:os"), "yaml.tag"),
    "binary": (free("!!binary aGVsbG8="), "yaml.tag"),
    "a time": (free("!!timestamp 2026-01-01"), "yaml.tag"),
    "a set": (free("!!set {a, b}"), "yaml.tag"),
    "an ordered mapping": (free("!!omap [a: 1]"), "yaml.tag"),
    "a number as text": (free("!!str 1"), "yaml.tag"),
    "a local tag": (free("!Ref x"), "yaml.tag"),
    "a verbatim tag": (free("!<tag:yaml.org,2002:python/object:os.system> x"), "yaml.tag"),
    "the tag that means nothing": (free("! x"), "yaml.tag"),
    "a tag with a handle that nobody defined": (free("!e!x y"), "yaml.syntax"),
    "a TAG directive": (whole(b"%TAG !! tag:evil.example,2026:\n---\n" + AGENT_TEXT), "yaml.directive"),
    "a YAML 1.1 directive": (whole(b"%YAML 1.1\n---\n" + AGENT_TEXT), "yaml.directive"),
    "a YAML 1.2 directive": (whole(b"%YAML 1.2\n---\n" + AGENT_TEXT), FINE),
    "an unknown directive": (whole(b"%FOO x\n---\n" + AGENT_TEXT), "yaml.directive"),
}

BYTES: dict[str, Case] = {
    "NUL": (free(b"a\0b"), "text.hidden-character"),
    "NUL at the end": (appended(b"\0"), "text.hidden-character"),
    "NUL as escape": (free(b'"a\\0b"'), "text.hidden-character"),
    "an escape sequence": (free(b"\x1b[2J"), "text.hidden-character"),
    "a byte order mark": (whole(b"\xef\xbb\xbf" + AGENT_TEXT), "yaml.byte-order-mark"),
    "two byte order marks": (whole(b"\xef\xbb\xbf" * 2 + AGENT_TEXT), "text.hidden-character"),
    "a byte order mark inside": (appended(b"\xef\xbb\xbfx-a: 1\n"), "text.hidden-character"),
    "UTF-16": (whole(FILES[AGENT].encode("utf-16")), "yaml.not-utf8"),
    "UTF-16 without mark": (whole(FILES[AGENT].encode("utf-16-le")), "text.hidden-character"),
    "UTF-32": (whole(FILES[AGENT].encode("utf-32")), "yaml.not-utf8"),
    "UTF-7": (free("+ADw-script+AD4-"), FINE),
    "Latin-1": (free("gr\u00fc\u00df".encode("latin-1")), "yaml.not-utf8"),
    "overlong UTF-8": (free(b"\xc0\xae\xc0\xae"), "yaml.not-utf8"),
    "surrogates": (free(b"\xed\xa0\x80\xed\xb0\x80"), "yaml.not-utf8"),
    "an escaped surrogate": (free(b'"\\ud800"'), "yaml.syntax"),
    "beyond Unicode": (free(b"\xf4\x90\x80\x80"), "yaml.not-utf8"),
    "an escape beyond Unicode": (free(b'"\\U00110000"'), "yaml.syntax"),
    "a bidirectional override": (free("'a \u202e b'"), "text.hidden-character"),
    "a bidirectional isolate in a comment": (appended("# \u2066 hidden \u2069\n"), "text.hidden-character"),
    "an escaped bidirectional override": (free('"a \\u202e b"'), "text.hidden-character"),
    "a zero-width space": (free("a\u200bb"), "text.hidden-character"),
    "tag characters": (free("a\U000e0041\U000e0042"), "text.hidden-character"),
    "U+0085": (free("a # b\u0085    c: d"), "yaml.line-separator"),
    "U+2028": (free("a # b\u2028    c: d"), "yaml.line-separator"),
    "U+2029": (free("a # b\u2029    c: d"), "yaml.line-separator"),
    "a form feed": (free(b"a\x0cb"), "text.hidden-character"),
    "a no-break space": (free("a\u00a0b"), FINE),
    "tabs that indent": (appended(b"x-a:\n\tb: 1\n"), "yaml.syntax"),
    "tabs that separate": (free(b"a\tb"), FINE),
    "CRLF": (whole(AGENT_TEXT.replace(b"\n", b"\r\n")), FINE),
    "CR": (whole(AGENT_TEXT.replace(b"\n", b"\r")), FINE),
    "CRLF and LF and CR": (whole(AGENT_TEXT.replace(b"\n", b"\r\n", 5).replace(b"tools:\n", b"tools:\r")), FINE),
    "a CR that hides a field": (appended(b"# comment\r  colour: red\n"), "schema.unknown-field"),
    "nothing": (whole(b""), "yaml.empty"),
    "a space": (whole(b" "), "yaml.empty"),
    "comments only": (whole(b"# a\n# b\n"), "yaml.empty"),
    "a marker only": (whole(b"---\n"), "yaml.empty"),
    "an end only": (whole(b"...\n"), "yaml.syntax"),
    "random bytes": (whole(bytes(range(256)) * 100), "yaml.not-utf8"),
}

WORDS: dict[str, Case] = {
    "yes": (free("{a: yes, b: no, c: on, d: off, e: y, f: n}"), FINE),
    "yes where true is meant": (whole(AGENT_TEXT.replace(b"untrusted: true", b"untrusted: yes")), "schema.wrong-type"),
    "octal of YAML 1.1": (whole(AGENT_TEXT.replace(b"max_output_tokens: 200", b"max_output_tokens: 0200")), FINE),
    "octal of YAML 1.2": (whole(AGENT_TEXT.replace(b"max_output_tokens: 200", b"max_output_tokens: 0o310")), FINE),
    "hexadecimal": (whole(AGENT_TEXT.replace(b"max_output_tokens: 200", b"max_output_tokens: 0xC8")), FINE),
    "binary of YAML 1.1": (
        whole(AGENT_TEXT.replace(b"max_output_tokens: 200", b"max_output_tokens: 0b11")),
        "schema.wrong-type",
    ),
    "sexagesimal": (
        whole(AGENT_TEXT.replace(b"max_output_tokens: 200", b"max_output_tokens: 3:20")),
        "schema.wrong-type",
    ),
    "underscores": (
        whole(AGENT_TEXT.replace(b"max_output_tokens: 200", b"max_output_tokens: 2_00")),
        "schema.wrong-type",
    ),
    "a fraction that is whole": (whole(AGENT_TEXT.replace(b"max_output_tokens: 200", b"max_output_tokens: 2e2")), FINE),
    "a date": (free("2026-11-28"), FINE),
    "the Norway problem": (free("[no, NO, Norway]"), FINE),
}

DOCUMENTS: dict[str, Case] = {
    "a second document": (appended("---\nkind: Agent\n"), "yaml.several-documents"),
    "a second document after an end": (appended("...\n---\na: 1\n"), "yaml.several-documents"),
    "a second document without marker": (appended("...\na: 1\n"), "yaml.syntax"),
    "a marker in front": (whole(b"---\n" + AGENT_TEXT), FINE),
    "an end behind": (appended("...\n# done\n"), FINE),
    "two ends": (appended("...\n...\n"), FINE),
    "an empty first document": (whole(b"---\n---\n" + AGENT_TEXT), "yaml.several-documents"),
    "a marker inside a text": (free("|\n      x\n---\ny"), "yaml.several-documents"),
    "a list": (whole(b"- a\n"), "schema.wrong-type"),
    "a text": (whole(b"hello\n"), "schema.wrong-type"),
    "a number": (whole(b"1\n"), "schema.wrong-type"),
    "JSON": (whole(b'{"apiVersion": "agentgov.dev/v1", "kind": "Agent"}'), "schema.missing-field"),
    "a redefined anchor": (appended("x-a: &a 1\nx-b: &a 2\nx-c: *a\n"), FINE),
    "an alias of nothing": (free("*nobody"), "yaml.alias"),
    "an open quote": (free("'abc"), "yaml.syntax"),
    "an open bracket": (free("[a, b"), "yaml.syntax"),
    "a reserved character": (free("@a"), "yaml.syntax"),
    "HTML": (whole(b"<!doctype html><html><body>404</body></html>"), "schema.wrong-type"),
    "a merge conflict": (
        whole(b"<<<<<<< ours\n" + AGENT_TEXT + b"=======\n" + AGENT_TEXT + b">>>>>>> theirs\n"),
        "yaml.syntax",
    ),
}

LARGE: dict[str, Case] = {**BOMBS, **NESTING, **SIZES}
ODD = {"keys": KEYS, "tags": TAGS, "bytes": BYTES, "words": WORDS, "documents": DOCUMENTS}


def in_the_library(data: bytes) -> list[list[Any]]:
    found = validate(fleet({AGENT: data}))
    places = {(one.code, one.where.line > 0 < one.where.column) for one in found if one.where.file == AGENT}
    return [list(place) for place in places]


def on_the_command_line(folder: Path) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = status(["validate", "--repo", str(folder)])
    return code, out.getvalue()[:100_000], err.getvalue()


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fleet")
    write_files(folder, FILES)
    in_the_library(AGENT_TEXT)  # what is imported and compiled once is not the doing of any file
    on_the_command_line(folder)
    return folder


def asked(data: bytes, folder: Path) -> list[Any]:
    (folder / AGENT).write_bytes(data)
    return [in_the_library(data), on_the_command_line(folder)]


def assert_clear(name: str, expected: str, answer: list[Any]) -> None:
    found, (code, out, err) = answer
    codes = {code for code, _ in found}
    assert (codes == set()) if expected == FINE else (expected in codes), (name, codes)
    assert all(placed for _, placed in found), name
    severe = expected != FINE and CODES[expected][0] == "error"
    assert (code, err) == (int(severe), ""), name
    assert (expected in out or "--select CODE" in out) == (expected != FINE), name
    assert out.replace("\n", "").isprintable(), name


@pytest.mark.parametrize("name", LARGE)
def test_hostile_yaml_gets_a_clear_finding_in_time(name: str, laid: Path) -> None:
    make, expected = LARGE[name]
    data = make()
    assert_clear(name, expected, contained(lambda: asked(data, laid)))


@pytest.mark.parametrize("kind", ODD)
def test_odd_yaml_gets_a_clear_finding(kind: str, laid: Path) -> None:
    """All of a kind have together what each of the others has alone."""
    cases = ODD[kind]
    for name, answer in contained(lambda: [[one, asked(make(), laid)] for one, (make, _) in cases.items()]):
        assert_clear(name, cases[name][1], answer)


def test_nothing_was_run() -> None:
    assert not Path("/tmp/agentgov-was-here").exists()


@pytest.mark.parametrize("name", ["fifty megabytes", "aliases, nine times a level", "a hundred thousand brackets"])
def test_the_whole_program_stays_within_its_bounds(name: str, tmp_path: Path) -> None:
    write_files(tmp_path, FILES)
    (tmp_path / AGENT).write_bytes(LARGE[name][0]())
    (tmp_path / PROMPT).write_bytes(b"\xc3\xa9 {{customer}} " * (4 << 20))
    watch = (
        "import json, resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], capture_output=True, text=True)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps([done.returncode, done.stdout, done.stderr, used.ru_maxrss]))\n"
    )
    command = [sys.executable, "-m", "agentgov", "validate", "--repo", str(tmp_path)]
    done = subprocess.run([sys.executable, "-c", watch, *command], capture_output=True, text=True, check=True)
    code, out, err, kilobytes = json.loads(done.stdout)
    assert (code, err) == (1, "")
    assert LARGE[name][1] in out
    assert kilobytes < 300 * 1024
