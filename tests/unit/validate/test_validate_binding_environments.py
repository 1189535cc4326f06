"""A binding that lists no environment gives no right that acts in one: whoever wrote it is told."""

import pytest
from unit.validate.fleet_sample import ACCESS, AGENT, FILES, findings

CODE = "access.no-environments"


def bound(role: str, more: str = "", *, verbs: str = "") -> str:
    """Access with one more binding, and a role on-call where it has verbs."""
    roles = f"roles: [{{name: on-call, verbs: [{verbs}]}}]\n" if verbs else ""
    binding = f'  - {{role: {role}, who: [team:support], agents: ["support/*"]{more}}}\n'
    return FILES[ACCESS].replace("bindings:\n", f"{roles}bindings:\n") + binding


@pytest.mark.parametrize(
    ("edit", "lost"),
    [
        (bound("operator"), "promote, abort, hold, clear, retire, rollback, pause, resume, silence, token"),
        (bound("operator", ", environments: []"), "token"),
        (bound("on-call", verbs="view, incident, token, silence"), "silence, token"),
        (bound("on-call", verbs="view, incident, drill, review"), ""),
        (bound("viewer"), ""),
        (bound("auditor"), ""),
        (bound("operator", ", environments: [staging]"), ""),
    ],
)
def test_rights_that_act_in_an_environment_take_one(edit: str, lost: str) -> None:
    found = [one for one in findings({ACCESS: edit}) if one.code == CODE]
    assert len(found) == bool(lost)
    for one in found:
        assert lost in one.message
        assert one.where.pointer == "/bindings/1"
        assert "environments: [staging, production]" in one.fix


@pytest.mark.parametrize(("more", "told"), [("", True), (", environments: [production]", False)])
def test_a_role_that_nobody_has_anywhere_decides_nothing(more: str, told: bool) -> None:
    agent = FILES[AGENT].replace("who: [team:support], count: 2", "who: [team:support, role:on-call]")
    edits = {ACCESS: bound("on-call", more, verbs="view"), AGENT: agent}
    found = [one.where.pointer for one in findings(edits) if one.code == CODE]
    assert found == (["/spec/actions/1/then/ask/who/1"] if told else [])
