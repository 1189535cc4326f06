"""What fuzzing found (see `fuzz_yaml`), kept so that it stays mended, and a short run of the target by chance."""

import pytest
from unit.validate.fuzz_yaml import by_chance, check, seeds

from agentgov.validate import comments, worklist, yaml_text
from agentgov.validate.yaml_reader import read

FOUND = {
    # The parser in Python raises when it is made, not when it is asked.
    "NUL": b"apiVersion: agentgov.dev/v1\nkind: Agent\0\nmetadata: {name: x} # agentgov: fill in\n",
    # libyaml skips a byte order mark at the start of any line, the parser in Python does not.
    "a byte order mark inside": b"\n\xef\xbb\xbfkind: Ag:nt\n",
    "two byte order marks": b"\xef\xbb\xbf\xef\xbb\xbf1e999~.inf>-\n",
    # The parser in Python makes half a character of it, and what is written in Rust takes none.
    "half a character": b'kind: "\\ud800"\n',
    # The indentation is given and no line has any text.
    "a block of blanks": b"k:\n  - |+2\n   \n",
    # An anchor ends before a character that it cannot hold.
    "an anchor that runs into its text": b"k: &xJJJ:J.\n",
    # One parser ends a tag at a comma, the other does not; both refuse it.
    "a tag that runs into a comma": b"metadata: {!,ame: hello}\n",
    # A comment between an anchor and its text.
    "an anchor on its own": b"k: &a # agentgov: ignore[secret.literal] because x\n  text\n",
}


@pytest.mark.parametrize("name", FOUND)
def test_what_fuzzing_found_stays_mended(name: str) -> None:
    check(FOUND[name])


@pytest.mark.parametrize("name", FOUND)
def test_and_on_machines_without_libyaml(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentgov.validate.yaml_reader.events", yaml_text.PureParser)
    monkeypatch.setattr("agentgov.validate.comments.events", yaml_text.PureParser)
    monkeypatch.setattr("agentgov.validate.yaml_text.events", yaml_text.PureParser)
    document = read(FOUND[name], "agents/a/b/agent.yaml")
    assert document.value is not None or document.findings
    worklist.fill_ins(FOUND[name], "agents/a/b/agent.yaml")
    comments.scalar_spans(FOUND[name].decode())


def test_everything_that_fuzzing_starts_from_passes() -> None:
    for data in seeds():
        check(data)


def test_pieces_put_together_by_chance_pass() -> None:
    assert by_chance(1, check) > 50
