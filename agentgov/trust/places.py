"""Where a user's own files of agentgov lie, by fleet, outside every repository.

Names paths; never reads or writes them. AGENTGOV_CONFIG_HOME and AGENTGOV_STATE_HOME move them.
"""

import os
import re
from pathlib import Path

from agentgov.errors import ConfigurationError

FLEET_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


def config_path(kind: str, fleet_id: str) -> Path:
    """`<config>/<kind>/<fleet id>`; ConfigurationError for an id that is not a UUID."""
    from platformdirs import user_config_path

    home = os.environ.get("AGENTGOV_CONFIG_HOME")
    return (Path(home) if home else user_config_path("agentgov")) / kind / _file_name(fleet_id)


def state_path(kind: str, fleet_id: str) -> Path:
    """`<state>/<kind>/<fleet id>`; ConfigurationError for an id that is not a UUID."""
    return state_folder() / kind / _file_name(fleet_id)


def state_folder() -> Path:
    """Where what this user's agentgov remembers lies."""
    from platformdirs import user_state_path

    home = os.environ.get("AGENTGOV_STATE_HOME")
    return Path(home) if home else user_state_path("agentgov")


def _file_name(fleet_id: str) -> str:
    """The id comes from a repository: only a UUID may become the name of a file."""
    if FLEET_ID.match(fleet_id) is None:
        raise ConfigurationError(f"the fleet id {fleet_id!r} is not a lower-case UUID", "see `id` in agentgov.yaml")
    return fleet_id
