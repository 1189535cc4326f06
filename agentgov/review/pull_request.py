"""The verdict on a pull request as a forge sees it: by commits, reviews and a policy.

- Every changed path needs its own owners, both ends of a rename too; the base's CODEOWNERS decides.
- Owners nobody of whom may review are no owners, and an unowned path is the administrators'.
- The author never counts, nor whoever wrote or pushed a commit; a clean merge of the base is nobody's work.
- A review speaks of the commit that it names. A later push ends it as the policy says; a commit that is not in the pull
  request any more may have been anything, so the review is stale.

Pure. It says what CI shows; what may run is decided by contents (`change`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from agentgov.model.verdict import Location
from agentgov.owners.codeowners import Codeowners, SectionMatch, match, parse, places
from agentgov.review.decide import Override, ReviewVerdict, decide
from agentgov.review.electorate import Electorate
from agentgov.review.facts import Commit, Facts
from agentgov.review.requirements import WHOLE, Requirement
from agentgov.review.votes import OPINIONS, Opinion, Vote, Why, superseded

UNKNOWN_AUTHORS_COUNT = 2  # owners asked for when nobody can say who wrote a commit


def decide_pull_request(facts: Facts) -> ReviewVerdict:
    """The verdict on the pull request of a facts file."""
    case = _Case(facts, Electorate(facts))
    requirements = tuple(case.requirements())
    blocks = facts.policy.block_on_changes_requested
    return decide(requirements, tuple(case.votes()), requests_block=blocks, override=case.override())


@dataclass(frozen=True)  # no slots: what follows from the facts is worked out once, when it is asked for
class _Case:
    facts: Facts
    people: Electorate
    _asked: dict[str, tuple[Requirement, ...]] = field(default_factory=dict)

    # What is needed

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Every path that needs a review, both ends of a rename, without the exempt ones."""
        exempt = self.facts.policy.exempt
        touched: dict[str, None] = {}
        for file in self.facts.pr.files:
            moved = file.previous is not None and file.status != "copied"
            touched |= dict.fromkeys((file.previous, file.path) if moved and file.previous else (file.path,))
        folders = tuple(path for path in exempt if path.endswith("/"))
        return tuple(path for path in touched if path not in exempt and not path.startswith(folders))

    @cached_property
    def sides(self) -> tuple[Codeowners, ...]:
        """The CODEOWNERS that have a say: the base's, and the result's where the policy asks for both."""
        texts = [self.facts.codeowners or ""]
        if self.facts.policy.require_both_branches and self.facts.codeowners_head is not None:
            texts.append(self.facts.codeowners_head)
        dialect = self.facts.dialect
        return tuple(parse(text, places(dialect)[0], dialect) for text in texts)

    def requirements(self) -> Iterator[Requirement]:
        """Everything that is needed, path by path and then for the change as a whole."""
        for path in self.paths:
            yield from self._of_path(path)
        policy, everybody = self.facts.policy, (self.people.everybody,)
        if policy.min_total and self.paths:
            yield self._requirement(WHOLE, "reviewers", "review.total", everybody, policy.min_total)
        if policy.require_last_push_approval and self.paths:
            # Of two people at least one did not push last, also where nobody can say who did.
            count = 1 if self.last_pusher is not None else 2
            yield self._requirement(WHOLE, "the last push", "review.last-push", everybody, count, self._saw_too_little)

    def _of_path(self, path: str) -> tuple[Requirement, ...]:
        if path not in self._asked:
            self._asked[path] = tuple(self._requirements_of(path))
        return self._asked[path]

    def _requirements_of(self, path: str) -> Iterator[Requirement]:
        seen = []
        for side in self.sides:
            for requirement in self._owners(path, side):
                if (requirement.groups, requirement.count) not in seen:
                    seen.append((requirement.groups, requirement.count))
                    yield requirement
        for rule in self.facts.policy.extra:
            if path.startswith(rule.prefix):
                group = frozenset[str]().union(*(self.people.members(owner) for owner in rule.owners))
                asked = group if self._reviewers(group, path) else self.people.administrators
                yield self._requirement(path, rule.name, "review.extra", (asked,), rule.count, labels=rule.owners)

    def _owners(self, path: str, side: Codeowners) -> Iterator[Requirement]:
        policy = self.facts.policy
        found = match(side, path)
        where = Location(side.file, found.rule.line, 1) if found.rule is not None else None
        groups = [group for owner in found.owners if self._reviewers(group := self.people.members(owner), path)]
        count = max(policy.approvals, policy.mode if isinstance(policy.mode, int) else 1, self._least_count)
        if not groups:
            if policy.unowned == "administrator":
                answering = (self.people.administrators,)
                yield self._requirement(path, "administrators", "review.unowned", answering, count, where=where)
            return
        sections = tuple(self._sections(path, side, found.sections))
        yield from sections
        one_of_all = (frozenset[str]().union(*groups),)
        if policy.mode == "all":
            if policy.unowned == "administrator" and len(groups) < len(found.owners):
                groups.append(self.people.administrators)  # they answer for an owner who is nobody
            yield self._requirement(path, "every owner", "review.owners", tuple(groups), 1, {}, found.owners, where)
        least = max((section.count for section in sections), default=0)
        if (policy.mode != "all" or count > 1) and count > least:  # else a section asks for as many already
            yield self._requirement(path, "owners", "review.owners", one_of_all, count, {}, found.owners, where)

    def _sections(self, path: str, side: Codeowners, found: tuple[SectionMatch, ...]) -> Iterator[Requirement]:
        """What each section of GitLab's dialect asks for; optional ones ask for nothing."""
        for section in found:
            if not section.approvals:
                continue
            people = frozenset[str]().union(*map(self.people.members, section.owners))
            known = self._reviewers(people, path)
            if not known and self.facts.policy.unowned == "pass":
                continue
            group = people if known else self.people.administrators  # they answer where a section names nobody known
            name = f"owners of section {section.name}" if known else f"administrators for section {section.name}"
            count = max(section.approvals, self._least_count)
            where = Location(side.file, section.rule.line, 1)
            yield self._requirement(path, name, "review.section", (group,), count, {}, section.owners, where)

    def _requirement(
        self,
        path: str,
        name: str,
        rule: str,
        groups: tuple[frozenset[str], ...],
        count: int,
        barred: dict[str, Why] | None = None,
        labels: tuple[str, ...] = (),
        where: Location | None = None,
    ) -> Requirement:
        concerned = frozenset(vote.person for vote in self._standing).union(*groups)
        own = {who: why for who in concerned if (why := self._barred(who, None if path == WHOLE else path)) is not None}
        return Requirement(path, name, rule, groups, count, (barred or {}) | own, labels, where)

    def _reviewers(self, group: frozenset[str], path: str) -> bool:
        """Whether anybody of a group could review the path, if they had not written it."""
        return any(self.people.why_not(person, path) is None for person in group)

    # Who wrote it

    @cached_property
    def author(self) -> str:
        return self.people.person(self.facts.pr.author)

    @cached_property
    def work(self) -> tuple[Commit, ...]:
        """The commits that somebody made: without merges of the base, where the policy ignores them."""
        return tuple(commit for commit in self.facts.pr.commits if self._is_work(commit))

    def _is_work(self, commit: Commit) -> bool:
        return not (commit.update_merge and self.facts.policy.ignore_update_merges)

    @cached_property
    def contributors(self) -> frozenset[str]:
        names = {
            login
            for commit in self.work
            for login in (commit.author, commit.committer, commit.pusher, *commit.co_authors)
            if login is not None
        }
        return self.people.people(tuple(names)) - {self.author}

    @cached_property
    def last_pusher(self) -> str | None:
        if not self.facts.policy.require_last_push_approval or not self.work:
            return None
        login = self.work[-1].pusher or self.work[-1].author
        return self.people.person(login) if login is not None else None

    @property
    def _least_count(self) -> int:
        known = all(commit.author is not None for commit in self.work)
        return 1 if known else UNKNOWN_AUTHORS_COUNT

    def _barred(self, person: str, path: str | None) -> Why | None:
        policy = self.facts.policy
        if person == self.author and not policy.allow_author:
            return Why.AUTHOR
        if person in self.contributors and not policy.allow_contributor:
            return Why.CONTRIBUTOR
        return Why.LAST_PUSHER if person == self.last_pusher else self.people.why_not(person, path)

    # What was said

    @cached_property
    def _standing(self) -> tuple[Vote, ...]:
        """Every review with what its own state takes away, before anybody asks whether it is stale."""
        reviews = self.facts.pr.reviews
        people = [self.people.person(review.user) for review in reviews]
        void = superseded([(person, review.state) for person, review in zip(people, reviews, strict=True)])
        return tuple(
            Vote(person, OPINIONS.get(review.state, Opinion.COMMENT), why, None, review.commit or "")
            for person, review, why in zip(people, reviews, void, strict=True)
        )

    def votes(self) -> Iterator[Vote]:
        for vote in self._standing:
            if vote.void is None and vote.opinion is Opinion.REQUEST_CHANGES:
                yield Vote(vote.person, vote.opinion, self._cannot_block(vote.person), None, vote.given_on)
            elif vote.void is None and vote.opinion is Opinion.APPROVE and self._is_stale(vote):
                yield Vote(vote.person, vote.opinion, None, frozenset(), vote.given_on)
            else:
                yield vote

    def _cannot_block(self, person: str) -> Why | None:
        """A no of anybody who could write here counts, also of an author; it does not go stale by a push."""
        if not any(self.people.has_role(person, path) for path in self.paths or (None,)):
            return Why.ROLE
        if self.facts.policy.changes_requested_by == "owners" and not self._answers_for(person, self.paths):
            return Why.NOT_OWNER
        return None

    def _is_stale(self, vote: Vote) -> bool:
        policy = self.facts.policy
        if policy.stale == "never":
            return False
        later = self._after(vote.given_on)
        if later is None:
            return True
        if policy.stale == "any-push" or any(commit.files is None for commit in later):
            return bool(later)
        touched = tuple(dict.fromkeys(path for commit in later for path in commit.files or ()))
        if not self._answers_for(vote.person, self.paths):
            return bool(touched)  # who owns nothing here has looked at the change as a whole
        return self._answers_for(vote.person, touched)

    def _answers_for(self, person: str, paths: tuple[str, ...]) -> bool:
        asked = (requirement for path in paths for requirement in self._of_path(path))
        return any(person in group for requirement in asked for group in requirement.groups)

    def _after(self, sha: str) -> tuple[Commit, ...] | None:
        """The work that was pushed after a commit; None where the commit is not, or no longer, in the pull request."""
        commits = self.facts.pr.commits
        place = next((number for number, commit in enumerate(commits, 1) if commit.sha == sha), None)
        return None if place is None else tuple(commit for commit in commits[place:] if self._is_work(commit))

    @property
    def _saw_too_little(self) -> dict[str, Why]:
        """The people whose approval was given before the last push."""
        approvals = (vote for vote in self._standing if vote.void is None and vote.opinion is Opinion.APPROVE)
        return {vote.person: Why.STALE for vote in approvals if self._after(vote.given_on) != ()}

    # The glass

    def override(self) -> Override | None:
        policy, asked = self.facts.policy.break_glass, self.facts.pr.break_glass
        if policy is None or not policy.enabled or asked is None:
            return None
        person, commits = self.people.person(asked.by), self.facts.pr.commits
        void = None
        if not self.people.may_break_glass(person, self.paths):
            void = Why.BREAK_GLASS_NOT_ADMINISTRATOR
        elif person == self.author or person in self.contributors:
            void = Why.BREAK_GLASS_SELF
        elif not (asked.reason or "").strip():
            void = Why.BREAK_GLASS_NO_REASON
        elif not commits or asked.commit != commits[-1].sha:
            void = Why.BREAK_GLASS_STALE
        return Override(person, asked.reason or "", void)
