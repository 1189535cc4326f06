-- When something was last moved in a bucket, in milliseconds, so that runs that are long over can be forgotten.
ALTER TABLE budgets ADD COLUMN moved INTEGER NOT NULL DEFAULT 0; -- 0: before this was written down
