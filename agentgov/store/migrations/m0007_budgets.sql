-- Money, in nano-units of one currency. A bucket is what one scope may spend in one window; its name says which.
CREATE TABLE budgets (
    bucket TEXT PRIMARY KEY,
    spent INTEGER NOT NULL,
    reserved INTEGER NOT NULL, -- the sum of the reservations that are open
    overrun INTEGER NOT NULL -- how much of what was spent was more than had been reserved for it
);

-- A row for each reservation. `reservation_key` is the caller's own, so that a request that is sent again is answered as
-- before.
CREATE TABLE reservations (
    id TEXT PRIMARY KEY,
    agent TEXT NOT NULL,
    environment TEXT NOT NULL,
    reservation_key TEXT NOT NULL,
    state TEXT NOT NULL, -- open, settled, released, unconfirmed
    request TEXT NOT NULL, -- what exactly was asked for
    run TEXT NOT NULL, -- empty for none
    day TEXT NOT NULL, -- of the fleet's calendar; with the month of it, all its windows
    currency TEXT NOT NULL,
    price TEXT NOT NULL, -- JSON: what tokens cost then; empty where an amount was named
    amount INTEGER NOT NULL, -- what was reserved
    actual INTEGER NOT NULL, -- what is booked; 0 while it is open
    closure TEXT NOT NULL,
    asked INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    ended INTEGER NOT NULL, -- 0 while it is open
    record INTEGER NOT NULL, -- the ledger's of the request
    UNIQUE (agent, environment, reservation_key)
);

CREATE INDEX reservations_open ON reservations (expires) WHERE state = 'open';

CREATE INDEX reservations_ended ON reservations (ended) WHERE state <> 'open';
