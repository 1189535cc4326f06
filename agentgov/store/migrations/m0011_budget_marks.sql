-- What was reached in a window of a budget, once each: a share of its limit, the limit, a pause on account of it.
CREATE TABLE budget_marks (
    bucket TEXT NOT NULL, -- of a rolling window: one row for each stretch of its length
    mark TEXT NOT NULL, -- a share such as 0.8, limit, pause
    agent TEXT NOT NULL, -- whose spending it was
    environment TEXT NOT NULL,
    said TEXT NOT NULL, -- the window, for people
    used INTEGER NOT NULL, -- nano-units
    most INTEGER NOT NULL,
    currency TEXT NOT NULL,
    at INTEGER NOT NULL,
    tries INTEGER NOT NULL, -- attempts to tell people of it
    due INTEGER NOT NULL, -- when the next one is; 0 once they were told
    PRIMARY KEY (bucket, mark)
);

CREATE INDEX budget_marks_due ON budget_marks (due) WHERE due > 0;
