"""`agentgov ledger export s3://...`: into a real server of S3's protocol, with locks that nobody gets past."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from ledgerworld import record, seal
from ports import free_port
from unit.cli.command_world import CommandWorld
from unit.cli.output_schema import assert_holds

from agentgov.cli.run_time.ledger_locks import NOTHING_LOCKED, Locks
from agentgov.model.policies import HoldMatch, LegalHold, Retention, RetentionClass
from agentgov.net.objects import Lock
from agentgov.runtime.ledger import Entry
from agentgov.runtime.retention import Rules
from agentgov.trust.signers import KeyFileSigner

BUCKET, WHERE = "audit", "s3://audit/ledgers/acme"
DAYS = "3650"  # by the clock of the world, which is behind that of the server


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    from moto.server import ThreadedMotoServer  # a second to import

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=free_port(), verbose=False)
    server.start()
    yield f"http://127.0.0.1:{server._port}"
    server.stop()


@pytest.fixture
def bucket(address: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of a server with a bucket that locks, and one that does not."""
    import boto3

    settings = {"ENDPOINT_URL": address, "ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b", "DEFAULT_REGION": "us-east-1"}
    for name, value in settings.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    client = boto3.client("s3")
    known = {one["Name"] for one in client.list_buckets()["Buckets"]}
    if not known:
        client.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
        client.create_bucket(Bucket="plain")
    return client


@pytest.fixture
def store(begun: CommandWorld, tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'state' / 'store.db'}"
    record(url, (Entry("action", "support/triage", "a", payload=b"%d" % place) for place in range(300)))
    fleet = str(yaml.safe_load((begun.fleet / "agentgov.yaml").read_text())["id"])
    seal(url, fleet, KeyFileSigner(begun.keys / "gate"))
    return url


def export(world: CommandWorld, store: str, *args: str, code: int = 0, where: str = WHERE) -> Any:
    done = world.run("alice", "ledger", "export", where, "--store", store, "--json", *args)
    assert done.code == code, done.err
    return done


def versions(client: Any) -> list[tuple[str, str]]:
    found = client.list_object_versions(Bucket=BUCKET)
    return [(str(one["Key"]), str(one["VersionId"])) for one in found.get("Versions", ())]


def told(document: Any) -> list[tuple[object, ...]]:
    return [(one["tree"], one["records"], one["new"], one["held"]) for one in document["trees"]]


def test_a_ledger_lies_in_a_bucket_locked_and_verifies_from_there(begun: CommandWorld, bucket: Any, store: str) -> None:
    first = export(begun, store, "--lock", DAYS, "--lock-mode", "compliance", "--legal-hold").document
    assert_holds(first, "ledger-export")
    assert told(first) == [("support", 300, 300, True)]
    written = versions(bucket)
    assert "ledgers/acme/support/tile/0/000" in dict(written)
    month = datetime.now(UTC) + timedelta(days=29)
    for key, version in written:
        head = bucket.head_object(Bucket=BUCKET, Key=key, VersionId=version)
        assert (head["ObjectLockMode"], head["ObjectLockLegalHoldStatus"]) == ("COMPLIANCE", "ON")
        assert head["ObjectLockRetainUntilDate"] > month
        with pytest.raises(bucket.exceptions.ClientError, match="AccessDenied"):
            bucket.delete_object(Bucket=BUCKET, Key=key, VersionId=version)

    again = export(begun, store, "--lock", DAYS, "--lock-mode", "compliance", "--legal-hold").document
    assert told(again) == [("support", 300, 0, True)]
    assert versions(bucket) == written  # nothing is written twice

    done = begun.run("alice", "ledger", "verify", "--folder", WHERE, "--json")
    assert_holds(done.document, "ledger-verify")
    found = [(one["tree"], one["records"], one["payloads"]) for one in done.document["trees"]]
    assert found == [("support", 300, 300)]

    bucket.put_object(Bucket=BUCKET, Key="ledgers/acme/support/tile/entries/000", Body=b"other")
    broken = begun.run("alice", "ledger", "verify", "--folder", WHERE)
    assert (broken.code, "BROKEN" in broken.out) == (1, True)


def test_where_it_cannot_be_locked_nothing_is_written(begun: CommandWorld, bucket: Any, store: str) -> None:
    where = "s3://plain/ledger"
    done = export(begun, store, "--lock", "1", code=2, where=where)
    assert "does not lock objects" in done.err
    assert bucket.list_objects_v2(Bucket="plain")["KeyCount"] == 0
    assert export(begun, store, where=where).document["locked_until"] is None
    assert "cannot be used" in export(begun, store, code=2, where="s3://nowhere/x").err
    assert "names no bucket" in export(begun, store, code=2, where="s3:///x").err
    assert "cannot be locked" in export(begun, store, "--legal-hold", code=2, where="folder").err


RETENTION = """apiVersion: agentgov.dev/v1
kind: Retention
default: short
classes:
  short: {payload: 20y, leaf: 21y}
  long: {payload: 20y, leaf: 30y}
holds:
  - {id: case-9, match: {tools: [refund]}, by: carol}
"""
YEAR = 365 * 86_400


class Classed:
    """A world with retention classes, and a ledger of two bundles, of which the second is under a legal hold."""

    def __init__(self, folder: Path, retention: str = RETENTION) -> None:
        folder.mkdir(exist_ok=True)
        self.world = CommandWorld.laid(folder, {"governance/retention.yaml": retention})
        self.world.must("carol", "trust", "init")
        self.url = f"sqlite:///{folder / 'state' / 'store.db'}"
        self.fleet = str(yaml.safe_load((self.world.fleet / "agentgov.yaml").read_text())["id"])
        self.add("", 256, self.world.time)
        self.add("refund", 2, self.world.time + 60)

    def add(self, tool: str, count: int, at: int) -> None:
        refs = {"tool": tool} if tool else {}
        record(
            self.url, (Entry("action", "support/triage", "a", payload=b"x", refs=refs) for _ in range(count)), at * 1000
        )
        seal(self.url, self.fleet, KeyFileSigner(self.world.keys / "gate"))


def locks(client: Any, key: str, bucket: str = BUCKET) -> tuple[str | None, int, bool]:
    """Mode, last moment (epoch seconds) and legal hold of the newest version of an object."""
    head = client.head_object(Bucket=bucket, Key=key)
    until = head.get("ObjectLockRetainUntilDate")
    held = head.get("ObjectLockLegalHoldStatus") == "ON"
    return head.get("ObjectLockMode"), int(until.timestamp()) if until else 0, held


def test_files_are_locked_until_their_classes_let_them_go_and_held_where_a_hold_is_about_them(
    bucket: Any, tmp_path: Path
) -> None:
    classed = Classed(tmp_path)
    world, now = classed.world, classed.world.time
    done = world.must("alice", "ledger", "export", "s3://audit/classes", "--store", classed.url)
    assert "locked   support: the longest until" in done.out
    assert "by itself the bucket locks nothing, and classes keep records for up to 10950d" in done.out
    keep = "classes/support"
    assert locks(bucket, f"{keep}/tile/entries/000") == ("GOVERNANCE", now + 21 * YEAR, False)
    assert locks(bucket, f"{keep}/tile/entries/001.p/2") == ("GOVERNANCE", now + 60 + 21 * YEAR, True)
    month = datetime.fromtimestamp(now, UTC).strftime("%Y-%m")
    assert locks(bucket, f"{keep}/payloads/{month}.7300d.jsonl") == ("GOVERNANCE", now + 20 * YEAR, False)
    assert locks(bucket, f"{keep}/payloads/{month}.7300d.held.jsonl") == ("GOVERNANCE", now + 60 + 20 * YEAR, True)
    for proof in ("checkpoint", "tile/0/000", "tile/1/000.p/1"):
        assert locks(bucket, f"{keep}/{proof}") == ("GOVERNANCE", now + 30 * YEAR, False), proof
    version = bucket.head_object(Bucket=BUCKET, Key=f"{keep}/tile/entries/000")["VersionId"]
    with pytest.raises(bucket.exceptions.ClientError, match="AccessDenied"):
        bucket.delete_object(Bucket=BUCKET, Key=f"{keep}/tile/entries/000", VersionId=version)
    before = [one for one in versions(bucket) if f"{keep}/payloads/" in one[0]]
    classed.add("", 1, now + 40 * 86_400)
    world.must("alice", "ledger", "export", "s3://audit/classes", "--store", classed.url)
    new = [one for one in versions(bucket) if f"{keep}/payloads/" in one[0] and one not in before]
    assert len(new) == 1, "a month that is over is not written again"


def test_a_lock_that_is_asked_for_is_the_least_and_locks_are_made_longer_and_stricter_never_less(
    bucket: Any, tmp_path: Path
) -> None:
    classed = Classed(tmp_path)
    world, now, where, first = classed.world, classed.world.time, "s3://audit/longer", "longer/support/tile/entries/000"
    export(world, classed.url, "--lock", "9000", where=where)  # more than 21 years, less than 30
    assert locks(bucket, first) == ("GOVERNANCE", now + 9000 * 86_400, False)
    assert locks(bucket, "longer/support/checkpoint")[1] == now + 30 * YEAR
    before = versions(bucket)
    export(world, classed.url, "--lock", "36000", "--lock-mode", "compliance", where=where)
    assert locks(bucket, first)[1] == now + 9000 * 86_400, "written before, and not looked at"
    export(world, classed.url, "--lock", "36000", "--lock-mode", "compliance", "--relock", where=where)
    assert locks(bucket, first) == ("COMPLIANCE", now + 36_000 * 86_400, False)
    export(world, classed.url, "--relock", where=where)
    assert locks(bucket, first) == ("COMPLIANCE", now + 36_000 * 86_400, False)
    assert versions(bucket) == before, "nothing is written twice only to be locked"


def test_a_hold_that_came_later_is_put_on_what_was_exported_before(bucket: Any, tmp_path: Path) -> None:
    classed = Classed(tmp_path)
    where, key = "s3://audit/later", "later/support/tile/entries/000"
    export(classed.world, classed.url, "--no-lock", where=where)
    assert locks(bucket, key) == (None, 0, False)
    held = Classed(tmp_path / "held", RETENTION.replace("{tools: [refund]}", "{agents: ['**']}"))
    done = export(held.world, classed.url, where=where)
    assert (locks(bucket, key)[2], told(done.document)[0][3]) == (True, True)


def test_a_bucket_says_where_it_does_not_keep_what_the_classes_ask(bucket: Any, tmp_path: Path) -> None:
    classed = Classed(tmp_path)
    out = classed.world.must("alice", "ledger", "export", "s3://plain/classes", "--store", classed.url).out
    assert "unlocked the bucket does not lock objects" in " ".join(out.split())
    name = f"own-{tmp_path.name.replace('_', '-')[-20:]}".lower().rstrip("-")
    bucket.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 30}}
    bucket.put_object_lock_configuration(
        Bucket=name, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    out = classed.world.must("alice", "ledger", "export", f"s3://{name}/x", "--store", classed.url).out
    assert "by itself the bucket locks for 30d, and classes keep records for up to 10950d" in out
    assert locks(bucket, "x/support/tile/entries/000", name)[1] == classed.world.time + 21 * YEAR
    refused = export(classed.world, classed.url, "--no-lock", "--lock", "3", where=f"s3://{name}/x", code=2)
    assert "--no-lock leaves everything unlocked" in refused.err


def test_of_a_gate_everything_is_locked_by_the_longest_period_and_held_where_there_is_any_hold() -> None:
    hold = LegalHold(id="case-9", match=HoldMatch(tools=("refund",)), by="carol")
    classes = {"short": RetentionClass(payload="1d", leaf="1y"), "long": RetentionClass(payload="1d", leaf="3y")}
    for holds, held in (((), False), ((hold,), True)):
        rules = Rules(Retention(classes=classes, holds=holds))
        locks = Locks("compliance", 0, hold=False, now=1000, rules=rules, source=None)
        assert locks.of("w", "tile/entries/000") == Lock("compliance", 1000 + 3 * YEAR, held)
        assert locks.of("w", "checkpoint") == Lock("compliance", 1000 + 3 * YEAR)
    assert not NOTHING_LOCKED.of("w", "checkpoint").headers
