"""What `agentgov doctor` says on the fleet of the demo, for somebody who has seen no documentation; docs/doctor.md
shows it. Names that differ from machine to machine are made alike before it is laid out.

Write it anew with: GOLDEN=write pytest tests/golden
"""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from golden.shown import is_shown

from agentgov.cli.start.demo_world import DemoWorld
from agentgov.cli.start.doctor import grouped, page_of
from agentgov.cli.start.doctor_groups import Asked, examine
from agentgov.repo import clock

NOW = 1_796_040_000  # 2026-11-30: holds of the demo grow old


def alike(text: str, base: Path) -> str:
    text = text.replace(str(base), "/home/bob/acme")
    text = re.sub(r"SHA256:\S{43}", "SHA256:3VnpYcZ2l0dTq8hJ7mWb5sKxEoRgUf1aPiLtN9yCvQk", text)
    text = re.sub(r"\b[0-9a-f]{12}\b(?!-)", "5b0c2f1ae77d", text)
    text = re.sub(r"Python [0-9.]+", "Python 3.12.4", text)
    return re.sub(r"\b[0-9]+s (old|ago)", r"0s \1", text)


def test_doctor_reads_well_on_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    world = DemoWorld(tmp_path)
    world.build()
    world.run("carol", "trust", "init")
    with world.acting("carol"):
        found = grouped(
            (group, replace(check, message=alike(check.message, tmp_path))) for group, check in examine(".", Asked())
        )
    is_shown("docs/doctor.md", "doctor", f"$ agentgov doctor\n{page_of(found).text()}", width=100)
