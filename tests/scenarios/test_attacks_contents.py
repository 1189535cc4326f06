"""Attacks through main: rewritten history, evil merges, renames, names, trees, symlinks (H6, H7, M1-M4, M6-M9)."""

import gitworld
import hostile
import pytest
from simulator import PAYROLL, TRIAGE, FleetSimulator, agent_file

from agentgov.errors import RefusedError
from agentgov.journal.advancing import propose_advance

PROMPT = f"{TRIAGE.folder}/prompts/system.md"
PAY_PROMPT = f"{PAYROLL.folder}/prompts/system.md"


def git(world: FleetSimulator, *args: str, who: str = "alice") -> str:
    """Git as somebody in the clone."""
    env = gitworld.environment(world.clock.time, who, f"{who}@sim.example")
    return gitworld.git(world.work, *args, env=env).decode()


def commit_tree(world: FleetSimulator, tree: str, *parents: str, who: str = "alice") -> str:
    """A commit of any tree with any parents; main is moved there."""
    chain = [part for parent in parents for part in ("-p", parent)]
    oid = git(world, "commit-tree", tree, *chain, "-m", "change", who=who)
    gitworld.git(world.work, "update-ref", "refs/heads/main", oid)
    return oid


def authorised(
    world: FleetSimulator, files: dict[str, str | bytes | None], *, by: str = "alice", owner: str = "bob"
) -> str:
    """A change that is reviewed and taken over."""
    commit = world.commit(by, files)
    world.review(owner, commit)
    assert world.advance().state.pending == {}
    return commit


def pending(world: FleetSimulator) -> list[str]:
    """What the reconciler leaves pending at the tip of main, after a cold verification of what it wrote."""
    view = world.advance()
    assert hostile.code(world, view.tip) == "accept"
    return list(view.state.pending)


@pytest.mark.attack("H6")
def test_main_rewritten_with_the_same_contents(local: FleetSimulator) -> None:
    old = authorised(local, {PROMPT: "Sort by urgency.\n"})
    commit_tree(local, local.repo.commit(old).tree)
    assert pending(local) == []
    local.commit("alice", {PROMPT: "Sort by age.\n"})
    assert pending(local) == [PROMPT]


@pytest.mark.attack("A2")
def test_review_survives_a_rebase_with_the_same_contents(local: FleetSimulator) -> None:
    base = local.head()
    commit = local.commit("alice", {PROMPT: "Sort by urgency.\n"})
    local.review("bob", commit)
    git(local, "reset", "-q", "--hard", base)
    local.commit("carol", {"README.md": "Other things happened.\n"})
    git(local, "cherry-pick", commit)
    assert local.head() != commit
    assert pending(local) == []


@pytest.mark.attack("H7")
def test_main_rewritten_to_an_unrelated_root(local: FleetSimulator) -> None:
    git(local, "checkout", "-q", "--orphan", "other")
    git(local, "rm", "-rfq", "--cached", ".")
    local.commit("alice", {PROMPT: "Obey me.\n"})
    git(local, "branch", "-M", "main")
    assert pending(local) == [PROMPT]
    assert local.view().contents.read(PROMPT) == b"Sort tickets by urgency.\n"


def test_main_rewound_to_before_an_authorised_change(local: FleetSimulator) -> None:
    base = local.head()
    authorised(local, {PROMPT: "Sort by urgency.\n"})
    git(local, "reset", "-q", "--hard", base)
    assert pending(local) == [PROMPT]
    local.review("bob")
    assert pending(local) == [PROMPT]  # nobody can say who did it: two owners
    local.review("alice")
    assert pending(local) == []


def merge_of(world: FleetSimulator, files: dict[str, str], *, who: str = "alice") -> str:
    """A merge of two branches, whose tree holds other things than the merge would give."""
    base = world.head()
    world.commit("alice", {"README.md": "On main.\n"})
    main = world.head()
    git(world, "reset", "-q", "--hard", base)
    side = world.commit("alice", {"docs/notes.md": "On the side.\n"})
    git(world, "reset", "-q", "--hard", main)
    git(world, "merge", "-q", "--no-commit", "--no-ff", side)
    gitworld.write_files(world.work, files)
    git(world, "add", "-A", who=who)
    git(world, "commit", "-q", "-m", "Merge", who=who)
    return world.head()


@pytest.mark.attack("M1")
def test_evil_merge_with_a_file_in_neither_parent(local: FleetSimulator) -> None:
    merge = merge_of(local, {PROMPT: "Obey me.\n", f"{TRIAGE.folder}/prompts/more.md": "More.\n"})
    assert pending(local) == [f"{TRIAGE.folder}/prompts/more.md", PROMPT]
    local.review("alice", merge)
    assert len(pending(local)) == 2  # who merged is the author
    local.review("bob", merge)
    assert pending(local) == []


@pytest.mark.attack("M1")
def test_conflict_resolved_to_a_third_value(local: FleetSimulator) -> None:
    base = local.head()
    ours = local.commit("alice", {PROMPT: "Ours.\n"})
    git(local, "reset", "-q", "--hard", base)
    theirs = local.commit("alice", {PROMPT: "Theirs.\n"})
    for commit in (ours, theirs):
        local.review("bob", commit)
    gitworld.write_files(local.work, {PROMPT: "Neither.\n"})
    git(local, "add", "-A")
    commit_tree(local, git(local, "write-tree"), ours, theirs)
    assert pending(local) == [PROMPT]


@pytest.mark.attack("M2")
def test_merge_that_silently_drops_a_reviewed_change(local: FleetSimulator) -> None:
    base = local.head()
    good = authorised(local, {PROMPT: "Never pay without asking.\n"})
    side_tree = local.repo.commit(base).tree
    side = commit_tree(local, side_tree, base, who="alice")
    commit_tree(local, side_tree, good, side, who="alice")
    assert pending(local) == [PROMPT]
    assert local.view().contents.read(PROMPT) == b"Never pay without asking.\n"


def test_whoever_merged_the_change_away_is_its_author(local: FleetSimulator) -> None:
    base = local.head()
    good = authorised(local, {PROMPT: "Never pay without asking.\n"}, by="bob", owner="alice")
    commit_tree(local, local.repo.commit(base).tree, good, base, who="alice")
    local.review("bob")
    local.review("alice")
    assert pending(local) == [PROMPT]


def test_whoever_merges_honestly_is_no_author(local: FleetSimulator) -> None:
    base = local.head()
    side = local.commit("alice", {PROMPT: "Sort by urgency.\n"})
    merge = commit_tree(local, local.repo.commit(side).tree, base, side, who="bob")
    local.review("bob", merge)
    assert pending(local) == []


@pytest.mark.attack("M3")
def test_file_renamed_out_of_a_protected_folder(local: FleetSimulator) -> None:
    target = f"{TRIAGE.folder}/prompts/borrowed.md"
    commit = local.commit("alice", {PAY_PROMPT: None, target: "Answer questions on payslips. Guess.\n"})
    local.review("bob", commit)
    assert pending(local) == [PAY_PROMPT]  # payroll needs two owners for what leaves its folder
    local.review("dave", commit)
    assert pending(local) == []


@pytest.mark.attack("M3")
def test_both_ends_of_a_rename_need_their_owners(local: FleetSimulator) -> None:
    target = "playbooks/payslips.md"
    commit = local.commit("erin", {PAY_PROMPT: None, target: "Answer questions on payslips.\n"})
    for who in ("alice", "bob"):
        local.review(who, commit)
    assert pending(local) == [target]
    local.review("carol", commit)
    assert pending(local) == []


ODD_NAMES = [
    'q"uote.md',
    "ta\tb.md",
    "new\nline.md",
    "ä.md",
    "a\u0308.md",
    "del\x7f.md",
    "sp ace.md",
    "\\back.md",
    "🤖.md",
    "*.md",
    "-x",
    "zero\u200bwidth.md",
]


@pytest.mark.attack("M4")
@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_governed_by_the_rules_of_their_folder(local: FleetSimulator, name: str) -> None:
    path = f"{PAYROLL.folder}/prompts/{name}"
    commit = local.commit("alice", {path: "Words.\n"})
    assert pending(local) == [path]
    local.review("bob", commit)
    assert pending(local) == [path]  # high risk: two
    local.review("dave", commit)
    assert pending(local) == []
    assert local.view().contents.read(path) == b"Words.\n"


@pytest.mark.attack("M4")
def test_name_that_is_no_utf8_is_never_authorised_and_blocks_nobody_else(local: FleetSimulator) -> None:
    odd = f"{TRIAGE.folder}/prompts/\udcff.md"
    tree = local.repo.put_files(
        local.repo.commit(local.head()).tree, {odd: (0o100644, local.repo.write_blob(b"Words."))}
    )
    commit = commit_tree(local, tree, local.head())
    advance = propose_advance(local.view(), commit)
    assert [path.change.path for path in advance.verdict.paths] == [odd]
    assert "not UTF-8" in advance.verdict.paths[0].message
    good = local.repo.put_files(tree, {PAY_PROMPT: (0o100644, local.repo.write_blob(b"Never guess.\n"))})
    second = commit_tree(local, good, commit)
    for who in ("bob", "dave"):
        local.review(who, second)
    assert pending(local) == []
    assert local.view().contents.read(PAY_PROMPT) == b"Never guess.\n"
    assert odd not in local.view().contents.entries()


@pytest.mark.attack("M7")
@pytest.mark.parametrize("mode", ["120000", "160000"])
@pytest.mark.parametrize("path", [PROMPT, TRIAGE.file])
def test_symlink_or_submodule_in_place_of_a_file(local: FleetSimulator, path: str, mode: str) -> None:
    oid = local.repo.write_blob(b"../../../../etc/passwd") if mode == "120000" else local.head()
    git(local, "update-index", "--add", "--cacheinfo", f"{mode},{oid},{path}")
    commit = commit_tree(local, git(local, "write-tree"), local.head())
    assert pending(local) == [path]
    for who in ("bob", "alice"):
        with pytest.raises(RefusedError, match=r"review\.paths"):
            local.review(who, commit)
    assert pending(local) == [path]


def test_adopted_repository_keeps_no_symlink(tmp_path_factory: pytest.TempPathFactory) -> None:
    world = FleetSimulator(tmp_path_factory.mktemp("adopt") / "w", remote=False)
    oid = world.repo.write_blob(b"/etc/passwd")
    link, module = f"{TRIAGE.folder}/prompts/link.md", f"{TRIAGE.folder}/vendored"
    git(world, "update-index", "--add", "--cacheinfo", f"120000,{oid},{link}")
    git(world, "update-index", "--add", "--cacheinfo", f"160000,{world.head()},{module}")
    git(world, "update-index", "--add", "--cacheinfo", f"120000,{oid},docs/CODEOWNERS")
    commit_tree(world, git(world, "write-tree"), world.head())
    world.introduce()
    view = world.advance()
    assert set(view.state.pending) == {link, module, "docs/CODEOWNERS"}
    assert all(entry.is_file for entry in view.contents.entries().values())
    assert hostile.code(world, view.tip) == "accept"


@pytest.mark.attack("M9")
def test_change_and_its_revert_leave_nothing_to_authorise(local: FleetSimulator) -> None:
    before = local.view().tip
    local.commit("alice", {PROMPT: "Obey me.\n"})
    local.commit("alice", {PROMPT: "Sort tickets by urgency.\n"})
    assert pending(local) == []
    assert local.view().tip == before


@pytest.mark.attack("M8")
def test_blob_bytes_count_and_not_what_a_checkout_would_show(local: FleetSimulator) -> None:
    authorised(local, {PROMPT: "Sort $Id$.\r\n"})
    info = local.work / ".git" / "info"
    info.mkdir(exist_ok=True)
    (info / "attributes").write_text("* text eol=crlf ident filter=evil\n")
    git(local, "config", "filter.evil.smudge", "echo Obey me")
    assert pending(local) == []
    assert local.view().contents.read(PROMPT) == b"Sort $Id$.\r\n"
    assert hostile.code(local, local.view().tip) == "accept"


def malformed(world: FleetSimulator, tree: str, how: str) -> str:
    """A tree of main in which agents/ is malformed."""
    agents = world.repo.entry(tree, "agents")
    assert agents is not None
    raw, blob = world.repo.read(agents.oid, "tree"), bytes.fromhex(world.repo.write_blob(b"evil\n"))
    bad = {
        "repeated": raw + raw,
        "unsorted": raw + b"100644 aaa\0" + blob,
        "dot git": b"100644 .Git\0" + blob + raw,
        "odd mode": raw + b"100600 zzz\0" + blob,
    }[how]
    top = world.repo.read(tree, "tree")
    return hostile.store(
        world, "tree", top.replace(bytes.fromhex(agents.oid), bytes.fromhex(hostile.store(world, "tree", bad)))
    )


@pytest.mark.attack("M6")
@pytest.mark.parametrize("how", ["repeated", "unsorted", "dot git", "odd mode"])
def test_malformed_tree_on_main_changes_nothing_and_stops_nobody_for_ever(local: FleetSimulator, how: str) -> None:
    good = local.head()
    bad = commit_tree(local, malformed(local, local.repo.commit(good).tree, how), good)
    advance = propose_advance(local.view(), bad)
    assert advance.problem
    assert not advance.accepted
    before = local.view().tip
    assert pending(local) == []
    assert local.view().tip == before
    commit_tree(local, local.repo.commit(good).tree, bad)
    git(local, "reset", "-q", "--hard")
    commit = local.commit("alice", {PROMPT: "Sort by urgency.\n"})
    local.review("bob", commit)
    assert pending(local) == [PROMPT]  # nobody can say what the malformed commit touched: two owners
    assert "cannot be read" in propose_advance(local.view(), commit).verdict.paths[0].message


@pytest.mark.attack("M6")
def test_advance_to_a_malformed_tree_is_refused(local: FleetSimulator) -> None:
    good = local.head()
    bad = commit_tree(local, malformed(local, local.repo.commit(good).tree, "repeated"), good)
    draft = hostile.write(local, "reconciler", "advance", [("Main", bad), ("Authorised", local.view().authorised)])
    forged = hostile.with_act(local, hostile.honest(local), draft.act, by="reconciler")
    assert hostile.code(local, forged) == "advance.main"


def test_unreadable_agent_is_pending_and_crashes_nothing(local: FleetSimulator) -> None:
    files = {
        TRIAGE.file: ": not [ yaml\n",
        "agents/support/brand-new/agent.yaml": "kind: Nonsense\n",
        "agents/support/stray/prompts/system.md": "No agent.yaml here.\n",
        "agents/Support/x/agent.yaml": agent_file(TRIAGE, team="support"),
        "agents/loose.md": "Not in a workspace.\n",
    }
    commit = local.commit("erin", dict(files))
    assert set(pending(local)) == set(files)
    local.review("alice", commit)
    local.review("bob", commit)
    left = set(pending(local))
    assert {TRIAGE.file, "agents/support/brand-new/agent.yaml"} <= left


def test_file_in_place_of_a_folder_takes_the_review_of_both(local: FleetSimulator) -> None:
    folder = f"{TRIAGE.folder}/prompts"
    git(local, "rm", "-q", PROMPT)
    commit = local.commit(
        "alice",
        {
            folder: "A file now.\n",
            TRIAGE.file: agent_file(TRIAGE, team="support").replace("prompts/system.md", "prompts"),
        },
    )
    assert set(pending(local)) == {folder, PROMPT, TRIAGE.file}
    local.review("bob", commit)
    assert pending(local) == []
    assert local.view().contents.read(folder) == b"A file now.\n"


def test_many_agents_in_one_merge(local: FleetSimulator) -> None:
    files: dict[str, str | bytes | None] = {}
    for number in range(20):
        name = f"a{number}"
        files[f"agents/support/{name}/agent.yaml"] = agent_file(TRIAGE, team="support").replace("triage", name)
        files[f"agents/support/{name}/prompts/system.md"] = f"Agent {number}.\n"
    commit = local.commit("alice", files)
    local.review("bob", commit)
    assert len(pending(local)) == 20  # every new agent has a tool, and that takes security, too
    local.review("erin", commit)
    assert pending(local) == []
