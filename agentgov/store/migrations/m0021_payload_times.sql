-- When the record of a payload was made, so that payloads of one month lie together; 0 for those of before this step.
ALTER TABLE payloads ADD COLUMN time INTEGER NOT NULL DEFAULT 0;
