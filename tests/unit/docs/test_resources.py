"""What the program reads at run time travels in the wheel."""

import re
import tomllib
from pathlib import Path

from agentgov.resources import folder

ROOT = Path(__file__).resolve().parents[3]


def test_every_folder_that_is_read_at_run_time_is_packed() -> None:
    packed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    included = packed["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    read = {
        name
        for file in (ROOT / "agentgov").rglob("*.py")
        for name in re.findall(r'\bfolder\("([^"]+)"\)', file.read_text("utf-8"))
    }
    assert "docs/findings" in read
    assert {f"agentgov/{name}" for name in read} <= set(included.values())
    for source, place in included.items():
        assert folder(place.removeprefix("agentgov/")) == ROOT / source
