"""`agentgov explain`: what a code of a finding means, why it matters, and how to mend it. Reads what travels along."""

from collections.abc import Callable

import click

from agentgov.cli.options import answer, format_option
from agentgov.errors import UsageError
from agentgov.report.page import Page

Answer = tuple[Page, dict[str, object]]


@click.command()
@click.argument("subject", metavar="CODE")
@format_option()
def explain(subject: str, output: str) -> int:
    """What a finding means: why it matters, a bad and a good example, and how to mend it.

    CODE is a code such as yaml.tag, or a family such as yaml, whose codes are listed.
    """
    for ask in _SUBJECTS:
        found = ask(subject)
        if found is not None:
            page, document = found
            answer(output, page, {"schema": "agentgov.explain/1", **document})
            return 0
    raise _unknown(subject)


def _code(subject: str) -> Answer | None:
    """One code of a finding."""
    from agentgov.report import explanation as render
    from agentgov.validate.explanations import explanation

    found = explanation(subject)
    return None if found is None else (render.page(found), {"kind": "finding", **render.document(found)})


def _family(subject: str) -> Answer | None:
    """All codes of a family."""
    from agentgov.report import explanation as render
    from agentgov.validate.codes import CODES

    codes = {code: told for code, told in CODES.items() if code.partition(".")[0] == subject}
    if not codes:
        return None
    return render.family_page(subject, codes), {"kind": "family", **render.family_document(subject, codes)}


# What a subject may be, in this order: the first that knows it answers.
_SUBJECTS: tuple[Callable[[str], Answer | None], ...] = (_code, _family)


def _unknown(subject: str) -> UsageError:
    import difflib

    from agentgov.validate.codes import CODES

    families = dict.fromkeys(code.partition(".")[0] for code in CODES)
    close = difflib.get_close_matches(subject, (*CODES, *families), 1)
    named = [code for code in CODES if code.startswith(subject) or code.partition(".")[2].startswith(subject)]
    hint = f"did you mean {(named or close)[0]}?" if named or close else f"families: {', '.join(families)}"
    return UsageError(f"there is no finding {subject}", hint)
