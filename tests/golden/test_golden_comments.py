"""The gallery of comments in docs/gallery: every page is what is written, and reads as the plain text of an e-mail.

Write the files anew with: GOLDEN=write pytest tests/golden/test_golden_comments.py
"""

import os
import re
from pathlib import Path

import pytest
from golden.comments_sample import gallery

from agentgov.forge.marker import MARKER, marked
from agentgov.report.pull_request_comment import LIMIT, comment

DOCS = Path(__file__).resolve().parents[2] / "docs/gallery"
PAGES = gallery()
LIMITS = {"huge": 16_000}  # as if a comment held less, so that the page stays readable; others: what GitHub takes
_TAG = re.compile(r"</?[a-z][^>]*>|<!--.*?-->")


def written(name: str) -> str:
    """A page as it would be posted."""
    return marked(comment(PAGES[name], LIMITS.get(name, LIMIT) - 100))


def as_mail(body: str) -> str:
    """What an e-mail shows of it: what is folded away, and the tags, are not there."""
    unfolded = re.sub(r"\n<details>.*</details>\n", "", body, flags=re.DOTALL)
    return re.sub(r"\n{3,}", "\n\n", _TAG.sub("", unfolded)).strip() + "\n"


@pytest.mark.parametrize("name", PAGES)
def test_the_gallery_shows_what_is_written(name: str) -> None:
    body = written(name)
    for file, text in ((DOCS / f"{name}.md", body), (DOCS / f"{name}.txt", as_mail(body))):
        if os.environ.get("GOLDEN") == "write":
            file.write_text(text)
        assert text == file.read_text()


@pytest.mark.parametrize("name", PAGES)
def test_a_comment_reads_well_in_an_e_mail(name: str) -> None:
    body = written(name)
    mail = as_mail(body)
    assert body.startswith(f"{MARKER}\n**agentgov: ")
    assert "&#" not in mail
    assert not re.search(r"^\s*\|", mail, re.MULTILINE)
    assert set(re.findall(r"</?([a-z]+)", body)) <= {"details", "summary", "pre", "ins", "del"}
    assert len(body) <= LIMITS.get(name, LIMIT)
    assert len(mail.splitlines()) < 60
    assert not re.search(r"(?<![`\w])@\w", body)
