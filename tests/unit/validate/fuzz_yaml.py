"""The fuzz target of the YAML reader: whatever the bytes, it answers, quickly, with places that exist, and both parsers
of PyYAML give one value. Guided by coverage where atheris is installed, else by chance.

    make fuzz, or: python tests/unit/validate/fuzz_yaml.py [SECONDS] [CORPUS-FOLDER]

`test_validate_fuzz_found.py` keeps what it found.
"""

import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from patience import ends

from agentgov.model.finding import Finding
from agentgov.validate import yaml_reader, yaml_text
from agentgov.validate.codes import CODES
from agentgov.validate.pointers import child
from agentgov.validate.positions import positions
from agentgov.validate.scalar_text import offsets
from agentgov.validate.schema import check as check_schema
from agentgov.validate.suppress import suppressions

_PIECES = (
    "a", "b: ", "- ", "\n", "  ", "[", "]", "{", "}", ", ", ": ", "&x ", "*x", "'", '"', "|\n", ">-\n", "|2+\n",
    "# c\n", "? ", "!t ", "<<: ", "<<: *x", "1", "~", "---\n", "...\n", "%TAG a\n", "\t", "\r\n", "\r", "\\u0041",
    "\\x00", "\u2028", "\ufeff", "é", "<<", ".inf", "0o17", "1e999", "spec:\n  ", "metadata: {name: x}\n", "\x00",
    "apiVersion: agentgov.dev/v1\n", "kind: Agent\n", " # agentgov: ignore[secret.literal] because x\n", "\U0001f600",
    "\\\n", "@", "%", "`",
)  # fmt: skip


def check(data: bytes) -> None:
    """AssertionError, or what the reader raised, where something is wrong with the answer to these bytes."""
    with ends():
        _check(data)


def _check(data: bytes) -> None:
    document = yaml_reader.read(data, "f")
    found = [*document.findings]
    if document.value is not None:
        found += check_schema("Agent", document.value, data, "f")
    assert document.value is not None or found
    _assert_places(data, found)
    _assert_positions(data, document.value)
    _assert_agreement(data)
    for mark in suppressions(data, "agents/a/b/agent.yaml"):
        assert mark.codes or mark.problem
        assert mark.problem or 1 <= mark.first <= mark.last


def _assert_places(data: bytes, found: list[Finding]) -> None:
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    for one in found:
        assert CODES[one.code][0] is one.severity
        assert one.message
        assert 1 <= one.where.line <= len(lines) + 1, one
        assert 1 <= one.where.column <= (len(lines[one.where.line - 1]) if one.where.line <= len(lines) else 0) + 2, one


def _assert_positions(data: bytes, value: object) -> None:
    """Every value that the reader read has a place, every character of a text one that is not before it."""
    places = positions(data)
    for pointer, item in _values(value, ""):
        where = places.value("f", pointer)
        assert where.line >= 1
        if "\ufeff" in places.text:
            continue  # a byte order mark inside, which libyaml does not count as a character: the document is refused
        scalar = places.scalars.get(pointer)
        if isinstance(item, str) and scalar is not None and scalar.value == item and len(item) < 300:
            written = offsets(places.text, scalar.start, scalar.end, scalar.style, item)
            if written is None:  # where a tag ends is for its kind to say, and tags are refused
                assert "!" in places.text[scalar.start : scalar.end], (scalar, item)
                continue
            assert written == sorted(written)
            for char, index in zip(item, written, strict=False):
                assert char in " \n" or places.text[index] in (char, "\\"), (scalar, item)


def _values(value: Any, pointer: str, left: int = 6) -> Iterator[tuple[str, object]]:
    yield pointer, value
    if left:
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for step, item in list(items)[:20]:
            yield from _values(item, child(pointer, step), left - 1)


def _assert_agreement(data: bytes) -> None:
    text, refused = yaml_text.decode(data, "f")
    if text is None or refused:
        return  # a byte order mark inside: one parser skips it, the other reads it, and the document is refused for it
    first, second = _built(text, yaml_text.events), _built(text, yaml_text.PureParser)
    if first is None or second is None or ("yaml.tag" in first[1] and "yaml.tag" in second[1]):
        return  # where a tag ends they disagree, and both refuse the document for it
    assert first == second, (first, second)


def _built(text: str, parser: Callable[[str], yaml_text.EventSource]) -> tuple[object, list[str]] | None:
    """Value and codes; None where this parser does not read the text."""
    findings: list[Finding] = []
    try:
        value = yaml_reader._Builder("f", text, findings).build(parser(text))
    except (yaml.YAMLError, yaml_reader._StopError):
        return None
    return value, [found.code for found in findings]


def seeds() -> Iterator[bytes]:
    """Documents to start from: the sample fleet and the examples of the findings."""
    root = Path(__file__).resolve().parents[3]
    for folder, pattern in (("examples/acme", "**/*.yaml"), ("examples/broken", "**/agent.yaml")):
        yield from (path.read_bytes() for path in sorted((root / folder).glob(pattern)))
    for page in sorted((root / "docs/findings").glob("*.md")):
        yield from (block.encode() for block in page.read_text("utf-8").split("```")[1::2])


def by_chance(seconds: float, run: Callable[[bytes], None]) -> int:
    """Pieces of YAML and damaged documents for some seconds; how many there were."""
    chance, known, count = random.Random(), list(seeds()), 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        data = "".join(chance.choices(_PIECES, k=chance.randrange(40))).encode()
        if chance.random() < 0.5:
            seed, at = chance.choice(known), chance.randrange(2000)
            data = seed[:at] + data[: chance.randrange(30)] + seed[at + chance.randrange(20) :]
        run(data)
        count += 1
    return count


def main() -> None:
    """Fuzz until the time is over or something is wrong; the input is then in a file crash-*."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    try:
        import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        print(by_chance(seconds, _kept))
        return
    corpus = Path(sys.argv[2] if len(sys.argv) > 2 else "fuzz-corpus")
    corpus.mkdir(exist_ok=True)
    for number, data in enumerate(seeds()):
        (corpus / f"seed-{number}").write_bytes(data)
    words = corpus.parent / f"{corpus.name}.words"
    escaped = ("".join(f"\\x{byte:02x}" for byte in piece.encode()) for piece in _PIECES)
    words.write_text("".join(f'"{word}"\n' for word in escaped))
    options = ["-max_len=6000", f"-max_total_time={seconds}", "-timeout=60", f"-dict={words}", str(corpus)]
    atheris.instrument_all()
    atheris.Setup([sys.argv[0], *options], check)
    atheris.Fuzz()


def _kept(data: bytes) -> None:
    try:
        check(data)
    except BaseException:
        Path("crash-by-chance").write_bytes(data)
        print(f"{os.getcwd()}/crash-by-chance: {data!r}")
        raise


if __name__ == "__main__":
    main()
