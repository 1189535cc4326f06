-- Alerts that stand, and those that stood: a row for each time that one started.
CREATE TABLE alerts (
    id SERIAL PRIMARY KEY,
    fingerprint TEXT NOT NULL, -- of its labels
    alert TEXT NOT NULL, -- JSON: labels and facts, as its rule told them last
    rule TEXT NOT NULL,
    severity TEXT NOT NULL,
    agent TEXT NOT NULL, -- empty where it is about none, or many
    drill INTEGER NOT NULL,
    starts INTEGER NOT NULL, -- epoch milliseconds, by its rule
    taken INTEGER NOT NULL, -- when it was written down here
    seen INTEGER NOT NULL, -- when its rule last said that it goes on
    resolved INTEGER NOT NULL, -- 0 while it stands
    resolved_by TEXT NOT NULL, -- a person; empty where its rule said so
    acknowledged INTEGER NOT NULL, -- 0 while nobody did
    acknowledged_by TEXT NOT NULL
);
CREATE UNIQUE INDEX alerts_standing ON alerts (fingerprint) WHERE resolved = 0;
CREATE INDEX alerts_resolved ON alerts (resolved) WHERE resolved > 0;

-- What alerts ask for beside telling people, once for each time that one started.
CREATE TABLE alert_acts (
    alert INTEGER NOT NULL, -- the id of its row
    act TEXT NOT NULL, -- read-only, pause, abort-canary, incident
    agent TEXT NOT NULL,
    asked INTEGER NOT NULL,
    due INTEGER NOT NULL, -- when it is tried; 0 once it is over
    tries INTEGER NOT NULL,
    state TEXT NOT NULL, -- asked, done, cooling, refused
    said TEXT NOT NULL, -- what came of it
    ref TEXT NOT NULL, -- the act or the incident that it became
    PRIMARY KEY (alert, act)
);
CREATE INDEX alert_acts_due ON alert_acts (due) WHERE due > 0;
CREATE INDEX alert_acts_agent ON alert_acts (agent, act, asked);

-- Which alerts belong together on a route, and what was told of them there.
CREATE TABLE alert_groups (
    route TEXT NOT NULL,
    label TEXT NOT NULL, -- the values that its alerts share
    sent INTEGER NOT NULL, -- when people were last to be told
    turn INTEGER NOT NULL, -- how often
    told TEXT NOT NULL, -- JSON: the ids of the alerts that they know of and that they were not told the end of
    PRIMARY KEY (route, label)
);

-- What is to be delivered to somebody outside, and what came of it.
CREATE TABLE deliveries (
    number SERIAL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE, -- the same for every attempt
    route TEXT NOT NULL,
    line TEXT NOT NULL, -- those of one line arrive in the order of their numbers
    kind TEXT NOT NULL,
    body TEXT NOT NULL, -- JSON: what is told, never a secret
    created INTEGER NOT NULL,
    due INTEGER NOT NULL, -- when it is tried next; 0 once it is over
    tries INTEGER NOT NULL,
    state TEXT NOT NULL, -- queued, delivered, refused, dead, expired, dropped
    said TEXT NOT NULL, -- why not yet, or why not
    ended INTEGER NOT NULL
);
CREATE INDEX deliveries_due ON deliveries (due) WHERE due > 0;
CREATE INDEX deliveries_line ON deliveries (route, line, number);
CREATE INDEX deliveries_ended ON deliveries (ended) WHERE ended > 0;

-- Each attempt.
CREATE TABLE delivery_attempts (
    delivery TEXT NOT NULL,
    attempt INTEGER NOT NULL, -- from 1
    at INTEGER NOT NULL,
    took INTEGER NOT NULL, -- milliseconds
    status INTEGER NOT NULL, -- of the answer; 0 where none came
    said TEXT NOT NULL, -- empty where it was taken
    PRIMARY KEY (delivery, attempt)
);

-- What is known of each route: whether it is dead, and how its last test went.
CREATE TABLE alert_routes (
    route TEXT PRIMARY KEY,
    place TEXT NOT NULL, -- SHA-256 of where it leads: another place is another route
    dead INTEGER NOT NULL, -- since when; 0 while it is not
    said TEXT NOT NULL, -- why
    tested INTEGER NOT NULL, -- when a test last arrived; 0 for never
    delivered INTEGER NOT NULL -- when anything last did
);

-- Alerts of which nobody is told for a while.
CREATE TABLE silences (
    id TEXT PRIMARY KEY,
    matchers TEXT NOT NULL, -- JSON
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    by_whom TEXT NOT NULL,
    reason TEXT NOT NULL,
    made INTEGER NOT NULL,
    lifted INTEGER NOT NULL, -- 0 unless somebody ended it before its time
    lifted_by TEXT NOT NULL
);
CREATE INDEX silences_until ON silences (until);
