-- What grows and goes by time lies in partitions. Nothing is copied: what was there becomes one of them, `_before`, which
-- reaches to the end of the current period; of payloads, which did not say their time, it holds time 0. `_other` takes
-- whatever no partition was made for. The others are made by the gate, ahead of need.
DO $$
DECLARE
  one record;
  old name;
  upto bigint;
BEGIN
  FOR one IN SELECT * FROM (VALUES
    ('payloads', 'time', 'tree, seq, time', 'month'),
    ('usage_minutes', 'minute', 'agent, environment, minute, kind, name, closure, variant, currency', 'month'),
    ('span_contents', 'seen', 'id, seen', 'day')) AS parted (named, clock, key, period)
  LOOP
    SELECT conname INTO old FROM pg_constraint WHERE conrelid = one.named::regclass AND contype = 'p';
    EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', one.named, old);
    EXECUTE format('ALTER TABLE %I RENAME TO %I', one.named, one.named || '_before');
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS, PRIMARY KEY (%s)) PARTITION BY RANGE (%I)',
      one.named, one.named || '_before', one.key, one.clock);
    EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', one.named || '_other', one.named);
    upto := 1;
    IF one.named <> 'payloads' THEN
      EXECUTE format('SELECT extract(epoch FROM (date_trunc(%L, to_timestamp(greatest(max(%I), '
        || 'floor(extract(epoch FROM now()) * 1000)) / 1000.0) AT TIME ZONE ''UTC'') + %L::interval) '
        || 'AT TIME ZONE ''UTC'') * 1000 FROM %I', one.period, one.clock, '1 ' || one.period, one.named || '_before')
        INTO upto;
    END IF;
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (%s)',
      one.named, one.named || '_before', upto);
  END LOOP;
END $$;
ALTER INDEX usage_minutes_minute RENAME TO usage_minutes_before_minute;
CREATE INDEX usage_minutes_minute ON usage_minutes (minute);
