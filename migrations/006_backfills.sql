-- A backfill comes to its slots one after the other, and old ones go.

-- The slots that it has not come to, as stretches of equal steps: `first step count` in microseconds, a semicolon between two.
ALTER TABLE backfill ADD COLUMN pending TEXT NOT NULL DEFAULT '';
-- Slots that were left alone when it came to them, for somebody else had asked for a run of them meanwhile.
ALTER TABLE backfill ADD COLUMN passed_over INTEGER NOT NULL DEFAULT 0 CHECK (passed_over >= 0);

-- What backfills asked for whose rows retention removed: of their slots nobody knows any more whether they ran. Nothing but the next backfill
-- of the job reads it.
CREATE TABLE backfilled (
    job    TEXT    NOT NULL,
    first  INTEGER NOT NULL,
    last   INTEGER NOT NULL,
    PRIMARY KEY (job, first, last)
) STRICT, WITHOUT ROWID;
