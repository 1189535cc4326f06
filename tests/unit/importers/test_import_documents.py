"""Bytes become plain values without secrets, several documents one by one, every problem with its line."""

from agentgov.importers.documents import Cleaned, document, manifests, partial, unsupported
from agentgov.importers.result import Failure

_STREAM = b"""# a comment
---
a: 1
---
# only a comment
---
text: |
  --- not a separator
   ---
b: {API_KEY: hunter2hunter2}
---
c: [
"""


def test_every_document_that_says_something_is_read_until_one_cannot_be() -> None:
    first, second, third = manifests(_STREAM, "all.yaml")
    assert isinstance(first, Cleaned)
    assert first.value == {"a": 1}
    assert isinstance(second, Cleaned)
    assert second.value["text"] == "--- not a separator\n ---\n"
    assert isinstance(third, Failure)
    assert third.message.startswith("line 13: ")


def test_a_secret_is_told_at_its_line_of_the_whole_file_and_never_shown() -> None:
    found = list(manifests(_STREAM, "all.yaml"))[1]
    assert isinstance(found, Cleaned)
    assert "hunter2" not in repr(found)
    assert [(one.code, one.where.line) for one in found.findings] == [("import.secret", 10)]
    assert found.removed == ("/b/API_KEY",)


def test_a_stream_of_very_many_documents_is_refused() -> None:
    (failure,) = manifests(b"---\na: 1\n" * 501, "all.yaml")
    assert failure == Failure("all.yaml", "more than 500 documents")


def test_an_empty_stream_holds_nothing() -> None:
    assert list(manifests(b"# nothing\n---\n---\n", "all.yaml")) == []


def test_json_is_read_as_well() -> None:
    found = document(b'{"a": [1, "two"]}', "a.json")
    assert isinstance(found, Cleaned)
    assert found.value == {"a": [1, "two"]}


def test_what_cannot_be_said_or_is_missing_has_a_code_and_a_place() -> None:
    told, missing = unsupported("a.md", "hooks", 3), partial("a.md", "{{> footer}}", 9)
    assert (told.code, told.severity.value, told.where.line) == ("import.unsupported", "warning", 3)
    assert (missing.code, missing.severity.value, missing.where.line) == ("import.partial", "error", 9)
