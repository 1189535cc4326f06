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

from agentgov.runtime.ledger import Entry
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


def test_a_ledger_lies_in_a_bucket_locked_and_verifies_from_there(begun: CommandWorld, bucket: Any, store: str) -> None:
    first = export(begun, store, "--lock", DAYS, "--lock-mode", "compliance", "--legal-hold").document
    assert_holds(first, "ledger-export")
    assert first["trees"] == [{"tree": "support", "records": 300, "new": 300}]
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
    assert again["trees"] == [{"tree": "support", "records": 300, "new": 0}]
    assert versions(bucket) == written  # nothing is written twice

    done = begun.run("alice", "ledger", "verify", "--folder", WHERE, "--json")
    assert_holds(done.document, "ledger-verify")
    told = [(one["tree"], one["records"], one["payloads"]) for one in done.document["trees"]]
    assert told == [("support", 300, 300)]

    bucket.put_object(Bucket=BUCKET, Key="ledgers/acme/support/tile/entries/000", Body=b"other")
    found = begun.run("alice", "ledger", "verify", "--folder", WHERE)
    assert (found.code, "BROKEN" in found.out) == (1, True)


def test_where_it_cannot_be_locked_nothing_is_written(begun: CommandWorld, bucket: Any, store: str) -> None:
    where = "s3://plain/ledger"
    done = export(begun, store, "--lock", "1", code=2, where=where)
    assert "does not lock objects" in done.err
    assert bucket.list_objects_v2(Bucket="plain")["KeyCount"] == 0
    assert export(begun, store, where=where).document["locked_until"] is None
    assert "cannot be used" in export(begun, store, code=2, where="s3://nowhere/x").err
    assert "names no bucket" in export(begun, store, code=2, where="s3:///x").err
    assert "cannot be locked" in export(begun, store, "--legal-hold", code=2, where="folder").err
