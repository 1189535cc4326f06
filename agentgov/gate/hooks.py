"""Webhooks that wake the gate, judged as `agentgov forge listen` judges them; nothing of them is believed."""

from collections.abc import Callable, Mapping

from agentgov.forge.hook_secrets import secrets_from
from agentgov.forge.receiver import Intake, Receiver
from agentgov.repo import clock


def receiver(environ: Mapping[str, str], wake: Callable[[], None]) -> Receiver:
    """What judges deliveries. ConfigurationError (`hook.unconfigured`) for a secret that cannot be used."""

    def woken(_: object) -> bool:
        wake()
        return True

    return Receiver(Intake(secrets_from(environ), None, woken, clock.now))
