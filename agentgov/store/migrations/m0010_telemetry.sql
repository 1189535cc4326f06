-- Spans as they came, for as long as a second copy may still come. `seen` is when; below 0, since when a span is
-- only known as the parent of another one. Ids begin with a digest of agent and environment, so that nobody can take another's.
CREATE TABLE spans (
    id BLOB PRIMARY KEY,
    parent BLOB NOT NULL, -- empty for none
    seen INTEGER NOT NULL,
    covered INTEGER NOT NULL, -- by a span in it: 1 that told no tokens, 2 that did; by one of the same response: 4, 8
    counted INTEGER NOT NULL, -- 0 not, 1 its tokens, 2 the call and its tokens
    agent TEXT NOT NULL,
    environment TEXT NOT NULL,
    kind TEXT NOT NULL, -- model, tool, agent; empty for others
    name TEXT NOT NULL, -- of the model or the tool
    closure TEXT NOT NULL,
    variant TEXT NOT NULL,
    started INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    error TEXT NOT NULL,
    measured INTEGER NOT NULL, -- whether it told tokens
    sampled INTEGER NOT NULL, -- whether others like it were left out
    input INTEGER NOT NULL,
    cached INTEGER NOT NULL, -- of the input
    output INTEGER NOT NULL,
    reasoning INTEGER NOT NULL, -- of the output
    currency TEXT NOT NULL, -- empty without a price
    cost INTEGER NOT NULL, -- nano-units
    response TEXT NOT NULL,
    finish TEXT NOT NULL,
    session BLOB NOT NULL,
    salt BLOB NOT NULL,
    digest TEXT NOT NULL -- SHA-256 of salt, id and what was said; empty where nothing was
);
CREATE INDEX spans_response ON spans (response, agent, environment) WHERE response <> '';
CREATE INDEX spans_seen ON spans (seen);

-- What was said, of agents whose audit.payloads is full.
CREATE TABLE span_contents (
    id BLOB PRIMARY KEY,
    seen INTEGER NOT NULL,
    content BLOB NOT NULL -- JSON
);
CREATE INDEX span_contents_seen ON span_contents (seen);

-- Sums by the minute in which calls ended. Everything that is shown and judged comes from here, never from spans.
CREATE TABLE usage_minutes (
    agent TEXT NOT NULL,
    environment TEXT NOT NULL,
    minute INTEGER NOT NULL, -- epoch milliseconds of its beginning
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    closure TEXT NOT NULL, -- empty where nobody said which release ran
    variant TEXT NOT NULL,
    currency TEXT NOT NULL,
    calls INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    unmeasured INTEGER NOT NULL, -- calls of models without tokens
    unpriced INTEGER NOT NULL, -- calls of models without a price
    sampled INTEGER NOT NULL, -- calls that stand for more than themselves
    input INTEGER NOT NULL,
    cached INTEGER NOT NULL,
    output INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    duration INTEGER NOT NULL, -- milliseconds, of all calls
    ms_10 INTEGER NOT NULL, -- calls that took so long at most, and longer than the one before
    ms_20 INTEGER NOT NULL,
    ms_50 INTEGER NOT NULL,
    ms_100 INTEGER NOT NULL,
    ms_200 INTEGER NOT NULL,
    ms_500 INTEGER NOT NULL,
    ms_1000 INTEGER NOT NULL,
    ms_2000 INTEGER NOT NULL,
    ms_5000 INTEGER NOT NULL,
    ms_10000 INTEGER NOT NULL,
    ms_20000 INTEGER NOT NULL,
    ms_50000 INTEGER NOT NULL,
    ms_100000 INTEGER NOT NULL,
    ms_200000 INTEGER NOT NULL,
    ms_longer INTEGER NOT NULL,
    PRIMARY KEY (agent, environment, minute, kind, name, closure, variant, currency)
);
CREATE INDEX usage_minutes_minute ON usage_minutes (minute);

-- Sessions that go on. One that nothing was heard of for a while is over: it is counted, and its row goes away.
CREATE TABLE sessions (
    id BLOB PRIMARY KEY,
    agent TEXT NOT NULL,
    environment TEXT NOT NULL,
    closure TEXT NOT NULL,
    began INTEGER NOT NULL, -- when the gate first heard of it
    heard INTEGER NOT NULL, -- when it last did; 0 where its agent says that it is over
    failed INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    most INTEGER NOT NULL, -- what a run may cost; 0 where nobody says
    told TEXT NOT NULL -- JSON: what its agent said of it, by metric
);
CREATE INDEX sessions_heard ON sessions (heard);

-- Sessions that are over, by the minute in which they began: all of them under '', the bad ones by metric.
CREATE TABLE session_minutes (
    agent TEXT NOT NULL,
    environment TEXT NOT NULL,
    closure TEXT NOT NULL,
    minute INTEGER NOT NULL,
    metric TEXT NOT NULL,
    sessions INTEGER NOT NULL,
    PRIMARY KEY (agent, environment, closure, minute, metric)
);
CREATE INDEX session_minutes_minute ON session_minutes (minute);

-- Events that agents told, so that one that is sent again is told once.
CREATE TABLE events (
    agent TEXT NOT NULL,
    environment TEXT NOT NULL,
    event_key TEXT NOT NULL,
    record INTEGER NOT NULL, -- the ledger's
    seen INTEGER NOT NULL,
    PRIMARY KEY (agent, environment, event_key)
);
CREATE INDEX events_seen ON events (seen);

-- What was counted aside: agents that the fleet does not know, models without a price or that the release does not name.
CREATE TABLE quarantine (
    agent TEXT NOT NULL,
    environment TEXT NOT NULL,
    reason TEXT NOT NULL,
    subject TEXT NOT NULL,
    spans INTEGER NOT NULL,
    since INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (agent, environment, reason, subject)
);
