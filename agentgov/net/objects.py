"""Objects in a bucket of S3, or of a store that speaks like it: held to their SHA-256, locked where asked.

Credentials, region and address come from where every program of S3 has them (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, a
role of the machine...), never from a URL or an argument. The only module that imports boto3 (extra `s3`).
"""

import tempfile
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal, NamedTuple

from agentgov.errors import AgentgovError, ConfigurationError, IncompleteError

Mode = Literal["governance", "compliance"]
SCHEME = "s3://"
_HINT = "s3://BUCKET/PREFIX, credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or as boto3 finds them"
_MISSING = ("404", "NoSuchKey", "NotFound")
_SPOOLED = 8 * 1024 * 1024  # bytes that are kept in memory before they go to a temporary file
_OVERLAP = 86_400  # seconds by which a lock may be shorter before it is made longer


class Locking(NamedTuple):
    """A bucket that locks: for how many days it does so by itself, 0 for not at all."""

    default_days: int


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


NO_LOCK = Lock()


class Objects:
    """What lies in a bucket under a prefix."""

    def __init__(self, url: str) -> None:
        """Raises ConfigurationError where there is no such bucket."""
        self._bucket, _, prefix = url.removeprefix(SCHEME).partition("/")
        self._prefix = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
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

    @cached_property
    def locks(self) -> Locking | None:
        """How the bucket locks; None where it does not, or does not say."""
        try:
            found = self._client.get_object_lock_configuration(Bucket=self._bucket)["ObjectLockConfiguration"]
        except self._errors:
            return None
        if found.get("ObjectLockEnabled") != "Enabled":
            return None
        default = found.get("Rule", {}).get("DefaultRetention", {})
        return Locking(int(default.get("Days", 0)) + 365 * int(default.get("Years", 0)))

    def read(self, path: str) -> bytes | None:
        """The newest version of an object, None where there is none. Raises IncompleteError."""
        try:
            return bytes(self._client.get_object(Bucket=self._bucket, Key=self._prefix + path)["Body"].read())
        except self._errors as error:
            if _code(error) in _MISSING:
                return None
            raise self._said(error) from None

    def write(self, path: str, chunks: Iterable[bytes], lock: Lock = NO_LOCK) -> None:
        """Write an object, unless it is there just so; its SHA-256 is what the bucket says then. One that is there is
        locked as long as asked, if it is not. Raises IncompleteError."""
        with tempfile.SpooledTemporaryFile(_SPOOLED) as body:
            digest = sha256()
            for chunk in chunks:
                digest.update(chunk)
                body.write(chunk)
            wanted = b64encode(digest.digest()).decode()
            try:
                if self._is_kept(path, wanted):
                    self._lock_on(path, self._head(path), lock)
                    return
                body.seek(0)
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=self._prefix + path,
                    Body=body,
                    ChecksumAlgorithm="SHA256",
                    ChecksumSHA256=wanted,
                    **lock.headers,
                )
                kept = self._is_kept(path, wanted)
            except self._errors as error:
                raise self._said(error) from None
        if not kept:
            raise IncompleteError(f"{path} in the bucket is not what was written", "look who else writes there")

    def lock(self, path: str, lock: Lock) -> None:
        """Lock the newest version of an object as long as asked, where there is one. Raises IncompleteError."""
        try:
            found = self._head(path)
            if found:
                self._lock_on(path, found, lock)
        except self._errors as error:
            raise self._said(error) from None

    def remove(self, path: str) -> None:
        """Hide an object; a version of it that is locked stays until its lock ends. Raises IncompleteError."""
        try:
            if self._head(path):
                self._client.delete_object(Bucket=self._bucket, Key=self._prefix + path)
        except self._errors as error:
            raise self._said(error) from None

    def paths(self, begin: str = "") -> Iterator[str]:
        """The names of all objects under the prefix that begin so. Raises IncompleteError."""
        try:
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + begin):
                for one in page.get("Contents", ()):
                    yield str(one["Key"]).removeprefix(self._prefix)
        except self._errors as error:
            raise self._said(error) from None

    def _is_kept(self, path: str, wanted: str) -> bool:
        """Whether the newest version is that."""
        found = self._head(path)
        return bool(found) and (found.get("ChecksumSHA256") or self._digest(path)) == wanted

    def _lock_on(self, path: str, found: Mapping[str, Any], lock: Lock) -> None:
        """Lock what is there for longer, and hold it; never for less: nobody else's lock is shortened or lifted."""
        where = {"Bucket": self._bucket, "Key": self._prefix + path}
        until, mode = found.get("ObjectLockRetainUntilDate"), found.get("ObjectLockMode")
        shorter = until is None or until.timestamp() + _OVERLAP < lock.until
        if lock.until and (shorter or (lock.mode == "compliance" and mode != "COMPLIANCE")):
            last = max(lock.until, int(until.timestamp()) if until is not None else 0)
            word = "COMPLIANCE" if mode == "COMPLIANCE" else lock.mode.upper()
            kept = {"Mode": word, "RetainUntilDate": datetime.fromtimestamp(last, UTC)}
            self._client.put_object_retention(**where, Retention=kept)
        if lock.hold and found.get("ObjectLockLegalHoldStatus") != "ON":
            self._client.put_object_legal_hold(**where, LegalHold={"Status": "ON"})

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

    def require_locks(self) -> None:
        """ConfigurationError where the bucket cannot lock: then nothing is written."""
        if self.locks is None:
            raise ConfigurationError(
                f"the bucket {self._bucket} does not lock objects", "make it with object lock, or leave --lock out"
            )

    def _said(self, error: Exception) -> AgentgovError:
        return IncompleteError(f"the bucket {self._bucket} does not answer as it should: {error}", "try again")


def _code(error: Exception) -> str:
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))
