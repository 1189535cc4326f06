"""The comment on a pull request: whatever people wrote, it fits, calls nobody, commands nothing, forges no marker."""

import re
from dataclasses import replace

import pytest
from golden.comments_sample import AGENT, HEAD, answer, gallery, needs, path
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from unit.diff.diff_sample import version
from unit.report.test_diff_markdown import HOSTILE, SNIPPETS

from agentgov.diff.compare import compare
from agentgov.forge.marker import MARKER, marked, ours, same_text
from agentgov.forge.port import Account, Comment
from agentgov.report.markup import plain
from agentgov.report.pull_request_comment import Subject, comment, headline, status_title
from agentgov.report.review_told import Ignored, told_change
from agentgov.review.change import ChangeVerdict

WRITTEN = st.lists(
    HOSTILE | st.sampled_from((*SNIPPETS, "\n/approve\n", "\n/merge", "$(id)", "@acme/team", MARKER, "GH-1", ":tada:")),
    max_size=6,
).map("".join)
ME = Account(7, "agentgov[bot]", bot=True)


def hostile(text: str, limit: int) -> str:
    """A comment in which everything that others wrote is this text."""
    name = f"agents/support/refunds/{text}"
    asked = (path(name, "pending", needs(name, text or "n", text), message=text),)
    prompt = "agents/support/refunds/prompts/system.md"
    diff = compare(version(texts={prompt: b"old"}), version(texts={prompt: text.encode("utf-8", "surrogatepass")}))
    told = replace(told_change(ChangeVerdict(asked)), overridden_by=(text,))
    unread = (Ignored(text, text, text, "account"),)
    subject = Subject(HEAD, told, diff=replace(answer(), agents=(diff,)), unread=unread, reason=text)
    return comment(subject, limit)


@pytest.mark.attack("R8")
@settings(max_examples=80)
@given(WRITTEN, st.sampled_from((3_000, 65_000)))
def test_what_others_wrote_acts_nowhere(text: str, limit: int) -> None:
    body = hostile(text, limit)
    assert not re.search(r"^\s*[/@]", body, re.MULTILINE)
    assert len(body) <= limit + 1_500 or limit > 3_000
    page = MarkdownIt("commonmark", {"html": True}).enable("table").parse(body)
    raw = "".join(child.content for token in page for child in token.children or () if child.type == "html_inline")
    assert set(re.findall(r"</?([a-z]+)", raw)) <= {"details", "summary", "pre", "ins", "del"}
    words = "".join(child.content for token in page for child in token.children or () if child.type == "text")
    assert not re.search(r"(?<!\w)@\w", words)
    assert not [1 for token in page for child in token.children or () if child.type in ("link_open", "image")]


@given(WRITTEN)
@settings(max_examples=60)
def test_plain_text_is_words_or_code(text: str) -> None:
    shown = plain(text)
    assert "\n" not in shown
    assert shown == "" or shown.startswith("`") or not set(shown) & set("`*[]<>&|~$@#!\\")


def test_names_read_as_they_are_written() -> None:
    assert plain("rule two-owners: ana, bo (1.5 h)") == "rule two-owners: ana, bo (1.5 h)"
    assert plain("snake_case") == "snake_case"
    assert plain("_emphasis_") == "`_emphasis_`"
    assert plain("dependabot[bot]") == "`dependabot[bot]`"
    assert plain("see http://x") == "`see http://x`"
    assert plain("fixes GH-12") == "`fixes GH-12`"


def test_a_huge_change_loses_the_folded_parts_first() -> None:
    page = gallery()["huge"]
    small, large = comment(page, 4_000), comment(page, 65_000)
    assert "Unblocks it:" in small
    assert "<details>" not in small
    assert "Every change: `agentgov diff main...9c1185a5c`" in small
    assert "<details><summary>Every change" in large
    assert len(large) <= 65_000
    assert large.count("<details") == large.count("</details>")


def test_a_status_fits_its_line_and_says_who_can_unblock() -> None:
    found = gallery()
    assert status_title(found["first-time"].reviews).startswith(
        "1 of 1 path waits: an approval by ana or cy (owners of"
    )
    assert all(len(status_title(page.reviews)) <= 140 for page in found.values())
    assert headline(told_change(ChangeVerdict(()))) == "nothing here needs a review."


def test_people_who_cannot_be_found_are_named_as_missing() -> None:
    told = told_change(ChangeVerdict((path(AGENT, "pending", needs(AGENT, "owners")),)))
    assert "an approval, which nobody here could give" in comment(Subject(HEAD, told))


def test_only_the_own_account_with_the_marker_on_top_is_ours() -> None:
    mine, forged = Comment(3, ME, marked("x")), Comment(1, Account(9, "mallory"), marked("x"))
    quoted, ghost = Comment(2, ME, f"> {MARKER}\nlook"), Comment(4, None, marked("x"))
    older = Comment(2, ME, marked("y").replace("\n", "\r\n"))
    assert ours([mine, forged, quoted, ghost, older], ME) == [older, mine]
    assert same_text("a\r\nb\r\n", "a\nb")
    assert not same_text("a\nb", "a\nc")
