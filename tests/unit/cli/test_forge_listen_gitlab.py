"""`forge listen` on GitLab: a hook with a signing token wakes the importer, and one without wakes nobody."""

import base64
import hmac
import http.client
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from gitlabfleet import GitLabFleet
from patience import PATIENCE
from ports import free_port
from unit.cli.command_world import PROMPT, ROOT


@dataclass
class Hook:
    """GitLab's side of a webhook, which delivers as soon as somebody listens."""

    port: int
    key: bytes
    statuses: list[int] = field(default_factory=list)

    def deliver(self, number: int, project: int, now: int) -> None:
        """An approval: once with another key, then as it is."""
        attributes = {"iid": number, "action": "approved", "target_project_id": project}
        body = {"object_kind": "merge_request", "project": {"id": project}, "object_attributes": attributes}
        raw = json.dumps(body).encode()
        for key in (bytes(32), self.key):
            digest = hmac.digest(key, f"msg_1.{now}.".encode() + raw, "sha256")
            headers = {"webhook-id": "msg_1", "webhook-timestamp": str(now), "content-type": "application/json"}
            headers |= {"webhook-signature": f"v1,{base64.b64encode(digest).decode()}"}
            self.statuses.append(self._posted(raw, headers))

    def _posted(self, raw: bytes, headers: dict[str, str]) -> int:
        for _ in range(20 * PATIENCE):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            try:
                connection.request("POST", "/hooks/gitlab", raw, headers)
                return connection.getresponse().status
            except ConnectionRefusedError:
                time.sleep(0.05)
            finally:
                connection.close()
        return 0


def test_an_approval_wakes_the_importer(on_gitlab: GitLabFleet, tmp_path: Path) -> None:
    number = on_gitlab.propose("alice", {PROMPT: "Be brief.\n"})
    on_gitlab.forge.approve(number, "bob")
    hook = Hook(free_port(), secrets.token_bytes(32))
    file = tmp_path / "secret"
    file.write_text(f"whsec_{base64.b64encode(hook.key).decode()}\n")
    file.chmod(0o600)
    commands = on_gitlab.commands
    delivering = threading.Thread(target=hook.deliver, args=(number, on_gitlab.forge.project_id, commands.time))
    delivering.start()
    env = {
        "AGENTGOV_IMPORTER_KEY_FILE": str(commands.keys / "importer"),
        "AGENTGOV_GITLAB_WEBHOOK_SECRET_FILE": str(file),
        "PYTHONPATH": str(ROOT),
    }
    found = on_gitlab.run("mallory", "forge", "listen", "--once", "--listen", f"127.0.0.1:{hook.port}", env=env)
    delivering.join(PATIENCE)
    assert (found.code, hook.statuses) == (0, [401, 202]), found
    assert f"done import {number} " in found.out
    assert "bob of gitlab approves 1 path" in found.out
    assert "refused deliveries: 1 unauthorised" in found.err
