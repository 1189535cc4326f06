"""A stateful fake of GitHub's REST API over a `ForgeWorld`: what it is asked and what it answers is as GitHub says.

    fake = GitHubFake(world)
    with fake.serve():
        token = fake.token("bot")  # or fake.installation("pull_requests:write", ...)
        ...  # talk to fake.url with that token

Every request is checked against GitHub's own OpenAPI description before it is done, every answer before it is sent; an
offence fails the test. Lists come in pages whose links bear numbers in place of names, as GitHub's do.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote, unquote, urlencode

from fakeserver import FakeServer, Reply, Request
from forgeworld import CheckRun, Comment, ForgeWorld, Release, Status
from githubshapes import Shapes, when
from openapi import OffenceError, Operation, github_api, github_webhooks

ACTIONS = 41898282  # github-actions[bot]
ACTIONS_APP = 15368
COMMITS_TOLD, FILES_TOLD, FILES_OF_COMMIT = 250, 3000, 300
COMMENT_LIMIT = 65_536
NEEDS = {
    "pulls/": "pull_requests",
    "issues/": "pull_requests",
    "checks/": "checks",
    "repos/create-commit-status": "statuses",
    "repos/list-commit-statuses-for-ref": "statuses",
    "repos/get-collaborator-permission-level": "metadata",
    "repos/list-collaborators": "metadata",
    "repos/get": "contents",
    "repos/list-pull-requests-associated-with-commit": "pull_requests",
    "repos/": "contents",
    "git/": "contents",
    "teams/": "members",
}
ALL = frozenset({"contents:write", "pull_requests:write", "checks:write", "statuses:write", "members:read"})


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a token is: an account; with `app` an installation of an app, which is nobody's account at /user."""

    account: int
    app: int = 0
    permissions: frozenset[str] = ALL


@dataclass(frozen=True, slots=True)
class Asked:
    """One request with who asks and what its path says."""

    request: Request
    who: Identity
    names: Mapping[str, str]

    def query(self, name: str, default: str = "") -> str:
        """A parameter of the query."""
        return self.request.query.get(name, default)


class GitHubFake(FakeServer):
    """GitHub, or GitHub Enterprise Server with its prefix, for one project."""

    def __init__(self, world: ForgeWorld, *, prefix: str = "") -> None:
        super().__init__(self._answer_checked, now=lambda: time.time())
        self.world, self.prefix, self.api = world, prefix, github_api()
        self.shapes = Shapes(world)
        self.tokens: dict[str, Identity] = {}
        self._left = 5000
        self._routes: dict[str, Callable[[Asked], Reply]] = {
            "orgs/get": lambda asked: Reply(200, self._organisation(asked.names["org"])),
            "teams/get-by-name": self._team,
            "teams/list": self._teams,
            "teams/list-members-in-org": self._members,
            "users/get-authenticated": self._user,
            "users/get-by-username": self._user_of,
            "repos/get": lambda asked: Reply(200, self.shapes.repository(self._name(asked), "full-repository")),
            "repos/list-activities": self._activities,
            "repos/list-collaborators": self._collaborators,
            "repos/get-branch": self._branch,
            "repos/get-collaborator-permission-level": self._permission,
            "repos/list-pull-requests-associated-with-commit": self._pulls_of,
            "repos/get-commit": self._commit,
            "repos/get-content": self._content,
            "git/get-ref": self._ref,
            "pulls/get": self._pull,
            "pulls/list": self._pulls,
            "pulls/list-commits": self._pull_commits,
            "pulls/list-files": self._pull_files,
            "pulls/list-reviews": self._reviews,
            "issues/list-events-for-timeline": self._timeline,
            "issues/list-comments": self._comments,
            "issues/get-comment": self._get_comment,
            "issues/create-comment": self._create_comment,
            "issues/update-comment": self._update_comment,
            "issues/delete-comment": self._delete_comment,
            "repos/list-commit-statuses-for-ref": self._statuses,
            "repos/create-commit-status": self._create_status,
            "checks/list-for-ref": self._check_runs,
            "checks/create": self._create_check_run,
            "checks/update": self._update_check_run,
            "repos/get-release-by-tag": self._get_release,
            "repos/create-release": self._create_release,
            "repos/update-release": self._update_release,
        }

    @contextmanager
    def serve(self) -> Iterator[Self]:
        with super().serve():
            self.url += self.prefix
            yield self

    def turn_to(self, world: ForgeWorld) -> None:
        """Tell of another world from now on; tokens stay who they are by number."""
        self.world, self.shapes = world, Shapes(world)

    # --- who asks --------------------------------------------------------------------------------------------------

    def token(self, login: str, *permissions: str) -> str:
        """A token of an account: with everything, or with just these permissions."""
        return self._new_token(Identity(self.world.account(login), 0, frozenset(permissions) or ALL))

    def installation(self, *permissions: str, login: str = "github-actions[bot]", app: int = ACTIONS_APP) -> str:
        """A token of an app: GITHUB_TOKEN where none is named."""
        number = ACTIONS if app == ACTIONS_APP else 0
        account = self.world.account(login, bot=True, id=number)
        self.shapes.slugs[app] = login.removesuffix("[bot]")
        return self._new_token(Identity(account, app, frozenset(permissions) or ALL - {"members:read"}))

    def _new_token(self, identity: Identity) -> str:
        token = f"ghs_{hashlib.sha256(f'{identity}{len(self.tokens)}'.encode()).hexdigest()[:36]}"
        self.tokens[token] = identity
        return token

    def writes(self) -> list[str]:
        """Everything that was written or tried to be, as method and path."""
        return [one.line for one in self.requests if one.method != "GET" and not one.path.endswith("/graphql")]

    # --- one request -----------------------------------------------------------------------------------------------

    def _answer_checked(self, request: Request) -> Reply:
        if self.prefix and not request.raw_path.startswith((f"{self.prefix}/", self._graphql)):
            raise OffenceError(f"{request.line} is not below {self.prefix}")
        request = self.known_as(request)
        self._check_manners(request)
        who = self.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        if who is None:
            return self._limits(_error(401, "Bad credentials"), request)
        if request.path == "/graphql":
            return self._viewer(request, who)
        operation, names = self.api.operation(request)
        reply = self._permitted(operation, Asked(request, who, names))
        self.api.check_reply(operation, request, reply)
        return self._limits(self._conditional(reply, request), request)

    @property
    def _graphql(self) -> str:
        return f"{self.prefix.removesuffix('/v3')}/graphql"

    def known_as(self, request: Request) -> Request:
        """The request without the prefix, and with names where a link of ours bears numbers."""
        path = "/graphql" if request.raw_path == self._graphql else request.raw_path
        path = path.removeprefix(self.prefix) if self.prefix else path
        for name, (number, _) in self.world.repositories.items():
            path = _replaced(path, f"/repositories/{number}", f"/repos/{name}")
        for handle in self.world.teams:
            org, slug = handle.removeprefix("@").split("/")
            path = _replaced(
                path, f"/organizations/900/team/{self.shapes.team_id(handle)}", f"/orgs/{org}/teams/{slug}"
            )
        return Request(request.method, unquote(path), request.query, request.headers, request.body, path)

    def _check_manners(self, request: Request) -> None:
        headers = request.headers
        if not headers.get("user-agent"):
            raise OffenceError(f"{request.line}: GitHub refuses requests without a User-Agent")
        if request.path != "/graphql" and "application/vnd.github" not in headers.get("accept", ""):
            raise OffenceError(f"{request.line}: GitHub recommends Accept: application/vnd.github+json")
        if request.path != "/graphql" and headers.get("x-github-api-version") != "2022-11-28":
            raise OffenceError(f"{request.line}: the version of the API is not said")

    def _permitted(self, operation: Operation, asked: Asked) -> Reply:
        if "repo" in asked.names:
            name = self._name(asked)
            if name in self.world.former_names:
                target = asked.request.raw_path.replace(f"/repos/{name}", f"/repositories/{self.world.project_id}")
                query = f"?{urlencode(asked.request.query)}" if asked.request.query else ""
                told = {"message": "Moved Permanently", "url": f"{self.url}{target}{query}"}
                return Reply(301, told, {"location": f"{self.url}{target}{query}"})
            if name not in self.world.repositories or self._hidden(name, asked.who):
                return _error(404, "Not Found")
        needed = self._needed(operation)
        if needed and not self._has(asked.who, needed):
            return self._refused(asked.who, needed)
        return self._routes[operation.id](asked)

    def _hidden(self, name: str, who: Identity) -> bool:
        private = name in self.world.private
        return private and (name != self.world.project or self.shapes.level(who.account) == "none")

    def _needed(self, operation: Operation) -> str:
        if operation.id in ("repos/get", "orgs/get", "users/get-authenticated", "users/get-by-username"):
            return ""
        found = next(right for start, right in NEEDS.items() if operation.id.startswith(start))
        exact = NEEDS.get(operation.id, found)
        return f"{exact}:{'read' if operation.method == 'GET' else 'write'}" if exact != "metadata" else ""

    def _has(self, who: Identity, needed: str) -> bool:
        right, _, level = needed.partition(":")
        return f"{right}:write" in who.permissions or (level == "read" and needed in who.permissions)

    def _refused(self, who: Identity, needed: str) -> Reply:
        if needed == "members:read" and not who.app:
            return _error(404, "Not Found")  # who is not of the organisation sees no team
        kind = "integration" if who.app else "personal access token"
        headers = {"x-accepted-github-permissions": needed.replace(":", "=")}
        return _error(403, f"Resource not accessible by {kind}", headers)

    def _conditional(self, reply: Reply, request: Request) -> Reply:
        if request.method != "GET" or reply.status != 200:
            return reply
        tag = f'W/"{hashlib.sha256(reply.encoded()).hexdigest()}"'
        if request.headers.get("if-none-match") == tag:
            return Reply(304, None, {"etag": tag})
        return Reply(reply.status, reply.body, {**reply.headers, "etag": tag})

    def _limits(self, reply: Reply, request: Request) -> Reply:
        self._left -= 0 if reply.status == 304 else 1
        told = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": str(self._left), "x-ratelimit-resource": "core"}
        return Reply(reply.status, reply.body, {**reply.headers, **told, "x-github-request-id": "C0:FFEE"})

    def _viewer(self, request: Request, who: Identity) -> Reply:
        asked = request.json()
        if request.method != "POST" or "viewer" not in asked["query"] or "mutation" in asked["query"]:
            raise OffenceError(f"{request.line}: only the viewer is asked for in GraphQL")
        account = self.world.accounts[who.account]
        return Reply(200, {"data": {"viewer": {"databaseId": account.id, "login": account.login}}})

    def _page(self, asked: Asked, found: Sequence[Any], wrap: Callable[[list[Any]], Any] = list) -> Reply:
        size, page = int(asked.query("per_page", "30")), int(asked.query("page", "1"))
        if not (1 <= size <= 100 and page >= 1):
            raise OffenceError(f"{asked.request.line}: a page has at most 100 entries")
        last = max(1, -(-len(found) // size))
        links = [self._link(asked, {"page": str(page + 1)}, "next")] if page < last else []
        links += [self._link(asked, {"page": str(last)}, "last")] if page < last else []
        links += [self._link(asked, {"page": str(page - 1)}, "prev")] if page > 1 else []
        headers = {"link": ", ".join(links)} if links else {}
        return Reply(200, wrap(list(found[(page - 1) * size : page * size])), headers)

    def _link(self, asked: Asked, more: Mapping[str, str], relation: str) -> str:
        path = asked.request.raw_path
        if "repo" in asked.names:
            number = self.world.repositories[self._name(asked)][0]
            path = path.replace(f"/repos/{self._name(asked)}", f"/repositories/{number}", 1)
        elif "team_slug" in asked.names:
            ours = f"/orgs/{asked.names['org']}/teams/{asked.names['team_slug']}"
            path = path.replace(ours, f"/organizations/900/team/{self.shapes.team_id(self._handle(asked))}", 1)
        query = urlencode({**asked.request.query, **more})
        return f'<{self.url}{quote(path, safe="/%")}?{query}>; rel="{relation}"'

    def _name(self, asked: Asked) -> str:
        return f"{asked.names['owner']}/{asked.names['repo']}"

    def _handle(self, asked: Asked) -> str:
        return f"@{asked.names['org']}/{asked.names['team_slug']}"

    # --- reading ---------------------------------------------------------------------------------------------------

    def _organisation(self, name: str) -> Any:
        return self.api.shape("organization-full", {"login": name, "id": 900, "type": "Organization"})

    def _user(self, asked: Asked) -> Reply:
        if asked.who.app:
            return _error(403, "Resource not accessible by integration")
        told = self.shapes.user(asked.who.account) or {}
        return Reply(200, self.api.shape("private-user", {**told, "user_view_type": "private"}))

    def _user_of(self, asked: Asked) -> Reply:
        login = asked.names["username"]
        found = self._account_of(login)
        if found is None:
            return _error(404, "Not Found")
        return Reply(
            200, self.api.shape("public-user", {**(self.shapes.user(found) or {}), "user_view_type": "public"})
        )

    def _account_of(self, login: str) -> int | None:
        known = self.world.accounts.values()
        return next((one.id for one in known if one.login.lower() == login.lower() and not one.deleted), None)

    def _team(self, asked: Asked) -> Reply:
        handle = self._handle(asked)
        return Reply(200, self.shapes.team(handle)) if handle in self.world.teams else _error(404, "Not Found")

    def _teams(self, asked: Asked) -> Reply:
        start = f"@{asked.names['org']}/"
        return self._page(asked, [self.shapes.team(one, "team") for one in self.world.teams if one.startswith(start)])

    def _members(self, asked: Asked) -> Reply:
        handle = self._handle(asked)
        if handle not in self.world.teams:
            return _error(404, "Not Found")
        return self._page(asked, [self.shapes.user(number) for number in self.world.members(handle)])

    def _activities(self, asked: Asked) -> Reply:
        ref = asked.query("ref")
        wanted = ref if ref.startswith("refs/") or not ref else f"refs/heads/{ref}"
        kind, name = asked.query("activity_type"), self._name(asked)
        found = [
            push
            for push in self.world.pushes
            if push.repository == name and wanted in ("", push.ref) and kind in ("", push.kind)
        ]
        found.sort(key=lambda push: push.id, reverse=asked.query("direction", "desc") == "desc")
        size, start = int(asked.query("per_page", "30")), int(asked.query("after", "0"))
        if size > 100:
            raise OffenceError(f"{asked.request.line}: a page has at most 100 entries")
        told = [self.shapes.activity(push) for push in found[start : start + size]]
        more = start + size < len(found)
        return Reply(200, told, {"link": self._link(asked, {"after": str(start + size)}, "next")} if more else {})

    def _branch(self, asked: Asked) -> Reply:
        tip = self.world.tip(f"refs/heads/{asked.names['branch']}")
        told = {"name": asked.names["branch"], "commit": {"sha": tip}, "protected": True}
        return Reply(200, self.api.shape("branch-with-protection", told)) if tip else _error(404, "Branch not found")

    def _collaborators(self, asked: Asked) -> Reply:
        if not asked.who.app and self.shapes.level(asked.who.account) not in ("admin", "maintain", "write"):
            return _error(403, "Must have push access to view repository collaborators.")
        wanted, world = asked.query("permission"), self.world
        found = [number for number, level in world.permissions.items() if level != "none" and wanted in ("", level)]
        users = [self.shapes.user(number) for number in found if not world.accounts[number].deleted]
        told = [{**(user or {}), "role_name": self.shapes.level(user["id"]) if user else ""} for user in users]
        return self._page(asked, [self.api.shape("collaborator", one) for one in told])

    def _permission(self, asked: Asked) -> Reply:
        login = asked.names["username"]
        found = self._account_of(login)
        return Reply(200, self.shapes.permission(found)) if found is not None else _error(404, f"{login} is not a user")

    def _pulls_of(self, asked: Asked) -> Reply:
        sha, found = asked.names["commit_sha"], []
        for number, pull in self.world.pulls.items():
            landed = self.world.landed(number)
            if sha in landed or (sha in self.world.commits(number) and pull.state != "closed"):
                found.append(self.shapes.pull(number, "pull-request-simple"))
        return self._page(asked, found)

    def _commit(self, asked: Asked) -> Reply:
        sha = self._commit_of(asked.names["ref"])
        if not sha:
            return _error(422, f"No commit found for SHA: {asked.names['ref']}", errors=True)
        size, page = int(asked.query("per_page", str(FILES_OF_COMMIT))), int(asked.query("page", "1"))
        files = self.world.changes_of(sha)[:FILES_TOLD]
        more = page * size < len(files)
        links = {"link": self._link(asked, {"page": str(page + 1)}, "next")} if more else {}
        return Reply(200, self.shapes.commit(sha, files=files[(page - 1) * size : page * size]), links)

    def _commit_of(self, name: str) -> str:
        return self.world.resolve(name)

    def _content(self, asked: Asked) -> Reply:
        commit, path = self.world.resolve(asked.query("ref", "main")), asked.names["path"]
        try:
            data = self.world.blob(commit, path)
        except FileNotFoundError:
            return _error(404, "Not Found")
        except IsADirectoryError:
            return Reply(200, [])
        if "raw" in asked.request.headers["accept"]:
            return Reply(200, data, {"content-type": "application/vnd.github.raw+json; charset=utf-8"})
        return Reply(200, self.shapes.content(path, data))

    def _ref(self, asked: Asked) -> Reply:
        ref = f"refs/{asked.names['ref']}"
        told = self.world.git("for-each-ref", "--format=%(refname) %(objectname) %(objecttype)", ref).split()
        if not told or told[0] != ref:
            return _error(404, "Not Found")
        return Reply(200, self.api.shape("git-ref", {"ref": ref, "object": {"type": told[2], "sha": told[1]}}))

    def _number(self, asked: Asked) -> int:
        return int(asked.names.get("pull_number") or asked.names["issue_number"])

    def _pull(self, asked: Asked) -> Reply:
        number = self._number(asked)
        return Reply(200, self.shapes.pull(number)) if number in self.world.pulls else _error(404, "Not Found")

    def _pulls(self, asked: Asked) -> Reply:
        state, base, head = asked.query("state", "open"), asked.query("base"), asked.query("head")
        found = []
        for pull in self.world.pulls.values():
            label = f"{pull.head_repository.split('/')[0]}:{pull.head_ref}"
            same = base in ("", pull.base_ref) and head in ("", label)
            if same and state in ("all", "open" if pull.state == "open" else "closed"):
                found.append(pull)
        field = {"updated": "updated", "created": "created"}[asked.query("sort", "created")]
        descending = asked.query("direction", "desc" if field == "created" else "asc") == "desc"
        found.sort(key=lambda pull: (getattr(pull, field), pull.number), reverse=descending)
        return self._page(asked, [self.shapes.pull(pull.number, "pull-request-simple") for pull in found])

    def _pull_commits(self, asked: Asked) -> Reply:
        commits = self.world.commits(self._number(asked))[:COMMITS_TOLD]
        return self._page(asked, [self.shapes.commit(sha) for sha in commits])

    def _pull_files(self, asked: Asked) -> Reply:
        number = self._number(asked)
        return self._page(asked, list(map(self.shapes.file, self.world.changes(number)[:FILES_TOLD])))

    def _reviews(self, asked: Asked) -> Reply:
        pull = self.world.pulls[self._number(asked)]
        seen = [each for each in pull.reviews if each.state != "PENDING" or each.by == asked.who.account]
        return self._page(asked, [self.shapes.review(pull, each) for each in seen])

    def _timeline(self, asked: Asked) -> Reply:
        return self._page(asked, self.shapes.timeline(self.world.pulls[self._number(asked)]))

    # --- comments --------------------------------------------------------------------------------------------------

    def _comments(self, asked: Asked) -> Reply:
        found = [each for each in self.world.comments if each.number == self._number(asked)]
        return self._page(asked, [self.shapes.comment(each) for each in found])

    def _find_comment(self, asked: Asked) -> Comment | None:
        number = int(asked.names["comment_id"])
        return next((each for each in self.world.comments if each.id == number), None)

    def _get_comment(self, asked: Asked) -> Reply:
        found = self._find_comment(asked)
        return Reply(200, self.shapes.comment(found)) if found is not None else _error(404, "Not Found")

    def _create_comment(self, asked: Asked) -> Reply:
        body, now = asked.request.json()["body"], self.world.now()
        if self._number(asked) not in self.world.pulls:
            return _error(404, "Not Found")
        if not body.strip() or len(body) > COMMENT_LIMIT:
            return _error(422, "Validation Failed: body is too long (maximum is 65536 characters)", errors=True)
        comment = Comment(self.world.next_id(), self._number(asked), asked.who.account, body, now, now)
        self.world.comments.append(comment)
        return Reply(201, self.shapes.comment(comment))

    def _update_comment(self, asked: Asked) -> Reply:
        body, comment = asked.request.json()["body"], self._find_comment(asked)
        if comment is None:
            return _error(404, "Not Found")
        if not body.strip() or len(body) > COMMENT_LIMIT:
            return _error(422, "Validation Failed: body is too long (maximum is 65536 characters)", errors=True)
        comment.body, comment.updated = body, self.world.now()
        return Reply(200, self.shapes.comment(comment))

    def _delete_comment(self, asked: Asked) -> Reply:
        comment = self._find_comment(asked)
        if comment is None:
            return _error(404, "Not Found")
        self.world.comments.remove(comment)
        return Reply(204)

    # --- statuses and checks ---------------------------------------------------------------------------------------

    def _statuses(self, asked: Asked) -> Reply:
        sha = self._commit_of(asked.names["ref"])
        found = [self.shapes.status(each) for each in reversed(self.world.statuses) if each.commit == sha]
        return self._page(asked, found)

    def _create_status(self, asked: Asked) -> Reply:
        told, sha = asked.request.json(), asked.names["sha"]
        if not self._commit_of(sha):
            return _error(422, f"No commit found for SHA: {sha}", errors=True, plain=True)
        if len(told.get("description") or "") > 140:
            raise OffenceError(f"{asked.request.line}: a description has at most 140 characters")
        status = Status(
            self.world.next_id(),
            sha,
            told.get("context", "default"),
            told["state"],
            told.get("description") or "",
            asked.who.account,
            self.world.now(),
            told.get("target_url") or "",
        )
        self.world.statuses.append(status)
        return Reply(201, self.shapes.status(status))

    def _check_runs(self, asked: Asked) -> Reply:
        sha, name, app = self._commit_of(asked.names["ref"]), asked.query("check_name"), asked.query("app_id")
        found = [
            run
            for run in reversed(self.world.check_runs)
            if run.commit == sha and name in ("", run.name) and app in ("", str(run.app))
        ]
        if asked.query("filter", "latest") == "latest":
            found = list({(run.app, run.name): run for run in reversed(found)}.values())
        told = [self.shapes.check_run(run) for run in found]
        return self._page(asked, told, lambda page: {"total_count": len(told), "check_runs": page})

    def _create_check_run(self, asked: Asked) -> Reply:
        if not asked.who.app:
            return _error(403, "You must authenticate via a GitHub App.")
        told = asked.request.json()
        if not self._commit_of(told["head_sha"]):
            return _error(422, "No commit found for SHA", errors=True)
        run = CheckRun(self.world.next_id(), told["head_sha"], told["name"], asked.who.app, started=self.world.now())
        self.world.check_runs.append(run)
        return Reply(201, self._take_run(run, told))

    def _update_check_run(self, asked: Asked) -> Reply:
        number = int(asked.names["check_run_id"])
        run = next((each for each in self.world.check_runs if each.id == number), None)
        if run is None:
            return _error(404, "Not Found")
        if run.app != asked.who.app:
            return _error(403, "Invalid app_id for check run")
        return Reply(200, self._take_run(run, asked.request.json()))

    def _take_run(self, run: CheckRun, told: Mapping[str, Any]) -> dict[str, Any]:
        run.status = "completed" if "conclusion" in told else told.get("status", run.status)
        run.conclusion = told.get("conclusion") if run.status == "completed" else None
        run.url = told.get("details_url", run.url)
        output = told.get("output", {})
        run.title, run.summary = output.get("title", run.title), output.get("summary", run.summary)
        run.text = output.get("text", run.text)
        run.annotations += output.get("annotations", [])
        return self.shapes.check_run(run)

    # --- releases --------------------------------------------------------------------------------------------------

    def _get_release(self, asked: Asked) -> Reply:
        found = next((each for each in self.world.releases if each.tag == asked.names["tag"]), None)
        return Reply(200, self.shapes.release(found)) if found is not None else _error(404, "Not Found")

    def _create_release(self, asked: Asked) -> Reply:
        told, world = asked.request.json(), self.world
        tag = told["tag_name"]
        if not world.git("for-each-ref", f"refs/tags/{tag}"):
            raise OffenceError(f"{asked.request.line}: there is no tag {tag}, and GitHub would make one")
        if any(each.tag == tag for each in world.releases):
            return _error(422, "Validation Failed: already_exists", errors=True)
        words = (told.get("name", tag), told.get("body", ""))
        release = Release(world.next_id(), tag, *words, asked.who.account, world.now())
        world.releases.append(release)
        return Reply(201, self.shapes.release(release))

    def _update_release(self, asked: Asked) -> Reply:
        number, told = int(asked.names["release_id"]), asked.request.json()
        found = next((each for each in self.world.releases if each.id == number), None)
        if found is None:
            return _error(404, "Not Found")
        if told.get("tag_name", found.tag) != found.tag:
            raise OffenceError(f"{asked.request.line}: the page of a tag stays with its tag")
        found.title, found.body = told.get("name", found.title), told.get("body", found.body)
        return Reply(200, self.shapes.release(found))

    # --- webhooks --------------------------------------------------------------------------------------------------

    def event(self, name: str, number: int = 0, **more: Any) -> dict[str, Any]:
        """What GitHub sends: "pull_request.opened", "pull_request_review.submitted", "merge_group.checks_requested",
        "push", "ping", "workflow_run.completed"; valid by the schema of its webhooks.
        """
        kind, _, action = name.partition(".")
        told: dict[str, Any] = {"action": action} if action else {}
        told["repository"] = self.shapes.repository(self.world.project)
        told["sender"] = self._sender()
        if number:
            told |= {"number": number, "pull_request": self.shapes.pull(number)}
            pull = self.world.pulls[number]
            if kind == "pull_request_review":
                told["review"] = self.shapes.review(pull, pull.reviews[-1])
                told["review"]["state"] = told["review"]["state"].lower()
        if kind == "merge_group":
            told["merge_group"] = self._group()
        if kind == "push":
            push = next(push for push in reversed(self.world.pushes) if push.repository == self.world.project)
            told |= {"ref": push.ref, "before": push.before, "after": push.after, "pusher": {"name": "somebody"}}
        return github_webhooks().event(f"{kind}${action or 'event'}", told | more)

    def _sender(self) -> dict[str, Any]:
        known = next(one for one in self.world.accounts if not self.world.accounts[one].deleted)
        return self.shapes.user_or_ghost(known)

    def _group(self) -> dict[str, Any]:
        assert self.world.group is not None, "no group is queued"
        base, head, numbers = self.world.group
        ref = f"refs/heads/{self.world.group_ref(numbers, base)}"
        commit = {"id": head, "message": f"Merge pull request #{numbers[-1]}", "timestamp": when(self.world.now())}
        refs = {"base_ref": "refs/heads/main", "head_ref": ref}
        return {"base_sha": base, "head_sha": head, **refs, "head_commit": commit}


def _error(
    status: int,
    message: str,
    headers: Mapping[str, str] | None = None,
    *,
    errors: bool = False,
    plain: bool = False,
) -> Reply:
    told: dict[str, Any] = {
        "message": message,
        "documentation_url": "https://docs.github.com/rest",
        "status": str(status),
    }
    if errors and not plain:
        told["errors"] = [{"code": "invalid"}]
    return Reply(status, told, headers or {})


def _replaced(path: str, start: str, by: str) -> str:
    return by + path.removeprefix(start) if path == start or path.startswith(f"{start}/") else path


def as_file(payload: Mapping[str, Any]) -> bytes:
    """A payload as GitHub writes it into the file of an event."""
    return json.dumps(payload).encode()
