"""The formats of exports, read by what others read them with: OCSF's schema, OpenTelemetry's types, a reader of CSV."""

import csv
import io
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from google.protobuf import json_format
from google.protobuf import proto as protobuf
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData

from agentgov.audit.exported import Exported, of_record
from agentgov.audit.ocsf import event, ocsf_lines
from agentgov.audit.otlp_logs import otlp_lines, otlp_messages
from agentgov.audit.plain_formats import COLUMNS, csv_head, csv_lines, inert, json_lines
from agentgov.resources import folder
from agentgov.runtime.ledger import Entry, Record, leaf

DATA = Path(__file__).resolve().parents[2] / "data/ocsf"
SCHEMA = json.loads((folder("schemas") / "export/record.schema.json").read_text("utf-8"))
SALT = b"0123456789abcdef"
TIME = 1_795_939_200_123
TYPES = ("lease", "read", "action.deny", "permit.approve", "budget.deny", "pause", "login", "spans", "outcome.done")


def exported(kind: str = "lease", agent: str = "support/triage", payload: bytes = b"", **refs: str) -> Exported:
    entry = Entry(kind, agent, "person:bob", "production", "ab" * 32, refs, payload)
    return of_record(Record("support", 7, TIME, kind, agent, "person:bob", leaf(entry, 7, TIME, SALT), payload or None))


def ocsf(version: str) -> jsonschema.Draft202012Validator:
    schema: dict[str, Any] = json.loads((DATA / f"api_activity-{version}.schema.json").read_text("utf-8"))
    return jsonschema.Draft202012Validator(schema)


def test_a_line_of_json_holds_to_its_schema_and_has_the_hash_of_the_leaf() -> None:
    (line,) = json_lines([exported(payload=b'{"amount": 5}', permit="p1")]).splitlines()
    found = json.loads(line)
    jsonschema.validate(found, SCHEMA)
    assert set(found) == set(SCHEMA["properties"])
    assert found["time"] == "2026-11-29T08:00:00.123Z"
    assert found["hash"] == sha256(b"\0" + found["text"].encode()).hexdigest()
    assert (found["place"], found["payload"], found["refs"]) == ("support/7", '{"amount": 5}', {"permit": "p1"})


@pytest.mark.parametrize("version", ["1.3.0", "1.8.0"])
@pytest.mark.parametrize("kind", TYPES)
def test_events_hold_to_the_schema_of_ocsf(version: str, kind: str) -> None:
    for one in (exported(kind, payload=b"{}", tool="refund"), exported(kind, agent="")):
        (line,) = ocsf_lines([one], "f21f3ee2").splitlines()
        found = json.loads(line)
        assert not [error.message for error in ocsf(version).iter_errors(found)]
        assert found["type_uid"] == 6003 * 100 + found["activity_id"]
        assert sha256(b"\0" + found["raw_data"].encode()).hexdigest() == found["unmapped"]["hash"]


def test_ocsf_tells_refusals_and_grave_orders_apart() -> None:
    said = {kind: event(exported(kind), "f") for kind in ("lease", "budget.deny", "pause")}
    assert [(one["severity"], one["status"], one["activity_name"]) for one in said.values()] == [
        ("Informational", "Success", "Read"),
        ("Low", "Failure", "budget.deny"),
        ("Medium", "Success", "Create"),
    ]


def test_opentelemetry_reads_the_logs_back() -> None:
    (line,) = otlp_lines([exported(tool="refund"), exported("budget.deny")], "f21f3ee2").splitlines()
    read = json_format.Parse(line, LogsData())
    (resource,) = read.resource_logs
    assert {one.key: one.value.string_value for one in resource.resource.attributes}["service.name"] == "agentgov"
    first, second = resource.scope_logs[0].log_records
    assert first.time_unix_nano == TIME * 1_000_000
    assert first.event_name == "agentgov.ledger.lease"
    said = {one.key: one.value.string_value for one in first.attributes}
    assert said["gen_ai.agent.id"] == "support/triage"
    assert said["agentgov.refs.tool"] == "refund"
    assert said["agentgov.hash"] == sha256(b"\0" + first.body.string_value.encode()).hexdigest()
    assert (first.severity_text, second.severity_text) == ("INFO", "WARN")
    assert otlp_lines([], "f21f3ee2") == b""


def test_protobuf_reads_back_to_the_same_message_by_message() -> None:
    pages = [[exported(tool="refund"), exported("budget.deny")], [exported("pause", purpose="\u20ac" * 300)], []]
    stream = io.BytesIO(b"".join(otlp_messages(page, "f21f3ee2") for page in pages))
    for page in pages[:2]:
        read = protobuf.parse_length_prefixed(ExportLogsServiceRequest, stream)
        assert read is not None
        told = json_format.Parse(otlp_lines(page, "f21f3ee2"), LogsData())
        assert list(read.resource_logs) == list(told.resource_logs)
        assert [one.body.string_value for one in read.resource_logs[0].scope_logs[0].log_records] == [
            one.text for one in page
        ]
    assert protobuf.parse_length_prefixed(ExportLogsServiceRequest, stream) is None


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.sampled_from(["", "=", "+", "@", "\t", "-1", "\r"])
)
def test_a_table_reads_back_and_nothing_in_it_computes(text: str, first: str) -> None:
    one = exported(payload=f"{first}{text}".encode())
    out = (csv_head() + csv_lines([one])).decode()
    assert out.endswith("\r\n")
    names, row = csv.reader(io.StringIO(out, newline=""))
    assert tuple(names) == COLUMNS
    told = dict(zip(names, row, strict=True))
    assert told["payload"].removeprefix("'") in (f"{first}{text}", f"{first}{text}".removeprefix("'"))
    assert all(not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in row)


def test_what_is_no_formula_stays_as_it_is() -> None:
    assert inert("support/triage") == "support/triage"
    assert [inert(cell) for cell in ("=1+1", " @SUM(A1)", "\uff1d1")] == ["'=1+1", "' @SUM(A1)", "'\uff1d1"]
