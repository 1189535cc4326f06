"""The state of a forge as GitHub's JSON. What a shape does not say itself is filled up neutrally to GitHub's schema."""

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from forgeworld import GHOST, Changed, CheckRun, Comment, ForgeWorld, Happened, Pull, Push, Release, Review, Status
from openapi import OpenAPI, github_api

_STATUSES = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "C": "copied", "T": "changed"}


def when(seconds: int) -> str:
    """A time as GitHub writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _person(told: tuple[str, str, int]) -> dict[str, Any]:
    return {"name": told[0], "email": told[1], "date": when(told[2])}


class Shapes:
    """Everything of a world as GitHub tells it."""

    def __init__(self, world: ForgeWorld, api: OpenAPI | None = None) -> None:
        self.world, self.api = world, api or github_api()
        self.slugs: dict[int, str] = {}  # of apps, by number

    # --- people and places -----------------------------------------------------------------------------------------

    def user(self, number: int) -> dict[str, Any] | None:
        """An account; None where it was deleted."""
        account = self.world.accounts[number]
        if account.deleted:
            return None
        kind = "Bot" if account.bot else "User"
        told = {"id": number, "login": account.login, "type": kind, "site_admin": False}
        return self._shape("simple-user", told)

    def user_or_ghost(self, number: int) -> dict[str, Any]:
        """An account, or the one that GitHub shows where it was deleted."""
        told = {"id": GHOST, "login": "ghost", "type": "User"}
        return self.user(number) or self._shape("simple-user", told)

    def repository(self, name: str, shape: str = "repository") -> dict[str, Any] | None:
        """A repository by its name; None where it was deleted."""
        if name not in self.world.repositories:
            return None
        owner, _, short = name.partition("/")
        told = {
            "id": self.world.repositories[name][0],
            "name": short,
            "full_name": name,
            "owner": self._shape("simple-user", {"login": owner, "id": 900, "type": "Organization"}),
            "private": name in self.world.private,
            "fork": name != self.world.project,
            "default_branch": "main",
            "html_url": f"https://github.com/{name}",
            "clone_url": f"https://github.com/{name}.git",
        }
        return self._shape(shape, told)

    def permission(self, number: int) -> dict[str, Any]:
        """What an account may do, in GitHub's old words and in those of today."""
        level = self.level(number)
        old = {"maintain": "write", "triage": "read"}.get(level, level)
        user = (self.user(number) or {}) | {"role_name": level}
        return self._shape("repository-collaborator-permission", {"permission": old, "role_name": level, "user": user})

    def level(self, number: int) -> str:
        """The role of an account here; everybody reads what is public."""
        public = "none" if self.world.project in self.world.private else "read"
        return self.world.permissions.get(number, public)

    def team(self, handle: str, shape: str = "team-full") -> dict[str, Any]:
        """A team by its handle."""
        slug = handle.split("/")[1]
        told = {
            "id": self.team_id(handle),
            "slug": slug,
            "name": slug,
            "members_count": len(self.world.members(handle)),
        }
        return self._shape(shape, told)

    def team_id(self, handle: str) -> int:
        """A number for a team."""
        return 7000 + list(self.world.teams).index(handle)

    # --- pull requests ---------------------------------------------------------------------------------------------

    def pull(self, number: int, shape: str = "pull-request") -> dict[str, Any]:
        """A pull request, whole or as lists show it."""
        pull, world = self.world.pulls[number], self.world
        merged = pull.state == "merged"
        test_merge = hashlib.sha1(f"{pull.base}{pull.head}".encode()).hexdigest()
        told = {
            "number": number,
            "id": 100_000 + number,
            "title": pull.title,
            "body": pull.body or None,
            "state": "open" if pull.state == "open" else "closed",
            "draft": pull.draft,
            "locked": False,
            "user": self.user_or_ghost(pull.author),
            "author_association": "CONTRIBUTOR",
            "base": self._side(world.project, pull.base_ref, pull.base),
            "head": self._side(pull.head_repository, pull.head_ref, pull.head),
            "merge_commit_sha": pull.merge_commit if merged else test_merge,
            "created_at": when(pull.created),
            "updated_at": when(pull.updated),
            "closed_at": when(pull.ended) if pull.ended else None,
            "merged_at": when(pull.ended) if merged else None,
            "html_url": f"https://github.com/{world.project}/pull/{number}",
        }
        if shape == "pull-request":
            told |= {
                "merged": merged,
                "commits": len(world.commits(number)),
                "changed_files": len(world.changes(number)),
            }
            told |= {"merged_by": self.user(pull.merged_by) if merged else None, "mergeable_state": "clean"}
        return self._shape(shape, told)

    def _side(self, repository: str, ref: str, sha: str) -> dict[str, Any]:
        owner = repository.split("/", maxsplit=1)[0]
        user = {"login": owner, "id": 900, "type": "User"}
        return {"label": f"{owner}:{ref}", "ref": ref, "sha": sha, "user": user, "repo": self.repository(repository)}

    def review(self, pull: Pull, review: Review) -> dict[str, Any]:
        """A submitted review, or a pending one, which bears no time."""
        url = f"https://github.com/{self.world.project}/pull/{pull.number}#pullrequestreview-{review.id}"
        told = {
            "id": review.id,
            "user": self.user(review.by),
            "body": review.body,
            "state": review.state,
            "commit_id": review.commit,
            "author_association": "MEMBER",
            "html_url": url,
        }
        if review.state != "PENDING":
            told["submitted_at"] = when(review.time)
        return self._shape("pull-request-review", told)

    def commit(self, sha: str, *, files: Iterable[Changed] | None = None) -> dict[str, Any]:
        """A commit with the accounts that GitHub makes of its addresses."""
        commit = self.world.told(sha)
        told = {
            "sha": sha,
            "author": self._by_email(commit.author[1]),
            "committer": self._by_email(commit.committer[1]),
            "parents": [{"sha": parent} for parent in commit.parents],
            "commit": {
                "message": commit.message,
                "author": _person(commit.author),
                "committer": _person(commit.committer),
                "tree": {"sha": commit.tree},
                "verification": {"verified": False, "reason": "unsigned"},
            },
        }
        if files is not None:
            told["files"] = list(map(self.file, files))
        return self._shape("commit", told)

    def _by_email(self, email: str) -> dict[str, Any] | None:
        number = self.world.emails.get(email.lower())
        return self.user(number) if number is not None else None

    def file(self, changed: Changed) -> dict[str, Any]:
        """A changed file."""
        told: dict[str, Any] = {"filename": changed.path, "status": _STATUSES[changed.status], "sha": changed.blob}
        if changed.previous:
            told["previous_filename"] = changed.previous
        return self._shape("diff-entry", told | {"changes": 2})

    def activity(self, push: Push) -> dict[str, Any]:
        """A ref that moved."""
        return self._shape(
            "activity",
            {
                "id": push.id,
                "before": push.before,
                "after": push.after,
                "ref": push.ref,
                "timestamp": when(push.time),
                "activity_type": push.kind,
                "actor": self.user(push.by),
            },
        )

    def happened(self, event: Happened) -> dict[str, Any]:
        """Something in the timeline."""
        told: dict[str, Any] = {
            "id": event.id,
            "event": event.kind,
            "actor": self.user_or_ghost(event.by),
            "commit_id": event.commit or None,
            "created_at": when(event.time),
        }
        if event.kind != "review_dismissed":
            return self._shape("state-change-issue-event", told)
        told["dismissed_review"] = {"state": "approved", "review_id": event.review, "dismissal_message": "no longer"}
        return self._shape("review-dismissed-issue-event", told)

    def timeline(self, pull: Pull) -> list[dict[str, Any]]:
        """All that happened to a pull request: its commits as they are now, reviews, comments, events; oldest first."""
        commits = [self._timeline_commit(sha) for sha in self.world.commits(pull.number)]
        dated: list[tuple[int, dict[str, Any]]] = [(event.time, self.happened(event)) for event in pull.timeline]
        for review in pull.reviews:
            if review.state == "PENDING":
                continue
            told = self.review(pull, review) | {"event": "reviewed", "state": review.state.lower()}
            dated.append((review.time, self._shape("timeline-reviewed-event", told)))
        for comment in self.world.comments:
            if comment.number == pull.number:
                told = self.comment(comment)
                told |= {"event": "commented", "actor": self.user_or_ghost(comment.by)}
                dated.append((comment.created, self._shape("timeline-comment-event", told)))
        return commits + [told for _, told in sorted(dated, key=lambda pair: pair[0])]

    def _timeline_commit(self, sha: str) -> dict[str, Any]:
        told = self.commit(sha)
        inner = {**told["commit"], "parents": [{"sha": one["sha"]} for one in told["parents"]]}
        return self._shape("timeline-committed-event", {**inner, "sha": sha, "event": "committed"})

    # --- what was told to the forge --------------------------------------------------------------------------------

    def comment(self, comment: Comment) -> dict[str, Any]:
        """A comment."""
        return self._shape(
            "issue-comment",
            {
                "id": comment.id,
                "body": comment.body,
                "user": self.user_or_ghost(comment.by),
                "author_association": "NONE",
                "created_at": when(comment.created),
                "updated_at": when(comment.updated),
            },
        )

    def status(self, status: Status) -> dict[str, Any]:
        """A commit status."""
        return self._shape(
            "status",
            {
                "id": status.id,
                "state": status.state,
                "context": status.name,
                "description": status.description or None,
                "target_url": status.url or None,
                "creator": self.user(status.by),
                "created_at": when(status.time),
                "updated_at": when(status.time),
            },
        )

    def check_run(self, run: CheckRun) -> dict[str, Any]:
        """A check run of an app."""
        output = {"title": run.title or None, "summary": run.summary or None, "text": run.text or None}
        done = run.status == "completed"
        return self._shape(
            "check-run",
            {
                "id": run.id,
                "name": run.name,
                "head_sha": run.commit,
                "status": run.status,
                "conclusion": run.conclusion,
                "details_url": run.url or None,
                "output": output | {"annotations_count": len(run.annotations)},
                "app": {"id": run.app, "slug": self.slugs.get(run.app, f"app-{run.app}"), "name": f"app {run.app}"},
                "started_at": when(run.started),
                "completed_at": when(run.started) if done else None,
            },
        )

    def release(self, release: Release) -> dict[str, Any]:
        """The page of a tag."""
        return self._shape(
            "release",
            {
                "id": release.id,
                "tag_name": release.tag,
                "name": release.title,
                "body": release.body,
                "target_commitish": "main",
                "author": self.user_or_ghost(release.by),
                "created_at": when(release.time),
                "published_at": when(release.time),
            },
        )

    def content(self, path: str, data: bytes) -> dict[str, Any]:
        """A file; GitHub leaves out what is larger than 1 MB."""
        large = len(data) > 1024 * 1024
        text = "" if large else b64encode(data).decode()
        told = {"type": "file", "path": path, "name": path.rsplit("/", 1)[-1], "size": len(data)}
        told |= {"content": text, "encoding": "none" if large else "base64"}
        return self._shape("content-file", told)

    def _shape(self, name: str, told: dict[str, Any]) -> dict[str, Any]:
        value = self.api.shape(name, told)
        assert isinstance(value, dict)
        return value
