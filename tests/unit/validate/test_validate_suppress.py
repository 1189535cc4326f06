"""Marks that suppress findings: what they cover, what they may cover, and that nothing disappears without a trace."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.validate.fleet_sample import AGENT, FILES, FLEET, OWNERS, PROMPT, REFUNDS, SHARED, Edit, fleet

from agentgov.model.finding import Severity
from agentgov.model.fleet import Validation
from agentgov.validate.codes import CODES
from agentgov.validate.load import load_governance
from agentgov.validate.run import examine, findings_of_agent
from agentgov.validate.selection import Selection
from agentgov.validate.suppress import JUDGEMENT, apply, suppressions

MARK = "# agentgov: ignore[secret.suspicious] because of the sample"
PASSWORD = "correct-horse-battery"


def spec(text: str) -> tuple[str, str]:
    """An edit that adds lines to the end of the spec of the first agent."""
    return ("  playbook: playbooks/refunds.yaml\n", f"  playbook: playbooks/refunds.yaml\n{text}")


def outcome(edits: Mapping[str, Edit]) -> tuple[list[str], list[str]]:
    """Codes that stand, codes that are suppressed."""
    result = examine(fleet(edits))
    return [one.code for one in result.findings], [one.finding.code for one in result.suppressed]


@pytest.mark.parametrize(
    "text",
    [
        f"  runtime: {{db_password: {PASSWORD}}}  {MARK}\n",
        f"  {MARK}\n  runtime: {{db_password: {PASSWORD}}}\n",
        f"  {MARK}\n\n  # what it is for\n  runtime: {{db_password: {PASSWORD}}}\n",
        f"  runtime:\n    db_password: |-  {MARK}\n      {PASSWORD}\n",
        f"  runtime:\n    db_password: &p  {MARK}\n      {PASSWORD}\n",
        f'  runtime:\n    db_password: "correct-\\\n      horse-battery"  {MARK}\n',
        f"  runtime: {{db_password: {PASSWORD}}} #agentgov: ignore[secret.suspicious] because of the sample\n",
        f"  runtime: {{db_password: {PASSWORD}}} # agentgov: ignore[ secret.suspicious ,secret.literal] because so\n",
    ],
)
def test_a_mark_in_the_line_or_alone_above_it_suppresses(text: str) -> None:
    kept, suppressed = outcome({AGENT: spec(text)})
    assert suppressed == ["secret.suspicious"]
    assert kept in ([], ["suppress.unused"])
    assert (kept == []) == ("literal" not in text)


@pytest.mark.parametrize(
    "text",
    [
        f'  x-a: "{MARK}"\n  runtime: {{db_password: {PASSWORD}}}\n',
        f"  x-a: |\n    {MARK}\n  runtime: {{db_password: {PASSWORD}}}\n",
        f"  x-a: >-\n    text {MARK}\n  runtime: {{db_password: {PASSWORD}}}\n",
        f"  x-a: 'one\n    {MARK}'\n  runtime: {{db_password: {PASSWORD}}}\n",
    ],
)
def test_a_mark_inside_a_text_is_text(text: str) -> None:
    assert outcome({AGENT: spec(text)}) == (["secret.suspicious"], [])


def test_a_mark_covers_the_whole_of_a_text_that_starts_there() -> None:
    hidden = "# agentgov: ignore[text.hidden-character] because it shows one"
    text = f"  x-a: |  {hidden}\n    one\n    tw\u200bo\n  x-b: thr\u200bee\n"
    result = examine(fleet({AGENT: spec(text)}))
    assert [(one.code, one.where.line) for one in result.findings] == [("text.hidden-character", 27)]
    assert [one.finding.where.line for one in result.suppressed] == [26]


def test_what_is_suppressed_is_told_with_the_reason_and_the_place_of_the_mark() -> None:
    (one,) = examine(fleet({AGENT: spec(f"  runtime: {{db_password: {PASSWORD}}}  {MARK}\n")})).suppressed
    assert one.reason == "of the sample"
    assert (one.mark.file, one.mark.line, one.mark.column) == (AGENT, 24, 50)
    assert (one.finding.code, one.finding.where.line) == ("secret.suspicious", 24)


@pytest.mark.parametrize(
    ("mark", "code"),
    [
        ("# agentgov: ignore[secret.suspicious]", "suppress.no-reason"),
        ("# agentgov: ignore[secret.suspicious] because", "suppress.no-reason"),
        ("# agentgov: ignore[secret.suspicious] because ...", "suppress.no-reason"),
        ("# agentgov: ignore[secret.suspicious]: a sample", "suppress.no-reason"),
        ("# agentgov: ignore[secret.suspicious]because so", "suppress.no-reason"),
        ("# agentgov: ignore secret.suspicious because so", "suppress.malformed"),
        ("# agentgov: ignore because so", "suppress.malformed"),
        ("# agentgov: ignore[] because so", "suppress.malformed"),
        ("# agentgov: ignore[secret.suspicious,] because so", "suppress.malformed"),
        ("# agentgov:ignore[secret.suspicious] because so", "suppress.malformed"),
        (f"# agentgov: ignore[{', '.join(['secret.suspicious'] * 21)}] because so", "suppress.malformed"),
        ("# agentgov: ignore[secret] because so", "suppress.unknown-code"),
        ("# agentgov: ignore[secret.suspicous] because so", "suppress.unknown-code"),
        ("# agentgov: ignore[*] because so", "suppress.unknown-code"),
    ],
)
def test_a_mark_that_is_wrong_suppresses_nothing_and_is_told(mark: str, code: str) -> None:
    kept, suppressed = outcome({AGENT: spec(f"  runtime: {{db_password: {PASSWORD}}}  {mark}\n")})
    assert (sorted(kept), suppressed) == (sorted(["secret.suspicious", code]), [])


def test_a_mark_without_use_is_told_for_each_code() -> None:
    text = "  runtime: {}  # agentgov: ignore[secret.suspicious, prompt.empty] because so\n"
    result = examine(fleet({AGENT: spec(text)}))
    assert [(one.code, one.where.line, one.where.column) for one in result.findings] == [
        ("suppress.unused", 24, 16),
        ("suppress.unused", 24, 16),
    ]


def test_where_a_file_cannot_be_judged_to_the_end_no_mark_is_said_to_be_without_use() -> None:
    text = f"  runtime: {{}}  {MARK}\n"
    assert outcome({AGENT: spec(f"{text}  colour: red\n")})[0] == ["schema.unknown-field"]
    assert outcome({AGENT: spec(text), FLEET: ("name: sample", "name: 5")})[0] == ["schema.wrong-type"]


@pytest.mark.parametrize(
    ("edits", "code"),
    [
        ({AGENT: ("risk: medium", "risk: low  # agentgov: ignore[limit.risk] because so")}, "limit.risk"),
        (
            {AGENT: ("owner: team:support", "owner: zoe  # agentgov: ignore[reference.unknown-person] because so")},
            "reference.unknown-person",
        ),
        ({AGENT: spec("  a: 1  # agentgov: ignore[schema.unknown-field] because so\n")}, "schema.unknown-field"),
        ({AGENT: spec("  x-a: !t 1  # agentgov: ignore[yaml.tag] because so\n")}, "yaml.tag"),
        (
            {AGENT: spec(f"  runtime: {{}}  {MARK}, suppress.unused\n  # agentgov: ignore[suppress.unused] because\n")},
            "suppress.no-reason",
        ),
    ],
)
def test_what_the_product_builds_on_is_beyond_every_mark(edits: Mapping[str, Edit], code: str) -> None:
    result = examine(fleet(edits))
    assert code in {one.code for one in result.findings}
    assert not result.suppressed


def test_only_warnings_and_errors_of_judgement_can_be_suppressed() -> None:
    errors = {code for code, (severity, _) in CODES.items() if severity is Severity.ERROR}
    assert errors > JUDGEMENT
    builds_on = ("yaml", "schema", "file", "access", "reference", "limit", "owner", "layout", "suppress", "import")
    assert not [code for code in JUDGEMENT if code.partition(".")[0] in builds_on]


HIDDEN = spec(
    "  x-a: a\u200bb  # agentgov: ignore[text.hidden-character] because so\n"
    f"  runtime: {{password: {PASSWORD}}}  {MARK}\n"
)


@pytest.mark.parametrize(
    ("validation", "kept"),
    [
        ("", []),
        ("validation: {suppress: all}\n", []),
        ("validation: {suppress: warnings}\n", ["suppress.forbidden", "text.hidden-character"]),
        ("validation: {never: [secret]}\n", ["secret.suspicious", "suppress.forbidden"]),
        ("validation: {never: [text.hidden-character]}\n", ["suppress.forbidden", "text.hidden-character"]),
        (
            "validation: {suppress: none}\n",
            ["secret.suspicious", "suppress.forbidden", "suppress.forbidden", "text.hidden-character"],
        ),
    ],
)
def test_a_fleet_says_what_may_be_suppressed(validation: str, kept: list[str]) -> None:
    found, suppressed = outcome({AGENT: HIDDEN, FLEET: FILES[FLEET] + validation})
    assert sorted(found) == kept
    assert len(found) + len(suppressed) - found.count("suppress.forbidden") == 2


def test_a_list_of_codes_that_do_not_exist_is_told() -> None:
    result = examine(fleet({FLEET: FILES[FLEET] + "validation: {never: [secret, secrets.literal]}\n"}))
    assert [(one.code, one.where.line, one.where.column) for one in result.findings] == [
        ("suppress.unknown-code", 10, 30)
    ]
    assert result.findings[0].fix == 'did you mean "secret.literal"?'


def test_what_is_in_a_file_of_the_agent_is_suppressed_where_the_file_is_named() -> None:
    line, mark = (
        "    system: {file: prompts/system.md}\n",
        "ignore[prompt.undeclared-variable] because braces are shown",
    )
    named = (line, f"    # agentgov: {mark}\n{line}")
    prompt = "You help {{customer}}. Write {{braces}}.\n"
    assert outcome({PROMPT: prompt, AGENT: named}) == ([], ["prompt.undeclared-variable"])
    inside = f"{prompt}<!-- agentgov: ignore[prompt.undeclared-variable] because so -->\n"
    assert outcome({PROMPT: inside}) == (["prompt.undeclared-variable"], [])


def test_a_text_that_several_agents_share_is_not_for_one_of_them_to_judge() -> None:
    named = (
        "    partials: [../shared/tone.md]\n",
        "    partials: [../shared/tone.md]  # agentgov: ignore[prompt.undeclared-variable] because so\n",
    )
    kept, suppressed = outcome({SHARED: "Be {{kind}}.\n", AGENT: named})
    assert (sorted(kept), suppressed) == (["prompt.undeclared-variable", "suppress.unused"], [])


@pytest.mark.parametrize(
    "text",
    [
        "# agentgov: ignore[owner.unknown] because they come next week\n* @sample/support @new\n",
        "* @sample/support @new  # agentgov: ignore[owner.unknown] because they come next week\n",
    ],
)
def test_marks_count_in_codeowners(text: str) -> None:
    assert outcome({OWNERS: text}) == ([], ["owner.unknown"])


def test_a_release_asks_the_authorised_governance_whether_marks_count() -> None:
    strict, _ = load_governance(fleet({FLEET: FILES[FLEET] + "validation: {suppress: none}\n"}))
    open_, _ = load_governance(fleet())
    assert strict is not None
    assert open_ is not None
    snapshot = fleet({AGENT: HIDDEN})
    assert findings_of_agent(snapshot, open_, REFUNDS) == ()
    assert "text.hidden-character" in {one.code for one in findings_of_agent(snapshot, strict, REFUNDS)}


def test_a_selection_of_paths_keeps_marks_and_what_they_suppress_together() -> None:
    snapshot = fleet({AGENT: HIDDEN})
    assert len(examine(snapshot, Selection((AGENT,))).suppressed) == 2
    elsewhere = examine(snapshot, Selection((OWNERS,)))
    assert (elsewhere.findings, elsewhere.suppressed) == ((), ())


def test_only_so_many_marks_of_a_file_are_read() -> None:
    marks = "".join(f"  x-{number}: a  # agentgov: ignore[prompt.empty] because so\n" for number in range(1005))
    found = suppressions(fleet({AGENT: spec(marks)}).read(AGENT), AGENT)
    assert len(found) == 1001
    assert [mark.problem[0] for mark in found if mark.problem] == ["suppress.malformed"]


CODE = st.sampled_from(["secret.suspicious", "text.hidden-character", "limit.risk", "nothing", "prompt.empty"])
PIECE = st.sampled_from(
    ["  x: 1", "  y: |", "    z", '  "q": "a', '    b"', "", "  # a", "{", "\t", "- &a", "\r", "\u200b"]
)


@settings(max_examples=150)
@given(
    st.lists(st.tuples(PIECE, st.none() | CODE, st.booleans()), max_size=8),
    st.sampled_from([None, Validation(), Validation(suppress="none"), Validation("warnings", ("secret",))]),
)
def test_no_finding_is_lost_and_none_made_up(
    lines: list[tuple[str, str | None, bool]], policy: Validation | None
) -> None:
    text = "".join(
        f"{line} # agentgov: ignore[{code}]{' because so' if reason else ''}\n" if code else f"{line}\n"
        for line, code, reason in lines
    )
    found = examine(fleet({AGENT: spec(text)}))
    everything = [*found.findings, *(one.finding for one in found.suppressed)]
    marks = suppressions(fleet({AGENT: spec(text)}).read(AGENT), AGENT)
    again = apply([one for one in everything if one.code[:9] != "suppress."], marks, policy, lambda _: True)
    stands = [one for one in again.kept if one.code[:9] != "suppress."]
    assert {*stands, *(one.finding for one in again.suppressed)} == {
        one for one in everything if one.code[:9] != "suppress."
    }
    assert policy is not None or not again.suppressed
