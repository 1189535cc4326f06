"""A simulated fleet whose agent is asked for evaluations: what tests of evidence build on.

fleet = EvidenceWorld(tmp_path)
fleet.offer("1.0.0")                     # written, reviewed, released, recorded
fleet.add("erin", "1.0.0", passed=98, failed=2)
"""

import json
from pathlib import Path

from pipelineworld import PipelineWorld, pipeline_file
from simulator import TRIAGE, agent_file

from agentgov.journal.draft import Draft
from agentgov.journal.view import View
from agentgov.model.names import ReleaseName
from agentgov.model.state import Release
from agentgov.release.evidence import order_evidence, weigh
from agentgov.release.evidence_files import Parsed, parse_evidence
from agentgov.trust.signers import KeyFileSigner, generate_key

SUITE = "evals/basics.yaml"
BOT = "prober"  # the bot that signs results
_EVALS = "  evals: [{{suite: {suite}, min: {{pass_rate: 0.97}}, before: [{before}]}}]\n"
_TESTER = '  - {role: tester, who: [alice, bob, erin], agents: ["support/*"]}\n'


def results(passed: int = 0, failed: int = 0, errors: int = 0, **metrics: float) -> Parsed:
    """Results as a file of our own form tells them."""
    tests = {"tests": {"passed": passed, "failed": failed, "errors": errors}} if passed + failed + errors else {}
    data = {"schema": "agentgov.evidence/1", "tool": "probe", **tests, "metrics": metrics}
    found = parse_evidence(json.dumps(data).encode())
    assert isinstance(found, Parsed), found
    return found


def agent_with_evals(before: str = "canary, production") -> str:
    """agent.yaml of support/triage with one suite."""
    return agent_file(TRIAGE, team="support").replace(
        "  oncall:", f"{_EVALS.format(suite=SUITE, before=before)}  oncall:"
    )


class EvidenceWorld(PipelineWorld):
    """A fleet in which alice, bob and erin may add results, and a bot; alice writes and releases."""

    def __init__(self, folder: Path, *, kinds: str = "eval", before: str = "canary, production") -> None:
        pipeline = pipeline_file().replace(
            "environment: staging, soak: 5m", f"environment: staging, soak: 5m, evidence: [{kinds}]"
        )
        files = {TRIAGE.file: agent_with_evals(before), f"{TRIAGE.folder}/{SUITE}": "tests: []\n"}
        super().__init__(folder, pipeline=pipeline, files=files)
        line = generate_key(folder / "keys" / BOT, BOT)
        self.signers[BOT] = KeyFileSigner(folder / "keys" / BOT)
        path = "governance/access.yaml"
        access = (self.work / path).read_text()
        access = access.replace("teams:\n", f'  - {{id: {BOT}, kind: evidence, keys: ["{line}"]}}\nteams:\n')
        access = access.replace("bindings:\n", f"  - {{name: tester, verbs: [evidence]}}\nbindings:\n{_TESTER}")
        self.govern({path: access})

    def offer(self, version: str, text: str = "") -> Release:
        """New words for the agent, released by alice and recorded by the reconciler."""
        self.write(text or f"Version {version}.")
        self.release("alice", TRIAGE, version)
        self.run()
        return self.recorded(version)

    def recorded(self, version: str) -> Release:
        """The record of a release."""
        found = self.known().state.release(ReleaseName(TRIAGE, version))
        assert found is not None, self.last.refused
        return found

    def draft(self, who: str, version: str, parsed: Parsed, *, kind: str = "eval", suite: str = "") -> Draft:
        """The act that adds results, signed."""
        view = self.view()
        found = weigh(view, ReleaseName(TRIAGE, version), kind, suite, parsed)
        return order_evidence(view, self.actor(who), found, now=self.clock())

    def add(self, who: str, version: str, parsed: Parsed, *, kind: str = "eval", suite: str = "") -> View:
        """Append it."""
        return self.append(self.draft(who, version, parsed, kind=kind, suite=suite), by=who)
