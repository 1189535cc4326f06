"""Tables have room: columns that have none stand beneath their rows, and no word is broken."""

from hypothesis import example, given
from hypothesis import strategies as st

from agentgov.report.page import Page, Span

HEADER = ("AGENT", "ABOUT", "BY")


def lines(page: Page, width: int | None = 40, *, colour: bool = False) -> list[str]:
    return page.text(width=width, colour=colour).splitlines()


def test_a_table_that_fits_stays_a_table() -> None:
    page = Page().table(HEADER, [("support/triage", "tickets", "erin"), ("hr/leave", "days", "")])
    fits = ["AGENT           ABOUT    BY", "support/triage  tickets  erin", "hr/leave        days"]
    assert lines(page) == lines(page, 29) == lines(page, None) == fits


def test_the_widest_column_is_broken_between_words() -> None:
    page = Page().table(HEADER, [("triage", "refunds are given twice since noon", "erin"), ("leave", "days", "bob")])
    assert lines(page) == [
        "AGENT   ABOUT                       BY",
        "triage  refunds are given twice     erin",
        "        since noon",
        "leave   days                        bob",
    ]


def test_what_has_no_room_beside_stands_beneath_with_its_name() -> None:
    rows = [("support/refund-assistant", "team:oncall", "2030-12-31"), ("hr/leave", "-", "")]
    assert lines(Page().table(HEADER, rows)) == [
        "AGENT                     ABOUT",
        "support/refund-assistant  team:oncall",
        "  by: 2030-12-31",
        "hr/leave                  -",
    ]
    assert lines(Page().table(("AGENT", "ABOUT", "READ BY"), rows), 30) == [
        "AGENT",
        "support/refund-assistant",
        "  about: team:oncall",
        "  read by: 2030-12-31",
        "hr/leave",
    ]


def test_a_long_text_beneath_goes_on_further_in() -> None:
    long = "team:oncall, team:finance-controlling, role:administrator"
    shown = lines(Page().table(HEADER, [("support/refund-assistant", "x" * 20, long)]))
    assert shown[2:] == [
        "  about: xxxxxxxxxxxxxxxxxxxx",
        "  by: team:oncall,",
        "    team:finance-controlling,",
        "    role:administrator",
    ]


def test_a_word_that_has_no_room_behind_its_name_stands_below_it() -> None:
    shown = lines(Page().table(HEADER, [("support/refund-assistant", "x" * 38, "")]))
    assert shown[1:] == ["support/refund-assistant", "  about:", f"    {'x' * 38}"]


def test_painted_it_has_the_same_lines() -> None:
    page = Page().table(HEADER, [(Span("support/refund-assistant", "bold"), "team:oncall", Span("2030-12-31", "bad"))])
    painted = lines(page, colour=True)
    assert "\x1b[1;31m2030-12-31\x1b[0m" in painted[2]
    assert len(painted) == len(lines(page))


def test_a_column_without_a_name_is_there_where_it_says_something() -> None:
    header = ("AGENT", "", "SINCE")
    assert lines(Page().table(header, [("hr/leave", "", "noon")])) == ["AGENT     SINCE", "hr/leave  noon"]
    assert lines(Page().table(header, [("hr/leave", "held", "noon")]))[1] == "hr/leave  held  noon"


def test_wide_characters_take_two_columns() -> None:
    shown = lines(Page().table(("NAME", "BY"), [("係", "erin"), ("abcd", "bob")]))
    assert shown == ["NAME  BY", "係    erin", "abcd  bob"]


@example(rows=[["aaaaaaaaaaa aaaaaaaaa", "", ""]], width=20)
@given(
    rows=st.lists(st.lists(st.text("ab -", max_size=60), min_size=3, max_size=3), min_size=1, max_size=4),
    width=st.integers(20, 90),
)
def test_no_line_is_wider_unless_a_word_is(rows: list[list[str]], width: int) -> None:
    longest = max(len(word) for row in rows for cell in row for word in cell.split(" "))
    shown = lines(Page().table(HEADER, rows), width)
    assert max(map(len, shown)) <= max(width, longest + len("  about: "))
    words = [word for row in rows for cell in row for word in cell.split() if word != "-"]
    told = " ".join(shown).split()
    assert all(told.count(word) >= words.count(word) for word in words)
