"""How acts spell one path with its contents: what it held, what it is to hold, and its name in one spelling.

A content is bound by its mode and its SHA-256, so a review says what was looked at and not where it was found.
"""

import json
import re
from typing import TYPE_CHECKING

from agentgov.model.governed import is_governed
from agentgov.model.snapshot import Entry
from agentgov.model.state import ReviewedPath
from agentgov.repo.objects import ObjectError
from agentgov.repo.repository import Repository

if TYPE_CHECKING:
    from agentgov.review.change import PathChange

_CONTENT = re.compile(r"(?:-|100(?:644|755):[0-9a-f]{64})\Z")
ABSENT = "-"


def content_of(repo: Repository, path: str, entry: Entry | None) -> str:
    """A content as reviews bind it: `<mode>:<sha256>`, `-` where there is nothing, "" where it can never be reviewed
    (a symlink, a submodule, a name that is not UTF-8, a file that cannot be read)."""
    if entry is None:
        return ABSENT
    if not entry.is_file or not is_nameable(path):
        return ""
    try:
        return f"{entry.mode:o}:{repo.blob_digest(entry.oid)}"
    except ObjectError:
        return ""


def format_content_path(path: "PathChange") -> str:
    """The trailer that binds one path of a review: `<old> <new> <JSON string>`."""
    return f"{path.old} {path.new} {_quoted(path.path)}"


def parse_content_path(text: str) -> ReviewedPath | None:
    """What such a trailer binds, None where it is malformed."""
    old, _, rest = text.partition(" ")
    new, _, quoted = rest.partition(" ")
    if _CONTENT.match(old) is None or _CONTENT.match(new) is None or old == new:
        return None
    try:
        path = json.loads(quoted)
    except (ValueError, RecursionError):
        return None
    good = isinstance(path, str) and _quoted(path) == quoted and is_governed(path)
    return ReviewedPath(path=path, old=old, new=new) if good and is_nameable(path) else None


def _quoted(path: str) -> str:
    """A path as JSON in printable ASCII, which is the only spelling that counts."""
    return json.dumps(path, ensure_ascii=True).replace("\x7f", "\\u007f")


def is_nameable(path: str) -> bool:
    """Whether a path is UTF-8, so that a record or a review can name it; any other one is never authorised."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
