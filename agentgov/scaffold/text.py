"""Values of people and machines inside YAML that we write: quoted so that they stay one value, whatever they hold."""

import json

from agentgov.validate.characters import hidden


def quoted(text: str) -> str:
    """A YAML double-quoted scalar for any text; characters that a reviewer could not see are left out.

    JSON's strings are a subset of YAML 1.2's double-quoted scalars.
    """
    concealed = {index for index, _ in hidden(text)}
    visible = "".join(char for index, char in enumerate(text) if index not in concealed and char.isprintable())
    return json.dumps(visible, ensure_ascii=False)
