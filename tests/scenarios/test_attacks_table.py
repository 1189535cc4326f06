"""docs/attacks.md is what the tests hold, and git's column is what git says."""

import re
import subprocess
from pathlib import Path

import pytest
from attack_table import ATTACKS, GIT, NOT_YET, PAGE, ROOT, claims, page
from git_says import EXPERIMENTS, Witness

SAID = {one.id: one.git for one in ATTACKS if one.git}
CASES = ROOT.parent / "shared/cases/attacks.md"


def test_the_page_shows_what_the_tests_hold() -> None:
    text = PAGE.read_text("utf-8")
    assert text == page(text), "write it anew: python tests/attack_table.py"


def test_every_attack_is_held_by_a_test_or_said_not_to_be() -> None:
    held = claims()
    known = [one.id for one in ATTACKS]
    assert len(set(known)) == len(known)
    assert set(held) <= set(known), "a test is marked with an attack that the table lacks"
    assert [name for name in known if name not in held] == list(NOT_YET)


def test_the_table_lists_every_published_case() -> None:
    if not CASES.exists():
        pytest.skip("the published cases do not lie beside this checkout")
    published = re.findall(r"^\| ([A-Z][0-9]+) \|", CASES.read_text("utf-8"), re.MULTILINE)
    ours = [
        one.id for one in ATTACKS if one.id[0] not in "NRSW"
    ]  # forge, network, the gate, webhooks: not published there
    assert published == ours


def test_every_word_of_git_is_measured() -> None:
    assert SAID.keys() == EXPERIMENTS.keys()


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_git_says_so(tmp_path: Path, name: str) -> None:
    said = EXPERIMENTS[name](Witness(tmp_path))
    version = subprocess.run(["git", "version"], capture_output=True, text=True, check=True).stdout.split()[2]
    if said != SAID[name] and tuple(map(int, version.split(".")[:2])) != GIT:
        pytest.skip(f"git {version} says otherwise: {said}")
    assert said == SAID[name]
