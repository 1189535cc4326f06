"""The same facts are gathered from GitLab: its groups, its file of owners, and what it does not say of commits."""

from pathlib import Path

from gitlabtalk import pushed, talk

from agentgov.forge.gathering import gather_facts
from agentgov.review.facts import Policy
from agentgov.review.pull_request import decide_pull_request

OWNERS = "[Agents]\n/agents/ @acme/agents\n[Documents]\n/docs/ @dave\n"


def test_groups_and_people_own_what_the_file_says_and_owners_answer_for_the_rest(tmp_path: Path) -> None:
    with talk(tmp_path) as told:
        world = told.world
        for login, level in (("bob", "write"), ("erin", "write"), ("dave", "write"), ("carol", "admin")):
            world.permission(login, level)
        world.team("@acme/agents", "bob", "erin")
        pushed(world, "carol", {".gitlab/CODEOWNERS": OWNERS, "agents/a.yaml": "1\n"}, "main")
        told.later(3600)
        told.push("alice", {"agents/a.yaml": "2\n", "docs/b.md": "2\n", "c.txt": "3\n"})
        number = world.open("alice", "topic")
        told.later(3600)
        facts = gather_facts(told.forge(), number, Policy())
        assert (facts.dialect, facts.codeowners) == ("gitlab", OWNERS)
        assert facts.teams == {"@acme/agents": ("bob", "erin")}
        assert facts.roles == {"bob": "operator", "erin": "operator", "dave": "operator", "carol": "administrator"}
        for login in ("bob", "dave", "carol"):
            world.approve(number, login)
        verdict = decide_pull_request(gather_facts(told.forge(), number, Policy()))
        assert verdict.missing_paths == ("agents/a.yaml", "c.txt", "docs/b.md"), (
            "GitLab does not say who wrote a commit"
        )
        world.approve(number, "erin")
        verdict = decide_pull_request(gather_facts(told.forge(), number, Policy()))
        assert verdict.missing_paths == ("c.txt", "docs/b.md"), "two owners stand in for that"
