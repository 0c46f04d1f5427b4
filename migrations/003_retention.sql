-- What retention finds its way by. A step of it reads an index from its beginning, and never all rows of anything.

-- Since when the output of the run is gone by the rule `logs`; null while it is kept.
ALTER TABLE run ADD COLUMN output_removed_at INTEGER;

CREATE INDEX run_ended ON run (ended_at) WHERE ended_at IS NOT NULL;
-- The output that is still to be removed some day.
CREATE INDEX run_output ON run (ended_at) WHERE output_removed_at IS NULL AND executor IS NOT NULL AND ended_at IS NOT NULL;
-- The newest run of a job that came to a certain end; that one stays. History of a job by its state reads it, too.
CREATE INDEX run_end ON run (job, state, due) WHERE ended_at IS NOT NULL;

CREATE INDEX gap_decided ON gap (decided_at);

-- Whether anybody still refers to a text or to a plan. The foreign keys look by them when one is removed.
CREATE INDEX run_version ON run (version) WHERE version IS NOT NULL;
CREATE INDEX job_version ON job (version);
CREATE INDEX flow_plan ON flow (plan);
CREATE INDEX definition_seen ON definition (seen_at);

-- One row, once retention has removed something: the last round that did.
CREATE TABLE removal (
    one          INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    began_at     INTEGER NOT NULL,
    at           INTEGER NOT NULL,               -- of its last step
    outputs      INTEGER NOT NULL,               -- runs of which only the output was removed
    runs         INTEGER NOT NULL,
    gaps         INTEGER NOT NULL,
    changes      INTEGER NOT NULL,
    definitions  INTEGER NOT NULL
) STRICT;
