"""Who wrote a change by what a forge says: whoever opened the pull request, and every account that pushed to it.

The importer's word for it is a claim, and a claim only ever excludes. Numbers decide who is meant; an account that is
nobody's in Access excludes nobody. Pure.
"""

from collections.abc import Mapping
from dataclasses import replace

from agentgov.model.imported import Imported
from agentgov.review.verdict import AuthorSet
from agentgov.trust.identity import Directory


def with_claims(
    authors: Mapping[str, AuthorSet], imported: Mapping[str, Imported], directory: Directory
) -> dict[str, AuthorSet]:
    """Author sets with those people besides, on every path that was reviewed on the forge, counted or not."""
    found = dict(authors)
    for source in imported.values():
        owners = {directory.by_account(source.forge, number) for number in (source.opener, *source.pushers)}
        people = {person for person in owners if person is not None}
        for path in source.paths:
            if path in found:
                found[path] = replace(found[path], people=found[path].people | people)
    return found
