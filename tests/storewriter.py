"""A process that writes to a store until it is killed, and says what it was answered: `storewriter.py URL FIRST`.

Each work makes two rows of one number and a record in the ledger, so that half of one can be told from a whole one.
"""

import os
import sys
import threading
from functools import partial
from itertools import count

from agentgov.runtime.ledger import Entry, append
from agentgov.store.open import open_store
from agentgov.store.port import Transaction

TABLES = (
    "CREATE TABLE IF NOT EXISTS debits (number BIGINT PRIMARY KEY, place BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS credits (number BIGINT PRIMARY KEY, place BIGINT NOT NULL)",
)


def book(tx: Transaction, number: int) -> int:
    """One work."""
    entry = Entry("action", "support/refunds", "agent", refs={"number": str(number)}, payload=b"%d" % number)
    tx.run("INSERT INTO debits (number, place) VALUES (?, ?)", number, number)
    place = append(tx, entry, number, b"salt" * 4).seq
    tx.run("INSERT INTO credits (number, place) VALUES (?, ?)", number, place)
    return place


def main(url: str, first: int) -> None:
    """Write from several threads, and say each number once it is answered."""
    store = open_store(url)
    store.write(lambda tx: [tx.run(table) for table in TABLES]).result()
    numbers, says = count(first), threading.Lock()

    def client() -> None:
        while True:
            with says:
                number = next(numbers)
            place = store.write(partial(book, number=number)).result()
            os.write(1, b"%d %d\n" % (number, place))

    threads = [threading.Thread(target=client) for _ in range(8)]
    for thread in threads:
        thread.start()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
