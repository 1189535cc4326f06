"""Where webhooks come in: the intake of deliveries as what `net.listening` serves."""

from agentgov.forge.receiver import Intake, Reply, headers_of, refuse_head
from agentgov.forge.webhooks import Delivery
from agentgov.net.listening import Answered, Head


class Door:
    """The intake as what `net.listening` serves."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    def begin(self, head: Head) -> int | Answered:
        """How many bytes to read, or the answer without them."""
        size = refuse_head(head.method, head.path, headers_of(head.headers).get("content-length"))
        if isinstance(size, Reply):
            return Answered(size.status, size.word)
        return size if self._intake.room_for(size) else Answered(503, "busy")

    def finish(self, head: Head, size: int, body: bytes | None) -> Answered:
        """The answer to a whole body."""
        try:
            if body is None:
                return Answered(400, "cut")
            reply = self._intake.answer(Delivery(head.path, headers_of(head.headers), body))
            return Answered(reply.status, reply.word)
        finally:
            self._intake.give_back(size)
