"""What a page of the documentation shows of a command, held to what the command prints.

The page marks the block: `<!-- drill -->`, the block in backticks, `<!-- /drill -->`.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def is_shown(page: str, mark: str, printed: str, width: int) -> None:
    """Hold the block of a page to what was printed; GOLDEN=write writes it there."""
    file = ROOT / page
    text = file.read_text("utf-8")
    before, begin, rest = text.partition(f"<!-- {mark} -->\n```\n")
    _, end, after = rest.partition(f"```\n<!-- /{mark} -->\n")
    assert begin, f"{page} has no block {mark}"
    assert end, f"the block {mark} of {page} has no end"
    wanted = f"{before}{begin}{printed}{end}{after}"
    if os.environ.get("GOLDEN") == "write":
        file.write_text(wanted, encoding="utf-8")
        text = wanted
    assert text == wanted
    assert max(map(len, printed.splitlines())) <= width
