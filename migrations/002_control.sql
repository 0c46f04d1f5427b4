-- What people ask of a ledger that is in use: pauses, and attempts by hand.

-- What is held from running by itself: one job, every job with a label, or everything. A pause outlives the files of its jobs.
CREATE TABLE pause (
    scope  TEXT    NOT NULL CHECK (scope IN ('job', 'label', 'everything')),
    name   TEXT    NOT NULL,                     -- of the job, or the label's key; empty for everything
    value  TEXT,                                 -- the label's; null for any
    who    TEXT    NOT NULL,
    since  INTEGER NOT NULL,
    CHECK ((scope = 'everything') = (name = '')),
    CHECK (scope = 'label' OR value IS NULL)
) STRICT;
CREATE UNIQUE INDEX pause_once ON pause (scope, name, ifnull('=' || value, ''));

-- Somebody asked for this attempt, or for one that it retries: no pause holds it back.
ALTER TABLE run ADD COLUMN by_hand INTEGER NOT NULL DEFAULT 0 CHECK (by_hand IN (0, 1));
UPDATE run SET by_hand = 1
WHERE state IN ('waiting', 'launching', 'running')
  AND EXISTS (SELECT 1 FROM run AS first
              WHERE first.job = run.job AND first.due = run.due AND first.attempt = 1 AND first.trigger = 'manual');
