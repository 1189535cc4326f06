"""Takes away every guard of the release plane, of the ledger's proofs, of what decides at run time, of alerts and of
the law of incidents, one at a time, and asks whether a test notices. Run by `make mutants`.

killers.json lists the guards, each with the test that notices; `--all` tries also those that it does not list yet.
Each mutant runs in a fork of one warm process, which imports the changed module in the place of the real one. Its
killer goes first; where that does not fail, all tests of its module do. A mutant that no test notices is a survivor,
unless equivalents.toml says why it changes nothing that anybody can see. First the killers run on the real modules,
where they must pass. What ends otherwise than by a failed test is no kill. Exit 1 on anything of that.
"""

import argparse
import ast
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from functools import cache
from pathlib import Path
from types import ModuleType

import hypothesis.stateful  # noqa: F401 - warm before the forks, as all that follows
import msgspec.json  # noqa: F401
import pygit2  # noqa: F401
import pytest
from mutants.guards import Mutant, mutants_of

import agentgov.alerts.evaluating
import agentgov.alerts.notices
import agentgov.journal.moves
import agentgov.journal.pausing
import agentgov.policy.evaluate
import agentgov.store.open
import agentgov.validate.environment
import agentgov.validate.load  # noqa: F401

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
_LAW, _PLAN = "tests/unit/model", "tests/unit/release"
_ACTS = ("forward", "back", "stage", "evidence", "retire", "guards", "promoters")
_OF_LAW = [f"{_LAW}/test_transitions_{name}.py" for name in _ACTS]
_OF_PLAN = [
    f"{_PLAN}/test_release_{name}.py" for name in ("plan", "plan_back", "plan_table", "plan_guards", "observations")
]
_OF_LEDGER = {
    f"agentgov.runtime.{module}": [f"tests/unit/runtime/test_{test}.py"]
    for module, test in {
        "merkle": "merkle",
        "tiles": "tiles",
        "notes": "notes",
        "checkpoints": "notes",
        "tlog_proof": "tlog_proof",
        "leaf_check": "leaf_check",
    }.items()
}
_RUNTIME = "tests/unit/runtime"
_OF_PERMITS = [f"{_RUNTIME}/test_{name}.py" for name in ("runtime_guards", "runtime_permits")]
_OF_MONEY = [f"{_RUNTIME}/test_{name}.py" for name in ("budgets", "runtime_guards", "budget_windows")]
_OF_ACTIONS = [f"{_RUNTIME}/test_{name}.py" for name in ("runtime_actions", "runtime_guards", "action_batch")]
_OF_RUNTIME = {
    "bucketing": [f"{_RUNTIME}/test_bucketing.py"],
    "lease": [f"{_RUNTIME}/test_lease.py"],
    "pause_orders": [f"{_RUNTIME}/test_pause_orders.py"],
    **dict.fromkeys(("permits", "permit_rows", "permit_votes", "permit_ends"), _OF_PERMITS),
    "accounts": _OF_MONEY,
    "tokens": [f"{_RUNTIME}/test_tokens.py"],
    "windows": [f"{_RUNTIME}/test_windows.py"],
    **dict.fromkeys(("rules", "actions"), _OF_ACTIONS),
    "quotas": [f"{_RUNTIME}/test_quotas.py"],
    "limits": [f"{_RUNTIME}/test_limits.py"],
    "logins": [f"{_RUNTIME}/test_tokens.py"],
}
_OF_PEOPLE = {
    "agentgov.gate.admission": ["tests/unit/gate/test_admission.py"],
    "agentgov.gate.callers": ["tests/unit/gate/test_admission.py"],
    "agentgov.policy.evaluate": ["tests/unit/policy/test_policy_evaluate.py", *_OF_ACTIONS],
    "agentgov.model.incident_steps": ["tests/unit/model/test_incident_steps.py"],
}
_OF_ALERTS = {
    "alert": ("alert", "standing"),
    "baseline": ("baseline",),
    "burning": ("burning",),
    "conditions": ("conditions",),
    "defaults": ("wording",),
    "detecting": ("lanes", "detectors"),
    "drift": ("traffic",),
    "exhaustion": ("exhaustion",),
    "grouping": ("grouping", "notices"),
    "holding": ("detectors",),
    "judged": ("mix", "detectors", "conditions", "traffic"),
    "mix": ("mix", "detectors"),
    "muting": ("muting", "notices"),
    "names": ("traffic",),
    "notices": ("notices", "muting"),
    "ordered": ("standing",),
    "routing": ("grouping", "notices"),
    "silence": ("muting", "notices"),
    "silence_rows": ("notices",),
    "slots": ("mix", "detectors", "lanes"),
    "standing": ("standing", "notices"),
    "traffic": ("traffic",),
    "watched": ("detectors", "lanes"),
    "wording": ("wording", "conditions"),
}
_PAUSES = ["tests/unit/journal/test_journal_pausing.py", f"{_RUNTIME}/test_pause_orders.py"]
_OF_STOPS = {
    "agentgov.journal.pausing": _PAUSES,
    "agentgov.runtime.pause": _PAUSES,
    "agentgov.runtime.pausing": _PAUSES[::-1],
    "agentgov.runtime.pause_question": [f"{_RUNTIME}/test_pause_question.py"],
    "agentgov.runtime.retention": [f"{_RUNTIME}/test_retention.py"],
    "agentgov.runtime.holds": [f"{_RUNTIME}/test_{name}.py" for name in ("retention", "pruning", "disposal_judge")],
    "agentgov.runtime.pruning": [f"{_RUNTIME}/test_pruning_edges.py", f"{_RUNTIME}/test_pruning.py"],
    "agentgov.runtime.disposal_judge": [f"{_RUNTIME}/test_disposal_judge.py"],
}
_OF_ERASURE = {
    "disposals": ("erasure", "pruning"),
    "erasure": ("erasure", "spent_about", "pruning", "vault"),
    "erasure_orders": ("erasure_orders",),
    "spent_about": ("spent_about",),
    "subjects": ("erasure", "spent_about", "pruning", "vault"),
    "vault": ("vault",),
}
_INCIDENT = "tests/unit/incident"
_OF_DRILLS = {
    "agentgov.incident.calling": [f"{_INCIDENT}/test_escalation.py"],
    "agentgov.incident.drill_gaps": [f"{_INCIDENT}/test_drill_core.py"],
    "agentgov.incident.drill_score": [f"{_INCIDENT}/test_drill_core.py"],
    "agentgov.incident.drill_tabletop": [f"{_INCIDENT}/test_drill_core.py"],
    "agentgov.incident.escalation": [f"{_INCIDENT}/test_escalation.py"],
    "agentgov.incident.times": [f"{_INCIDENT}/test_incident_review.py"],
    "agentgov.model.drill_schedule": [f"{_INCIDENT}/test_drill_core.py"],
    "agentgov.validate.playbook_coverage": ["tests/unit/validate/test_validate_playbooks.py"],
}
_RIGHTS = [f"tests/unit/trust/test_trust_{name}.py" for name in ("permissions", "identity")]
_OF_RIGHTS = dict.fromkeys((f"agentgov.trust.{name}" for name in ("permissions", "roster", "verbs")), _RIGHTS) | {
    "agentgov.trust.identity": _RIGHTS[::-1],
    "agentgov.journal.authority": [f"tests/scenarios/test_{name}.py" for name in ("acts_authority", "pause_selectors")],
}
# The modules whose guards are taken away, and the files of tests that should notice.
MODULES = {
    "agentgov.model.transitions": _OF_LAW,
    "agentgov.model.transition_case": _OF_LAW,
    "agentgov.model.transitions_forward": _OF_LAW,
    "agentgov.model.transitions_back": _OF_LAW,
    "agentgov.release.plan": _OF_PLAN,
    "agentgov.release.gates": _OF_PLAN,
    "agentgov.release.observations": _OF_PLAN[::-1],
    **_OF_LEDGER,
    **{f"agentgov.runtime.{name}": tests for name, tests in _OF_RUNTIME.items()},
    **_OF_PEOPLE,
    **_OF_STOPS,
    **_OF_DRILLS,
    **_OF_RIGHTS,
    **{
        f"agentgov.runtime.{name}": [f"{_RUNTIME}/test_{one}.py" for one in tests]
        for name, tests in _OF_ERASURE.items()
    },
    **{
        f"agentgov.alerts.{name}": [f"tests/unit/alerts/test_{one}.py" for one in tests]
        for name, tests in _OF_ALERTS.items()
    },
}


@dataclass(frozen=True, slots=True)
class Job:
    """One mutant to try: its module, and the tests to try it with."""

    module: str
    mutant: Mutant
    tests: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.module} {self.mutant.key}"


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a text of our own."""

    def __init__(self, name: str, source: str) -> None:
        self.name, self.source = name, source

    def find_spec(self, fullname: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_loader(fullname, self) if fullname == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.source, f"<mutant of {self.name}>", "exec"), module.__dict__)


class _FirstFailure:
    """Remembers which test failed first, and ends the run with it. What cannot be collected shows nothing and ends
    nothing: a test has to fail."""

    node = ""
    session: pytest.Session

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self.session = session

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.node:
            self.node, self.session.shouldfail = report.nodeid, "noticed"


def path_of(module: str) -> Path:
    return ROOT / f"{module.replace('.', '/')}.py"


def killers() -> dict[str, str]:
    """The test that notices each mutant, by its name."""
    found: dict[str, str] = json.loads((HERE / "killers.json").read_text(encoding="utf-8"))
    return found


def equivalents() -> dict[str, str]:
    """Why nobody can see a mutant, by its name."""
    found: dict[str, str] = tomllib.loads((HERE / "equivalents.toml").read_text(encoding="utf-8"))
    return found


def jobs(only: str = "", *, everything: bool = False) -> list[Job]:
    """The mutants that a test should notice: those with a known killer, or every one."""
    known, same = killers(), equivalents()
    found = []
    for module, tests in MODULES.items():
        for mutant in mutants_of(path_of(module).read_text(encoding="utf-8")):
            job = Job(module, mutant, tuple(tests))
            first = known.get(job.name)
            if only in job.name and job.name not in same and (first or everything):
                found.append(Job(module, mutant, (first,)) if first else job)
    return found


def tried(tests: Iterable[str], job: Job | None, answer: Path) -> int:
    """What pytest says of some tests in a process of its own, with a module changed: 1 is a failed test.

    No examples are drawn at random: which ones a seed draws differs between releases and machines, so a mutant that
    only they notice is killed on one day and not on another. Its guard has to be named by an example."""
    log = os.open(answer.with_suffix(".log"), os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    os.dup2(log, 1), os.dup2(log, 2)
    if job is not None:
        sys.meta_path.insert(0, _Changed(job.module, job.mutant.source))
        _forget(job.module)
    first = _FirstFailure()
    flags = ["-q", "--tb=line", "--assert=plain", "-p", "no:cacheprovider", "--hypothesis-profile=explicit"]
    flags += ["--continue-on-collection-errors", "-m", "not slow", "-k", "not postgresql"]
    code = pytest.main([*flags, *tests], [first])
    answer.write_text(first.node, encoding="utf-8")
    return int(code)


def outcomes(todo: Sequence[Job], folder: Path, processes: int) -> list[tuple[Job, str, str]]:
    """What came of each: `killed` with the test that failed, `survived`, or `cannot tell` with the end of its log."""
    waiting, running = list(enumerate(todo))[::-1], dict[int, tuple[int, Job]]()
    found = []
    while waiting or running:
        while waiting and len(running) < processes:
            number, job = waiting.pop()
            running[_forked(job.tests, job, folder / str(number))] = number, job
        pid, status = os.wait()
        number, job = running.pop(pid)
        code, answer = os.waitstatus_to_exitcode(status), folder / str(number)
        node = answer.read_text(encoding="utf-8") if answer.exists() else ""
        whole = tuple(MODULES[job.module])
        if code == 0 and job.tests != whole:
            waiting.append((number, Job(job.module, job.mutant, whole)))  # its killer does not kill it any more
        elif code in (0, 1) and bool(code) == bool(node):
            found.append((job, "killed" if code else "survived", node))
        else:
            log = answer.with_suffix(".log").read_text(encoding="utf-8", errors="replace")
            found.append((job, "cannot tell", f"exit {code}\n{log[-800:]}"))
    return found


def _forget(module: str) -> None:
    """Have all imported again that has read a module: itself, and what imports it, near or far."""
    for name in readers(module):
        package, _, last = name.rpartition(".")
        del sys.modules[name]
        vars(sys.modules[package]).pop(last, None)  # where `from package import last` would find it


def readers(module: str) -> list[str]:
    """The warm modules that import one, near or far, with itself; none where it is not warm."""
    imports = _imports()
    found, waiting = set[str](), [module] if module in imports else []
    while waiting:
        one = waiting.pop()
        found.add(one)
        waiting += [name for name, read in imports.items() if one in read and name not in found]
    return sorted(found, reverse=True)  # packages after what is in them


@cache
def _imports() -> dict[str, frozenset[str]]:
    """What each warm module of ours imports, by its text."""
    found = {}
    for name in [one for one in sys.modules if one.startswith("agentgov.")]:
        nodes = list(ast.walk(ast.parse(Path(str(sys.modules[name].__file__)).read_text(encoding="utf-8"))))
        lines = [(node.module, one.name) for node in nodes if isinstance(node, ast.ImportFrom) for one in node.names]
        whole = [one.name for node in nodes if isinstance(node, ast.Import) for one in node.names]
        found[name] = frozenset([*whole, *(str(of) for of, _ in lines), *(f"{of}.{one}" for of, one in lines)])
    return found


def _forked(tests: Iterable[str], job: Job | None, answer: Path) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 99
    try:
        code = tried(tests, job, answer)
    finally:
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(code)


def killers_hold(todo: Sequence[Job], folder: Path) -> bool:
    """Whether the killers pass where nothing is changed; else a kill says nothing."""
    nodes = sorted({test for job in todo for test in job.tests})
    _, status = os.waitpid(_forked(nodes, None, folder / "unchanged"), 0)
    if status:
        print((folder / "unchanged.log").read_text(encoding="utf-8", errors="replace")[-3000:])
    return status == 0


def _difference(job: Job) -> str:
    before = ast.unparse(ast.parse(path_of(job.module).read_text(encoding="utf-8"))).splitlines()
    lines = unified_diff(before, job.mutant.source.splitlines(), lineterm="", n=1)
    return "\n".join(f"    {line}" for line in list(lines)[2:])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", default="", help="mutants with this in their name")
    parser.add_argument("--all", action="store_true", help="every guard of the modules, not only the listed ones")
    parser.add_argument("--list", action="store_true", help="tell the mutants, and try none")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--record", action="store_true", help="write down which test killed each")
    asked = parser.parse_args()
    os.chdir(ROOT)
    todo = jobs(asked.only, everything=asked.all)
    if not todo:  # pytest would run every test where none is named
        print(f"no guard has {asked.only} in its name")
        return 1
    if asked.list:
        print("\n".join(f"{path_of(job.module).relative_to(ROOT)}:{job.mutant.line}: {job.mutant.key}" for job in todo))
        return 0
    with tempfile.TemporaryDirectory(prefix="agentgov-mutants-") as made:
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = made
        if not killers_hold(todo, Path(made)):
            print("the tests fail where nothing is changed")
            return 1
        _imports()  # once, before the forks
        found = outcomes(todo, Path(made), asked.jobs)
    if asked.record:
        there = {job.name for job in jobs(everything=True)}
        known = {name: node for name, node in killers().items() if name in there}
        known |= {job.name: node for job, word, node in found if word == "killed"}
        text = json.dumps(dict(sorted(known.items())), indent=1, ensure_ascii=False)
        (HERE / "killers.json").write_text(text + "\n", encoding="utf-8")
    left = [(job, word, text) for job, word, text in found if word != "killed"]
    for job, word, text in sorted(left, key=lambda one: one[0].name):
        where = f"{path_of(job.module).relative_to(ROOT)}:{job.mutant.line}"
        print(f"{word}: {where}: {job.mutant.key} {text}\n{_difference(job)}")
    print(f"{len(todo)} mutants, {len(todo) - len(left)} killed, {len(left)} not; {len(equivalents())} equivalent")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
