"""Objects in a bucket of S3, or of a store that speaks like it: held to their SHA-256, locked where asked.

Credentials, region and address come from where every program of S3 has them (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, a
role of the machine...), never from a URL or an argument. The only module that imports boto3 (extra `s3`).
"""

import tempfile
from base64 import b64encode
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal, NamedTuple

from agentgov.errors import AgentgovError, ConfigurationError, IncompleteError

Mode = Literal["governance", "compliance"]
SCHEME = "s3://"
_HINT = "s3://BUCKET/PREFIX, credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or as boto3 finds them"
_MISSING = ("404", "NoSuchKey", "NotFound")
_SPOOLED = 8 * 1024 * 1024  # bytes that are kept in memory before they go to a temporary file
_OVERLAP = 86_400  # seconds by which a lock may be shorter before the same content is written and locked again


class Lock(NamedTuple):
    """Until when nobody may delete a version or shorten its lock (`governance`: but who has a right of its own), in
    epoch seconds, 0 for no lock; and whether it is under a legal hold besides, until somebody lifts that."""

    mode: Mode = "governance"
    until: int = 0
    hold: bool = False

    @property
    def headers(self) -> dict[str, Any]:
        """What is said with each object."""
        said: dict[str, Any] = {}
        if self.until:
            said |= {"ObjectLockMode": self.mode.upper()}
            said |= {"ObjectLockRetainUntilDate": datetime.fromtimestamp(self.until, UTC)}
        return said | ({"ObjectLockLegalHoldStatus": "ON"} if self.hold else {})


class Objects:
    """What lies in a bucket under a prefix."""

    def __init__(self, url: str, lock: Lock | None = None) -> None:
        """Raises ConfigurationError where there is no such bucket, or none that locks."""
        self._bucket, _, prefix = url.removeprefix(SCHEME).partition("/")
        self._prefix = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
        self._lock = lock or Lock()
        if not self._bucket:
            raise ConfigurationError("the URL names no bucket", _HINT)
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError:
            raise ConfigurationError("what speaks to S3 is not installed", "pip install 'agentgov[s3]'") from None
        self._errors: tuple[type[Exception], ...] = (BotoCoreError, ClientError, ValueError)
        config = Config(connect_timeout=10, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 4})
        try:
            self._client: Any = boto3.client("s3", config=config)
            self._client.head_bucket(Bucket=self._bucket)
        except self._errors as error:
            raise ConfigurationError(f"the bucket {self._bucket} cannot be used: {error}", _HINT) from None
        if self._lock.headers:
            self._require_locks()

    def read(self, path: str) -> bytes | None:
        """The newest version of an object, None where there is none. Raises IncompleteError."""
        try:
            return bytes(self._client.get_object(Bucket=self._bucket, Key=self._prefix + path)["Body"].read())
        except self._errors as error:
            if _code(error) in _MISSING:
                return None
            raise self._said(error) from None

    def write(self, path: str, chunks: Iterable[bytes]) -> None:
        """Write an object, unless it is there just so, and locked as long; its SHA-256 is what the bucket says then.
        Raises IncompleteError."""
        with tempfile.SpooledTemporaryFile(_SPOOLED) as body:
            digest = sha256()
            for chunk in chunks:
                digest.update(chunk)
                body.write(chunk)
            wanted = b64encode(digest.digest()).decode()
            try:
                if self._is_kept(path, wanted):
                    return
                body.seek(0)
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=self._prefix + path,
                    Body=body,
                    ChecksumAlgorithm="SHA256",
                    ChecksumSHA256=wanted,
                    **self._lock.headers,
                )
                kept = self._is_kept(path, wanted)
            except self._errors as error:
                raise self._said(error) from None
        if not kept:
            raise IncompleteError(f"{path} in the bucket is not what was written", "look who else writes there")

    def remove(self, path: str) -> None:
        """Hide an object; a version of it that is locked stays until its lock ends. Raises IncompleteError."""
        try:
            if self._head(path):
                self._client.delete_object(Bucket=self._bucket, Key=self._prefix + path)
        except self._errors as error:
            raise self._said(error) from None

    def paths(self) -> Iterator[str]:
        """The names of all objects under the prefix. Raises IncompleteError."""
        try:
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                for one in page.get("Contents", ()):
                    yield str(one["Key"]).removeprefix(self._prefix)
        except self._errors as error:
            raise self._said(error) from None

    def _is_kept(self, path: str, wanted: str) -> bool:
        """Whether the newest version is that, and locked at least as long as asked."""
        found = self._head(path)
        if not found:
            return False
        until = found.get("ObjectLockRetainUntilDate")
        locked = not self._lock.until or (until is not None and until.timestamp() + _OVERLAP >= self._lock.until)
        held = not self._lock.hold or found.get("ObjectLockLegalHoldStatus") == "ON"
        return locked and held and (found.get("ChecksumSHA256") or self._digest(path)) == wanted

    def _digest(self, path: str) -> str:
        """What a store that does not tell checksums has, by reading it."""
        return b64encode(sha256(self.read(path) or b"").digest()).decode()

    def _head(self, path: str) -> dict[str, Any]:
        try:
            found = self._client.head_object(Bucket=self._bucket, Key=self._prefix + path, ChecksumMode="ENABLED")
        except self._errors as error:
            if _code(error) in _MISSING:
                return {}
            raise
        return dict(found)

    def _require_locks(self) -> None:
        """ConfigurationError where the bucket cannot lock: then nothing is written."""
        try:
            found = self._client.get_object_lock_configuration(Bucket=self._bucket)
            enabled = found["ObjectLockConfiguration"].get("ObjectLockEnabled") == "Enabled"
        except self._errors:
            enabled = False
        if not enabled:
            raise ConfigurationError(
                f"the bucket {self._bucket} does not lock objects", "make it with object lock, or leave --lock out"
            )

    def _said(self, error: Exception) -> AgentgovError:
        return IncompleteError(f"the bucket {self._bucket} does not answer as it should: {error}", "try again")


def _code(error: Exception) -> str:
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))
