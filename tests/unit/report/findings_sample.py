"""Findings as hostile as hypothesis can make them, and reports of them."""

from collections.abc import Iterable

from hypothesis import strategies as st

from agentgov.model.finding import Finding, Severity, Suppressed, order
from agentgov.model.verdict import Location
from agentgov.report.findings import Checked, Report
from agentgov.validate.codes import CODES

# What ends a line, a cell, a section, a command or a document somewhere, and what hides.
FRAGMENTS = (
    *("\n", "\r\n", "\r", "\t", "%", "%0A", "::", "::error::", "::stop-commands::x", "##[error]", "##[group]", ","),
    *("]]>", "<![CDATA[", "<script>", "</failure>", "&amp;", "&#10;", '"', "'", "\x00", "\x1b[31m", "\x7f", "\x85"),
    *("\u2028", "\u202e", "\u200b", "\ufeff", "\ufffe", "\uffff", "\ud800", "\udcff", "\U000e0001", "\ue000", "\ue001"),
    *("|", "\\|", "`", "```", "**", "__", "~~", "[x](https://evil.example)", "![x](http://e)", "<!-- ", " -->", "<br>"),
    *("https://evil.example", "www.evil.example", "@admin", "a@b.example", "#1", "!1", "$x$", ":tada:", "GH-1", "- "),
    *("é", "日本", "🎉", "e\u0301", "a" * 90, "plain words", " ", "\\", "/", "..", "#", "?"),
)
TEXTS = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=6)), min_size=1, max_size=6).map("".join)
NAMES = TEXTS.map(lambda text: text.replace("\0", "").strip("/") or "x").filter(
    lambda text: all("\udc80" <= char <= "\udcff" or not "\ud800" <= char <= "\udfff" for char in text)
)
PLACES = st.one_of(
    NAMES, NAMES.map(lambda name: f"agents/support/{name}/agent.yaml"), NAMES.map(lambda name: f"governance/{name}")
)
LOCATIONS = st.one_of(
    st.builds(Location, PLACES),
    st.builds(Location, PLACES, st.integers(1, 10**6), st.integers(0, 500), TEXTS.map(lambda text: f"/{text}")),
)
FINDINGS = st.builds(
    Finding, st.sampled_from(sorted(CODES)), st.sampled_from(Severity), LOCATIONS, TEXTS, st.one_of(st.just(""), TEXTS)
)


@st.composite
def reports(draw: st.DrawFn, most: int = 14) -> Report:
    """A report of some findings, some of them suppressed."""
    found = draw(st.lists(FINDINGS, max_size=most, unique=True))
    quiet = draw(st.integers(0, len(found)))
    return report(
        found[quiet:],
        suppressed=tuple(silenced(one, draw(TEXTS)) for one in found[:quiet]),
        inside=draw(st.sampled_from(["", "fleets/a b/"])),
        failing=draw(st.sampled_from([frozenset({Severity.ERROR}), frozenset(Severity)])),
    )


def report(
    found: Iterable[Finding],
    *,
    suppressed: tuple[Suppressed, ...] = (),
    inside: str = "",
    failing: frozenset[Severity] = frozenset({Severity.ERROR}),
) -> Report:
    """A report of findings in two agents and two files of governance."""
    paths = ("agents/a/one/agent.yaml", "agents/a/one/prompts/system.md", "agents/a/two/agent.yaml", "agentgov.yaml")
    return Report(
        command="validate",
        findings=tuple(sorted(found, key=order)),
        checked=Checked(2, 4, "working tree", lambda: paths),
        suppressed=suppressed,
        failing=failing,
        inside=inside,
        version="1.2.3",
    )


def finding(
    file: str = "agents/a/one/agent.yaml",
    line: int = 3,
    *,
    code: str = "schema.unknown-field",
    severity: Severity = Severity.ERROR,
    pointer: str = "/spec/x",
    message: str = "unknown field",
    fix: str = "",
) -> Finding:
    """One finding, of which a test says what matters to it."""
    return Finding(code, severity, Location(file, line, 2 if line else 0, pointer), message, fix)


def many(count: int, severity: Severity = Severity.ERROR) -> list[Finding]:
    """Findings in a hundred files."""
    return [
        finding(
            f"agents/a/n{number % 100}/agent.yaml",
            number + 1,
            pointer=f"/spec/x{number}",
            message=f"unknown field x{number} in spec, and some more words as messages have them",
            fix="did you mean y?",
            severity=severity,
        )
        for number in range(count)
    ]


def silenced(found: Finding, reason: str) -> Suppressed:
    """A finding that a mark in the line above it takes out."""
    return Suppressed(found, reason, Location(found.where.file, max(1, found.where.line - 1), 1))
