"""What a forge tells of a pull request as a facts file, so that `check` judges it like one that was written down. Pure.

An account is its number; the login that goes into the facts is what the forge calls that number now. Whatever a forge
cannot say is put on the safe side: where it does not know who pushed, the last commit has an unknown author, so that
two owners are asked for; a review of no known commit never counts; an account that is gone has no role.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from agentgov.forge import port
from agentgov.forge.reasons import INCOMPLETE, MOVED, incomplete
from agentgov.owners.codeowners import match, parse, places
from agentgov.review.facts import BrokenGlass, ChangedFile, Commit, Facts, Policy, PullRequest, SubmittedReview
from agentgov.review.votes import OPINIONS
from agentgov.trust.identity import Forge

ROLES: Mapping[port.Permission, str] = {
    "admin": "administrator",
    "maintain": "operator",
    "write": "operator",
    "triage": "viewer",
    "read": "viewer",
}  # who may do nothing has no role
GONE = "(deleted account)"  # no login holds brackets or spaces, so nobody can take this one
WEB_FLOW = 19864447  # what GitHub's own button commits with: nobody
_CO_AUTHOR = re.compile(r"^co-authored-by:[^<\n]{0,500}<([^<>\s]{1,320})>[ \t]*$", re.IGNORECASE | re.MULTILINE)
_PRIVATE: Mapping[str, re.Pattern[str]] = {
    "github": re.compile(r"(?:(?P<number>[0-9]{1,18})\+)?(?P<login>[A-Za-z0-9\[\]-]{1,100})@users\.noreply\."),
    "gitlab": re.compile(r"(?P<number>[0-9]{1,18})-(?P<login>[A-Za-z0-9_.-]{1,255})@users\.noreply\."),
}


@dataclass(frozen=True, slots=True)
class People:
    """Who is who on the forge: the members of each team that owns something, and what each account may do.

    A team that is not among `teams` does not exist; who is not among `roles` is nobody who could review.
    """

    teams: Mapping[str, tuple[port.Account, ...]]
    roles: Mapping[port.Account, port.Permission]


@dataclass(frozen=True, slots=True)
class Owned:
    """The CODEOWNERS that decide: the target branch's, and the head's where it differs; None where there is none."""

    base: str | None
    head: str | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """Those that are there."""
        return tuple(text for text in (self.base, self.head) if text is not None)


def pull_request_facts(
    change: port.Change,
    people: People,
    owned: Owned,
    files_of: Mapping[str, tuple[str, ...]],
    policy: Policy,
    *,
    break_glass: BrokenGlass | None = None,
    update_merges: Collection[str] = (),
) -> Facts:
    """The facts of a pull request.

    `files_of` are the paths that commits touch; a commit that is not in it may have touched anything. No forge can say
    that a merge of the base was clean (`update_merges`: a clone can, see `updating`), nor who breaks the glass: both
    come from elsewhere, or are not so. Who pushed nothing but such merges has no part in the work.
    """
    names = _Names()
    for account in _everybody(change, people):
        names.learn(account)
    return Facts(
        codeowners=owned.base,
        codeowners_head=owned.head,
        dialect=change.pull_request.project.forge,
        teams={handle: tuple(map(names.of, members)) for handle, members in people.teams.items()},
        roles={names.of(who): ROLES[level] for who, level in people.roles.items() if level in ROLES},
        bots=tuple(sorted({names.of(who) for who in _everybody(change, people) if who.bot})),
        pr=PullRequest(
            author=names.of(change.pull_request.author),
            commits=tuple(_commits(change, names, files_of, policy, update_merges)),
            files=tuple(map(_file, change.files)),
            reviews=tuple(SubmittedReview(names.of(one.by), one.state, one.commit) for one in change.reviews),
            break_glass=break_glass,
        ),
        policy=policy,
    )


def commits_to_look_into(change: port.Change, policy: Policy) -> tuple[str, ...]:
    """The commits whose files decide whether an opinion still holds: those after the oldest one that was reviewed."""
    reviewed = {one.commit for one in change.reviews if one.state in OPINIONS}
    shas = tuple(commit.sha for commit in change.commits)
    first = next((place for place, sha in enumerate(shas, 1) if sha in reviewed), len(shas))
    return shas[first:] if policy.stale == "owned-paths" else ()


def needed_owners(owned: Owned, paths: Collection[str], policy: Policy, forge: Forge) -> tuple[str, ...]:
    """Everybody who is named for one of these paths, as they are named: teams, logins, addresses."""
    found: dict[str, None] = {}
    for text in owned.texts:
        codeowners = parse(text, places(forge)[0], forge)
        for path in paths:
            answer = match(codeowners, path)
            found |= dict.fromkeys((*answer.owners, *(one for part in answer.sections for one in part.owners)))
    for rule in policy.extra:
        if any(path.startswith(rule.prefix) for path in paths):
            found |= dict.fromkeys(rule.owners)
    return tuple(found)


def asks_administrators(
    owned: Owned, paths: Collection[str], policy: Policy, forge: Forge, answering: Collection[str]
) -> bool:
    """Whether administrators answer for any of these paths: nobody is named, or somebody who cannot answer.

    `answering` are the owners behind whom there is somebody who may review.
    """
    if policy.unowned == "pass":
        return False
    parsed = tuple(parse(text, places(forge)[0], forge) for text in owned.texts or ("",))
    named = [match(codeowners, path).owners for codeowners in parsed for path in paths]
    return any(not owners or any(owner not in answering for owner in owners) for owners in named)


def is_team(owner: str, project: port.Project) -> bool:
    """Whether an owner may be a team: on GitLab its name may look like a person's, and on GitHub teams of another
    organisation than the repository's own nothing."""
    if not owner.startswith("@") or owner.startswith("@@"):
        return False
    if project.forge == "gitlab":
        return True
    organisation, slash, _ = owner[1:].lower().partition("/")
    return bool(slash) and organisation == project.name.lower().partition("/")[0]


def paths_of(files: Iterable[port.File]) -> tuple[str, ...]:
    """Every path that files are or were at."""
    return tuple(dict.fromkeys(path for file in files for path in (file.previous, file.path) if path is not None))


def co_authors(message: str, forge: Forge, known: Mapping[int, str]) -> tuple[str, ...]:
    """The logins behind the Co-authored-by lines of a message, as far as their addresses say an account.

    `known` are logins by number: where an address bears a number, the number decides. It is a claim, which can only
    take a vote away.
    """
    found: dict[str, None] = {}
    for line in _CO_AUTHOR.finditer(message):
        address = _PRIVATE[forge].match(line[1])
        if address is not None:
            number, login = address["number"], address["login"]
            found[login if number is None else known.get(int(number), login)] = None
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Names:
    """The login of each number, as it was first told."""

    logins: dict[int, str] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)

    def learn(self, account: port.Account) -> None:
        """IncompleteError (`forge.moved`) where one login stands for two accounts: it changed hands meanwhile."""
        login = self.logins.setdefault(account.id, account.login)
        if self._numbers.setdefault(login.lower(), account.id) != account.id:
            raise incomplete(MOVED, f"the login {login} changed hands while the pull request was read", "try again")

    def of(self, account: port.Account | None) -> str:
        return GONE if account is None else self.logins[account.id]


def _everybody(change: port.Change, people: People) -> Iterator[port.Account]:
    told: list[port.Account | None] = [change.pull_request.author, change.pushers.last]
    told += [one.by for one in change.reviews]
    told += [who for commit in change.commits for who in (commit.author, commit.committer)]
    yield from (who for who in told if who is not None)
    yield from change.pushers.accounts
    yield from people.roles
    for members in people.teams.values():
        yield from members


def _commits(
    change: port.Change,
    names: _Names,
    files_of: Mapping[str, tuple[str, ...]],
    policy: Policy,
    update_merges: Collection[str],
) -> Iterator[Commit]:
    """The commits, with whoever pushed as an author of the last one that is anybody's work."""
    last = next((commit.sha for commit in reversed(change.commits) if commit.sha not in update_merges), "")
    pushers = _without_updates(change, update_merges)
    for commit in change.commits:
        forge = change.pull_request.project.forge
        told = Commit(
            sha=commit.sha,
            author=names.of(commit.author) if commit.author is not None else None,
            committer=names.of(who) if (who := commit.committer) is not None and who.id != WEB_FLOW else None,
            co_authors=co_authors(commit.message, forge, names.logins),
            files=files_of.get(commit.sha),
            update_merge=commit.sha in update_merges,
        )
        yield told if commit.sha != last else _pushed(told, pushers, names, policy)


def _without_updates(change: port.Change, update_merges: Collection[str]) -> port.Pushers:
    """Who pushed work: without those of whom the forge tells pushes, and nothing but update merges in each of them.

    Where there may be others who pushed, nobody is left out.
    """
    pushers = change.pushers
    before = {commit.sha: commit.parents[0] for commit in change.commits if commit.sha in update_merges}
    updates = {push for push in pushers.pushes if pushers.known and _only_updates(push, before)}
    idle = {push.by.id for push in updates} - {push.by.id for push in pushers.pushes if push not in updates}
    accounts = tuple(who for who in pushers.accounts if who.id not in idle)
    last = pushers.last if change.pull_request.head not in before else _last_worker(change, updates)
    return port.Pushers(accounts, pushers.known, last)


def _last_worker(change: port.Change, updates: Collection[port.Push]) -> port.Account | None:
    """Who pushed what is there without the updates on top of it; None where not just one push is told of."""
    at = change.pull_request.head
    while True:
        told = [push for push in change.pushers.pushes if push.after == at]
        if len(told) != 1:
            return None
        if told[0] not in updates:
            return told[0].by
        at = told[0].before


def _only_updates(push: port.Push, before: Mapping[str, str]) -> bool:
    """Whether a push put update merges onto what was there, and nothing else. `before`: their first parents."""
    at = push.after
    while at != push.before and at in before:
        at = before[at]
    return at == push.before != push.after


def _pushed(commit: Commit, pushers: port.Pushers, names: _Names, policy: Policy) -> Commit:
    """The last commit that is work: everybody who pushed has a part in it, and its author is only known where they are.

    Who wrote a commit does not tell who pushed it, so where the policy asks for the last pusher and the forge does not
    say, the author is not known either.
    """
    asked = policy.require_last_push_approval
    known = pushers.known and (pushers.last is not None or not asked)
    parts = (*commit.co_authors, *map(names.of, pushers.accounts))
    author = commit.author
    if not known and author is not None:
        parts, author = (*parts, author), None
    return Commit(
        sha=commit.sha,
        author=author,
        committer=commit.committer,
        co_authors=tuple(dict.fromkeys(one for one in parts if one != author)),
        files=commit.files,
        pusher=names.of(pushers.last) if pushers.last is not None else None,
    )


def _file(file: port.File) -> ChangedFile:
    if file.status == "renamed" and not file.previous:
        raise incomplete(INCOMPLETE, f"the forge does not say where {file.path} was before", "try again")
    return ChangedFile(file.path, file.status, file.previous)
