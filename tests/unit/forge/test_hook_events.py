"""What a delivery wakes: numbers are taken out of it, and nothing else."""

import json
from typing import Any

import pytest

from agentgov.forge.hook_events import Ours, errands_of
from agentgov.forge.webhooks import Accepted, Seen
from agentgov.trust.identity import Forge

OURS: dict[Forge, Ours] = {
    "github": Ours("github", 7, "main", "agentgov/journal"),
    "gitlab": Ours("gitlab", 7, "main", "agentgov/journal"),
}


def woken(forge: Forge, event: str, body: object, ours: Ours | None = None) -> list[str] | None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    found = errands_of(Accepted(forge, event, raw, Seen()), ours or OURS[forge])
    return None if found is None else sorted(map(str, found))


def github(action: str, *, merged: bool | None = False, repository: int = 7, number: Any = 12) -> dict[str, Any]:
    return {
        "action": action,
        "number": number,
        "repository": {"id": repository, "full_name": "acme/fleet"},
        "pull_request": {"number": number, "merged": merged, "head": {"repo": {"id": 99}}},
    }


def gitlab(action: str, *, project: int = 7, target: int = 7, iid: int = 12) -> dict[str, Any]:
    attributes = {"iid": iid, "action": action, "target_project_id": target, "source_project_id": 99}
    return {"object_kind": "merge_request", "project": {"id": project}, "object_attributes": attributes}


@pytest.mark.parametrize(
    ("event", "body", "expected"),
    [
        ("pull_request", github("opened"), ["check 12"]),
        ("pull_request", github("synchronize"), ["check 12"]),
        ("pull_request", github("converted_to_draft"), ["check 12"]),
        ("pull_request", github("closed", merged=True), ["import 12"]),
        ("pull_request", github("closed"), []),
        ("pull_request", github("labeled"), []),
        ("pull_request_review", github("submitted", merged=None), ["check 12", "import 12"]),
        ("pull_request_review", github("dismissed"), ["check 12", "import 12"]),
        ("push", {"ref": "refs/heads/main", "repository": {"id": 7}}, ["reconcile"]),
        ("push", {"ref": "refs/heads/agentgov/journal", "repository": {"id": 7}}, ["reconcile"]),
        ("push", {"ref": "refs/tags/support/triage/v1.0.0", "repository": {"id": 7}}, ["reconcile"]),
        ("push", {"ref": "refs/heads/topic", "repository": {"id": 7}}, []),
        ("push", {"ref": "refs/heads/main2", "repository": {"id": 7}}, []),
        ("push", {"ref": ["refs/heads/main"], "repository": {"id": 7}}, []),
        ("create", {"ref": "main", "repository": {"id": 7}}, []),
        ("ping", {"zen": "Keep it logically awesome.", "repository": {"id": 7}}, []),
        ("star", github("created"), []),
        ("", github("opened"), []),
    ],
)
def test_github(event: str, body: object, expected: list[str]) -> None:
    assert woken("github", event, body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (gitlab("open"), ["check 12"]),
        (gitlab("update"), ["check 12"]),
        (gitlab("approved"), ["check 12", "import 12"]),
        (gitlab("approval"), ["check 12", "import 12"]),
        (gitlab("unapproved"), ["check 12", "import 12"]),
        (gitlab("merge"), ["import 12"]),
        (gitlab("close"), []),
        (gitlab("approved") | {"external_approval_rule": {"id": 1}}, ["check 12", "import 12"]),
        ({"object_kind": "push", "project": {"id": 7}, "ref": "refs/heads/main"}, ["reconcile"]),
        ({"object_kind": "tag_push", "project": {"id": 7}, "ref": "refs/tags/a/b/v1.0.0"}, ["reconcile"]),
        ({"object_kind": "note", "project": {"id": 7}, "object_attributes": {"note": "/merge"}}, []),
        ({"object_kind": "merge_request", "project": {"id": 7}, "object_attributes": "approved"}, []),
        ({"object_kind": "merge_request", "project": {"id": 7}}, []),
    ],
)
def test_gitlab(body: object, expected: list[str]) -> None:
    assert woken("gitlab", "whatever the header says", body) == expected


@pytest.mark.attack("W4")
def test_the_events_of_another_repository_wake_nobody() -> None:
    assert woken("github", "pull_request", github("opened", repository=8)) == []
    assert woken("github", "pull_request", {"action": "opened", "pull_request": {"number": 12}}) == []
    assert woken("gitlab", "", gitlab("open", project=8)) == []
    assert woken("gitlab", "", gitlab("open", target=8)) == []  # the hook of a fork that opens one here
    assert woken("github", "pull_request", github("opened"), OURS["gitlab"]) == []


@pytest.mark.attack("W4")
@pytest.mark.parametrize("number", [0, -1, 2**53, 2**70, "12", 12.5, None])
def test_what_is_no_number_is_none(number: object) -> None:
    assert woken("github", "pull_request", github("opened", number=number)) in ([], None)


@pytest.mark.attack("W3")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'"x"',
        b"{",
        b"\xff\xfe",
        b'{"repository": 7}',
        b'{"repository": {"id": "7"}}',
        b"[" * 100_000,
        b'{"repository": ' + b'{"a":' * 50_000,
    ],
)
def test_what_is_no_event_is_told_apart_from_an_event_that_wakes_nobody(body: bytes) -> None:
    assert woken("github", "pull_request", body) is None


def test_a_call_to_wake_wakes_the_reconciler_whatever_it_says() -> None:
    for body in (b"{}", b"nothing that is JSON"):
        found = errands_of(Accepted("wake", "", body, Seen()), OURS["github"])
        assert found is not None
        assert list(map(str, found)) == ["reconcile"]
