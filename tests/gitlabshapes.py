"""A GitLab world as GitLab's JSON: the documented fields, more of them than anybody reads."""

from datetime import UTC, datetime
from typing import Any

from forgeworld import NOBODY, Pull, Push
from gitlabworld import GitLabWorld, Job, Note

GHOST = 31  # who GitLab puts in the place of a deleted account; each installation has its own
Json = dict[str, Any]
ACTIONS = {"branch_creation": "created", "branch_deletion": "removed"}
_STATES = {"open": "opened"}


def when(time: float) -> str:
    """A time as GitLab writes it."""
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def user(world: GitLabWorld, number: int) -> Json:
    """An account, as it stands beside what it did."""
    known = world.accounts[number]
    login, told = ("ghost1", GHOST) if known.deleted else (known.login, number)
    return {"id": told, "username": login, "name": login.title(), "state": "active", "locked": False}


def full_user(world: GitLabWorld, number: int) -> Json:
    """An account alone."""
    return {**user(world, number), "bot": world.accounts[number].bot, "bio": "", "created_at": when(world.now())}


def project(world: GitLabWorld, name: str) -> Json:
    """A repository."""
    number = world.repositories[name][0]
    return {
        "id": number,
        "name": name.rpartition("/")[2],
        "path_with_namespace": name,
        "default_branch": "main",
    }


def merge_request(world: GitLabWorld, pull: Pull, *, listed: bool = False) -> Json:
    """A merge request; a list tells less."""
    source = world.repositories.get(pull.head_repository)
    told: Json = {
        "id": 90000 + pull.number,
        "iid": pull.number,
        "project_id": world.project_id,
        "title": pull.title,
        "description": pull.body,
        "state": _STATES.get(pull.state, pull.state),
        "draft": pull.draft,
        "work_in_progress": pull.draft,
        "author": user(world, pull.author),
        "source_branch": pull.head_ref,
        "target_branch": pull.base_ref,
        "source_project_id": source[0] if source else None,
        "target_project_id": world.project_id,
        "sha": pull.head,
        "merge_commit_sha": pull.merge_commit,
        "squash_commit_sha": None,
        "created_at": when(pull.created),
        "updated_at": when(pull.updated),
        "web_url": f"https://gitlab.example.com/{world.project}/-/merge_requests/{pull.number}",
    }
    if not listed:
        count = len(diffs(world, pull.base, pull.head, "...")) if pull.head else 0
        base = world.asked_once("merge-base", pull.base, pull.head)
        refs = {"base_sha": base, "start_sha": pull.base, "head_sha": pull.head}
        nothing = {"base_sha": None, "start_sha": None, "head_sha": None}
        preparing = pull.number in world.preparing
        told["diff_refs"] = nothing if preparing else refs
        told["changes_count"] = None if preparing else str(count) if count < 1000 else "1000+"
    return told


def diffs(world: GitLabWorld, base: str, head: str, dots: str = "..") -> list[Json]:
    """The files between two commits."""
    words = world.asked_once("diff", "--name-status", "-z", "-M", f"{base}{dots}{head}").split("\0")
    found, place = [], 0
    while place + 1 < len(words):
        letter = words[place][0]
        old, new = words[place + 1], words[place + 2 if letter == "R" else place + 1]
        place += 3 if letter == "R" else 2
        kind = {"new_file": letter == "A", "renamed_file": letter == "R", "deleted_file": letter == "D"}
        found.append({"old_path": old, "new_path": new, "a_mode": "100644", "b_mode": "100644", "diff": "", **kind})
    return found


def commit(world: GitLabWorld, sha: str) -> Json:
    """A commit: names and addresses, no accounts."""
    told = world.asked_once("show", "-s", "--format=%P%n%an%n%ae%n%cn%n%ce%n%B", sha).split("\n", 5)
    parents, author, author_email, committer, committer_email, message = told
    return {
        "id": sha,
        "short_id": sha[:8],
        "parent_ids": parents.split(),
        "title": message.split("\n")[0],
        "message": message,
        "author_name": author,
        "author_email": author_email,
        "committer_name": committer,
        "committer_email": committer_email,
    }


def versions(world: GitLabWorld, pull: Pull) -> list[Json]:
    """What the merge request held, newest first."""
    made = [
        {
            "id": 700 * pull.number + place,
            "head_commit_sha": head,
            "base_commit_sha": world.asked_once("merge-base", pull.base, head),
            "start_commit_sha": pull.base,
            "created_at": when(time),
            "merge_request_id": 90000 + pull.number,
            "state": "collected",
            "real_size": "1",
        }
        for place, (head, time) in enumerate(pull.versions)
    ]
    return made[::-1]


def notes(world: GitLabWorld, number: int) -> list[Json]:
    """System notes and comments, oldest first."""
    told = [_note(world, one) for one in world.notes if one.number == number]
    for comment in world.comments:
        if comment.number == number:
            made = Note(comment.id, number, comment.by, comment.body, comment.created)
            told.append({**_note(world, made), "system": False, "updated_at": when(comment.updated)})
    return sorted(told, key=lambda one: (one["created_at"], one["id"]))


def _note(world: GitLabWorld, note: Note) -> Json:
    return {
        "id": note.id,
        "type": None,
        "body": note.body,
        "author": user(world, note.by),
        "created_at": when(note.time),
        "updated_at": when(note.time),
        "system": True,
        "noteable_id": 90000 + note.number,
        "noteable_type": "MergeRequest",
        "noteable_iid": note.number,
        "project_id": world.project_id,
        "resolvable": False,
        "internal": False,
        "imported": note.imported,
        "imported_from": "gitlab_migration" if note.imported else "none",
    }


def approvals(world: GitLabWorld, pull: Pull) -> Json:
    """The approvals that stand."""
    told = []
    for number, time in world.of(pull.number).approvals.items():
        told.append({"user": user(world, number), **({"approved_at": when(time)} if world.tells_when else {})})
    return {"id": 90000 + pull.number, "iid": pull.number, "approvals_left": 0, "approved": True, "approved_by": told}


def event(world: GitLabWorld, push: Push) -> Json:
    """A push; one of many branches at once does not say which."""
    many = push.id in world.bulk_pushes
    removed, created = push.after == NOBODY, push.before == NOBODY
    data = {
        "commit_count": 0 if many or removed else 1,
        "action": ACTIONS.get(push.kind, "pushed"),
        "ref_type": "branch",
        "commit_from": None if many or created else push.before,
        "commit_to": None if many or removed else push.after,
        "ref": None if many else push.ref.removeprefix("refs/heads/"),
        "commit_title": None,
        "ref_count": 4 if many else None,
    }
    return {
        "id": push.id,
        "action_name": "pushed to",
        "author_id": push.by,
        "author": user(world, push.by),
        "created_at": when(push.time),
        "push_data": data,
    }


def status(world: GitLabWorld, job: Job) -> Json:
    """A commit status."""
    return {
        "id": job.id,
        "sha": job.commit,
        "ref": job.ref,
        "status": job.status,
        "name": job.name,
        "target_url": job.url or None,
        "description": job.description or None,
        "pipeline_id": job.pipeline,
        "allow_failure": False,
        "author": user(world, job.by),
    }
