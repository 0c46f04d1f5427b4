-- What people order about single slots, and slots of the past that are run.

-- A slot that is passed over when it comes, or a due whose run waits until somebody releases it. In force as long as it is here; outlives
-- restarts and the job's file.
CREATE TABLE slot_order (
    job    TEXT    NOT NULL,
    due    INTEGER NOT NULL,
    kind   TEXT    NOT NULL CHECK (kind IN ('skip', 'hold')),
    who    TEXT    NOT NULL,
    since  INTEGER NOT NULL,
    PRIMARY KEY (job, due)
) STRICT, WITHOUT ROWID;

-- One row for each time that somebody asked; how far it is stands in its runs.
CREATE TABLE backfill (
    id            INTEGER NOT NULL PRIMARY KEY,
    job           TEXT    NOT NULL,
    first         INTEGER NOT NULL,              -- both bounds count
    last          INTEGER NOT NULL,
    slots         INTEGER NOT NULL CHECK (slots >= 1),
    only_missed   INTEGER NOT NULL CHECK (only_missed IN (0, 1)),
    max_running   INTEGER NOT NULL CHECK (max_running >= 1),
    who           TEXT    NOT NULL,
    at            INTEGER NOT NULL,
    cancelled_at  INTEGER,
    cancelled_by  TEXT,
    CHECK (first <= last),
    CHECK ((cancelled_at IS NULL) = (cancelled_by IS NULL))
) STRICT;

-- The backfill that a run goes with; its row may come later in the same transaction.
ALTER TABLE run ADD COLUMN backfill INTEGER REFERENCES backfill (id) DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX run_backfill ON run (backfill, job, due, attempt) WHERE backfill IS NOT NULL;

-- JSON object: member → jobs above it that were run once more → the attempt up to which its runs are out of date for them; null for nobody.
ALTER TABLE flow ADD COLUMN stale TEXT;
