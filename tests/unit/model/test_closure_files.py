"""The closure: every file that makes an agent what it is, and nothing else; one digest for one content."""

import posixpath

from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.model.agent import Agent, AgentSpec, Eval, FileRef, Metadata, Model, Prompts, Tool
from agentgov.model.closure import closure_of, closure_paths, manifest_digest, resolve
from agentgov.model.names import AgentId
from agentgov.model.snapshot import EXECUTABLE, FILE, SUBMODULE, SYMLINK, Entry, MemorySnapshot, path_bytes, path_text

TRIAGE = AgentId("support", "triage")
FOLDER = TRIAGE.folder
SHARED = "agents/support/shared"
NAMES = st.sampled_from(["..", ".", "", "shared", "triage", "other", "x.md", "prompts", "ä", "a\nb", 'q"', "..."])


class Odd(MemorySnapshot):
    """Files in memory, of which some are no ordinary files."""

    def entries(self) -> dict[str, Entry]:
        modes = {"link": SYMLINK, "module": SUBMODULE, "run": EXECUTABLE}
        return {path: Entry(modes.get(posixpath.basename(path), FILE)) for path in super().entries()}


def agent(system: str = "prompts/system.md", *partials: str, tool: str = "", suite: str = "") -> Agent:
    """An agent that names these files."""
    return Agent(
        metadata=Metadata(name="triage"),
        spec=AgentSpec(
            description="d",
            owner="team:support",
            risk="low",
            model=Model(primary="m", params={"max_output_tokens": 1}),
            prompts=Prompts(system=FileRef(system), partials=partials),
            tools=(Tool(name="t", effect="read", args=FileRef(tool)),) if tool else (),
            evals=(Eval(suite=suite),) if suite else (),
        ),
    )


def files(*paths: str) -> MemorySnapshot:
    """Files that hold their own path."""
    return MemorySnapshot({path: path_bytes(path) for path in paths})


def test_closure_is_the_folder_and_the_shared_texts_that_are_named() -> None:
    snapshot = files(
        f"{FOLDER}/agent.yaml",
        f"{FOLDER}/prompts/system.md",
        f"{FOLDER}/notes/unnamed.md",
        f"{SHARED}/tone.md",
        f"{SHARED}/args.json",
        f"{SHARED}/suite.yaml",
        f"{SHARED}/unnamed.md",
        "agents/support/triage-2/agent.yaml",
        "agents/finance/triage/agent.yaml",
        "governance/access.yaml",
    )
    found = closure_of(
        TRIAGE,
        agent("prompts/system.md", "../shared/tone.md", tool="../shared/args.json", suite="../shared/suite.yaml"),
        snapshot,
    )
    assert set(found.files) == {
        *(f"{FOLDER}/{name}" for name in ("agent.yaml", "prompts/system.md", "notes/unnamed.md")),
        *(f"{SHARED}/{name}" for name in ("tone.md", "args.json", "suite.yaml")),
    }


def test_reference_cannot_leave_what_an_agent_may_name() -> None:
    for reference in (
        "/etc/passwd",
        "../other/agent.yaml",
        "../../finance/payroll/agent.yaml",
        "../../../governance/access.yaml",
        "..",
        ".",
        "",
        "../shared",
        "../triage-2/x",
        "../shared/../other/x",
        "a\\..\\b",
        "a\0b",
        "prompts/../../other/x",
    ):
        assert resolve(TRIAGE, reference) is None, reference
    assert resolve(TRIAGE, "../shared/tone.md") == f"{SHARED}/tone.md"
    assert resolve(TRIAGE, "./prompts//a/../system.md") == f"{FOLDER}/prompts/system.md"
    assert resolve(TRIAGE, "../triage/prompts/system.md") == f"{FOLDER}/prompts/system.md"


@given(st.lists(NAMES, max_size=6).map("/".join))
@settings(max_examples=300)
def test_no_reference_reaches_another_place(reference: str) -> None:
    path = resolve(TRIAGE, reference)
    if path is not None:
        assert path.startswith((f"{FOLDER}/", f"{SHARED}/"))
        assert ".." not in path.split("/")
        assert path == posixpath.normpath(path)


def test_digest_tells_content_mode_and_name_apart() -> None:
    one = {f"{FOLDER}/a": (FILE, "1" * 64), f"{FOLDER}/b": (FILE, "2" * 64)}
    others = [
        {f"{FOLDER}/a": (FILE, "2" * 64), f"{FOLDER}/b": (FILE, "1" * 64)},
        {f"{FOLDER}/a": (EXECUTABLE, "1" * 64), f"{FOLDER}/b": (FILE, "2" * 64)},
        {f"{FOLDER}/a": (FILE, "1" * 64)},
        {f"{FOLDER}/a": (FILE, "1" * 64), f"{FOLDER}/c": (FILE, "2" * 64)},
        {f"{FOLDER}/a": (FILE, "1" * 64), f"{SHARED}/b": (FILE, "2" * 64)},
        {f"{FOLDER}/a\n100644 {'2' * 64} b": (FILE, "1" * 64)},
    ]
    digests = [manifest_digest(TRIAGE, case) for case in (one, *others)]
    assert len(set(digests)) == len(digests)


def test_moved_agent_keeps_its_closure() -> None:
    # "aaa" sorts before "shared" and "zzz" behind it: the order is that of the paths as the agent sees them.
    digests = set()
    for name in ("aaa", "triage", "zzz"):
        moved = AgentId("support", name)
        snapshot = MemorySnapshot(
            {f"{moved.folder}/agent.yaml": b"1", f"{moved.folder}/prompts/system.md": b"2", f"{SHARED}/tone.md": b"3"}
        )
        digests.add(closure_of(moved, agent("prompts/system.md", "../shared/tone.md"), snapshot).digest)
    assert len(digests) == 1


def test_symlink_and_submodule_never_equal_a_file() -> None:
    names = ("link", "module", "run", "file")
    digests = {closure_of(TRIAGE, agent(), Odd({f"{FOLDER}/{name}": b"same"})).digest for name in names}
    assert len(digests) == 4
    found = closure_of(TRIAGE, agent(), Odd({f"{FOLDER}/link": b"target"}))
    assert found.files[f"{FOLDER}/link"] == (SYMLINK, "0" * 64)


def test_digest_does_not_depend_on_the_order_of_files() -> None:
    paths = [f"{FOLDER}/{name}" for name in ("b", "a", "a/c", "a-b", "ä", "\udcff")]
    forward = dict.fromkeys(paths, (FILE, "1" * 64))
    backward = dict.fromkeys(reversed(paths), (FILE, "1" * 64))
    assert manifest_digest(TRIAGE, forward) == manifest_digest(TRIAGE, backward)


@given(st.lists(st.binary(min_size=1, max_size=12), max_size=6))
@settings(max_examples=100)
def test_paths_of_any_bytes_are_kept_and_sorted_as_bytes(names: list[bytes]) -> None:
    paths = {path_text(name) for name in names}
    assert {path_bytes(path) for path in paths} == set(names)
    listed = list(MemorySnapshot(dict.fromkeys(paths, b"")).entries())
    assert [path_bytes(path) for path in listed] == sorted(set(names))


@given(st.sets(st.sampled_from([f"{FOLDER}/a", f"{FOLDER}/b/c", f"{SHARED}/tone.md", f"{SHARED}/x", "agents/x/y/z"])))
def test_closure_paths_are_among_those_given(paths: set[str]) -> None:
    found = closure_paths(TRIAGE, agent("../shared/tone.md"), paths)
    assert found == {path for path in paths if path.startswith(f"{FOLDER}/") or path == f"{SHARED}/tone.md"}
