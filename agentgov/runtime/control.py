"""Which part of the control state changed last: a version per topic, so that every process knows when to read again.

Whoever writes tokens or pauses says so in the same transaction. Processes that hear of it at once read at once; all
others see another version at their next look.
"""

from collections.abc import Mapping

from agentgov.store.port import Transaction


def changed(tx: Transaction, topic: str) -> None:
    """Say that a part of the control state is another one, once this transaction is committed."""
    tx.run(
        "INSERT INTO control (topic, version) VALUES (?, 1) "
        "ON CONFLICT (topic) DO UPDATE SET version = control.version + 1",
        topic,
    )
    tx.tell(topic)


def versions(tx: Transaction) -> Mapping[str, int]:
    """The version of each topic that ever changed."""
    return {str(topic): int(version) for topic, version in tx.all("SELECT topic, version FROM control")}
