-- Keys of reservations lie in the order of the keys, not of agents: those of the SDK begin with their moment, so that the
-- newest ones of all agents are neighbours, and one page is written for many. SQLite cannot change a table's constraint.
DROP INDEX reservations_open;
DROP INDEX reservations_ended;
DROP INDEX reservations_subject;
ALTER TABLE reservations RENAME TO reservations_before;
CREATE TABLE reservations (
    id TEXT PRIMARY KEY,
    agent TEXT NOT NULL,
    environment TEXT NOT NULL,
    reservation_key TEXT NOT NULL,
    state TEXT NOT NULL, -- open, settled, released, unconfirmed
    request TEXT NOT NULL, -- what exactly was asked for
    run TEXT NOT NULL, -- empty for none
    day TEXT NOT NULL, -- its windows
    currency TEXT NOT NULL,
    price TEXT NOT NULL, -- JSON: what tokens cost then; empty where an amount was named
    amount INTEGER NOT NULL, -- what was reserved
    actual INTEGER NOT NULL, -- what is booked; 0 while it is open
    closure TEXT NOT NULL,
    asked INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    ended INTEGER NOT NULL, -- 0 while it is open
    record INTEGER NOT NULL, -- the ledger's of the request
    subject TEXT NOT NULL DEFAULT '', -- until it is settled or given back
    purpose TEXT NOT NULL DEFAULT '',
    UNIQUE (reservation_key, agent, environment)
);
INSERT INTO reservations SELECT id, agent, environment, reservation_key, state, request, run, day, currency, price, amount,
    actual, closure, asked, expires, ended, record, subject, purpose FROM reservations_before ORDER BY asked;
DROP TABLE reservations_before;
CREATE INDEX reservations_open ON reservations (expires) WHERE state = 'open';
CREATE INDEX reservations_ended ON reservations (ended) WHERE state <> 'open';
CREATE INDEX reservations_subject ON reservations (subject) WHERE subject <> '';
