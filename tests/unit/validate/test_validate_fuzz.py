"""Whatever stands in the files of a fleet: validation answers, with places that exist, and never raises."""

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.validate.fleet_sample import AGENT, FILES, REFUNDS, fleet

from agentgov.model.snapshot import MemorySnapshot
from agentgov.validate.codes import CODES
from agentgov.validate.load import load_governance
from agentgov.validate.run import findings_of_agent, validate
from agentgov.validate.yaml_reader import read

DOCUMENTS = {path: read(text.encode(), path).value for path, text in FILES.items() if path.endswith(".yaml")}
GOVERNANCE = load_governance(fleet())[0]

_VALUES: list[Any] = [None, True, 0, -1, 1.5, 10**12, [], ["x", "x"], {}, {"x-y": 1}, {"staging": None}, [[]], ""]
_TEXTS = ["x", "\n", "5%", "0s", "9999y", "0 USD", "1 EUR", "team:support", "role:operator", "a/b", "*", "../../x"]
_TEXTS += ["/etc/passwd", "prompts/system.md/", "prompts", ".", "..", "\x00", "9" * 50, "é", "2027-02-31", "active"]
ODD: Any = st.sampled_from([*_VALUES, *_TEXTS]).map(copy.deepcopy)


def places(node: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        found += [(node, key), *places(value)]
    return found


@settings(max_examples=70)
@given(st.data())
def test_any_values_in_any_document_give_findings_and_no_exception(data: st.DataObject) -> None:
    documents = copy.deepcopy(DOCUMENTS)
    for _ in range(data.draw(st.integers(1, 4))):
        path = data.draw(st.sampled_from(sorted(documents)))
        around = places(documents[path])
        if not around:
            continue
        holder, key = around[data.draw(st.integers(0, len(around) - 1))]
        match data.draw(st.sampled_from(["replace", "replace", "delete", "add"])):
            case "delete":
                del holder[key]
            case "add" if isinstance(holder, dict):
                holder[data.draw(st.sampled_from(["x-a", "unknown", "runtime", "environments"]))] = data.draw(ODD)
            case _:
                holder[key] = data.draw(ODD)
    files = {path: text.encode() for path, text in FILES.items()}
    files |= {path: json.dumps(value, indent=1).encode() for path, value in documents.items()}
    check(MemorySnapshot(files))


@settings(max_examples=70)
@given(st.data())
def test_any_damage_to_bytes_gives_findings_and_no_exception(data: st.DataObject) -> None:
    files = {path: text.encode() for path, text in FILES.items()}
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(sorted(files)))
        content, start = files[path], data.draw(st.integers(0, 1500))
        cut = data.draw(st.integers(0, 20))
        files[path] = content[:start] + data.draw(st.binary(max_size=6)) + content[start + cut :]
    check(MemorySnapshot(files))


@settings(max_examples=30)
@given(st.lists(st.text(st.sampled_from("agents/support/xA.\u0301é\n\udcff{}"), min_size=1, max_size=30), max_size=4))
def test_any_paths_give_findings_and_no_exception(paths: list[str]) -> None:
    check(MemorySnapshot({**{path: text.encode() for path, text in FILES.items()}, **dict.fromkeys(paths, b"x: 1\n")}))


def check(snapshot: MemorySnapshot) -> None:
    assert GOVERNANCE is not None
    for found in (*validate(snapshot), *findings_of_agent(snapshot, GOVERNANCE, REFUNDS)):
        assert CODES[found.code][0] is found.severity
        assert found.message
        assert (found.where.line == 0) == (found.where.column == 0)
        if found.where.file in snapshot.files:
            assert found.where.line
            lines = snapshot.files[found.where.file].replace(b"\r", b"\n").count(b"\n") + 1
            assert found.where.line <= lines + 1
    if AGENT in snapshot.files and not validate(snapshot):
        assert not findings_of_agent(snapshot, GOVERNANCE, REFUNDS)
