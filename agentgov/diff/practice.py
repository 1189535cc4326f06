"""Changes of playbooks and drills: what people do, not what an agent may do, so all of them are neutral.

They have their owners by path, and no review rule names them. A document that cannot be read is named as it is.
"""

from collections.abc import Iterator
from dataclasses import replace

from agentgov.diff.change import FieldChange
from agentgov.diff.governance import compare_documents
from agentgov.model.playbook import Drill, Playbook

Practice = Playbook | Drill


def compare_practice(
    file: str, before: Practice | None, after: Practice | None, there: tuple[bool, bool]
) -> Iterator[FieldChange]:
    """Every change of one playbook or drill that differs; `there` says on which sides the file is, readable or not."""
    name = file.partition("/")[0]
    noun = "playbook" if name == "playbooks" else "drill"
    label = f"{noun} {file.rpartition('/')[2].removesuffix('.yaml')}"
    if there == (True, True) and before is not None and after is not None and type(before) is type(after):
        found = list(compare_documents(name, file, label, before, after))
        yield from (replace(change, klass="neutral") for change in found)
        if not found:
            yield _whole(name, file, f"{label}: every value that is read from it is the same, or in another order")
    elif there == (True, True):
        yield _whole(name, file, f"{label}: changed; look at it as text")
    else:
        direction = "added" if there[1] else "removed"
        yield replace(_whole(name, file, f"{label} {direction}"), field=f"{name}.{direction}")


def _whole(name: str, file: str, summary: str) -> FieldChange:
    return FieldChange(f"{name}.changed", "neutral", file, "", None, None, summary)
