-- The ledger and what stands beside it. Instants are whole microseconds since 1970-01-01T00:00:00Z.
-- The schema refuses what the code must never do; a migration is only ever added, never edited.

-- One row: who this ledger is. `id` begins every run id; `machine` is the machine whose processes the open runs are.
CREATE TABLE ledger (
    one         INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    id          TEXT    NOT NULL CHECK (length(id) = 6),
    machine     TEXT    NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;

-- One row, once a scheduler has run: the one that runs now, or ran last.
CREATE TABLE scheduler (
    one           INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    pid           INTEGER NOT NULL,
    boot          TEXT    NOT NULL,
    version       TEXT    NOT NULL,
    jobs_folder   TEXT    NOT NULL,
    address       TEXT,
    settings      TEXT    NOT NULL,              -- JSON
    started_at    INTEGER NOT NULL,
    heartbeat_at  INTEGER NOT NULL,
    stopped_at    INTEGER
) STRICT;

-- Every text of a job that was ever in force.
CREATE TABLE definition (
    version   TEXT    NOT NULL PRIMARY KEY,      -- SHA-256 of `canonical`
    job       TEXT    NOT NULL,
    canonical TEXT    NOT NULL,                  -- canonical JSON
    source    TEXT    NOT NULL,                  -- the text of its document
    file      TEXT    NOT NULL,
    line      INTEGER NOT NULL,
    seen_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One control row a job: registration and progress. It outlives the job's file.
CREATE TABLE job (
    name             TEXT    NOT NULL PRIMARY KEY,
    version          TEXT    NOT NULL REFERENCES definition (version),
    schedule         TEXT,
    registered_at    INTEGER NOT NULL,
    accounted_until  INTEGER NOT NULL,           -- every slot up to here has its run or its gap
    anchor           INTEGER,
    removed_at       INTEGER,
    successes        INTEGER NOT NULL DEFAULT 0,
    failures         INTEGER NOT NULL DEFAULT 0,
    last_success     INTEGER NOT NULL DEFAULT 0, -- numbers of endings
    last_failure     INTEGER NOT NULL DEFAULT 0,
    last_done        INTEGER NOT NULL DEFAULT 0,
    consumed         TEXT    NOT NULL DEFAULT '{}',
    last_free_due    INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
    id             INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    job            TEXT    NOT NULL,
    due            INTEGER NOT NULL,
    attempt        INTEGER NOT NULL CHECK (attempt >= 1),
    retry          INTEGER NOT NULL CHECK (retry >= 0),
    trigger        TEXT    NOT NULL CHECK (trigger IN ('schedule', 'upstream', 'latest', 'manual', 'backfill', 'retry', 'mark')),
    state          TEXT    NOT NULL CHECK (state IN ('waiting', 'launching', 'running', 'succeeded', 'failed', 'timedOut',
                                                     'couldNotStart', 'killed', 'lost', 'skipped', 'missed')),
    reason         TEXT,
    flow_head      TEXT    NOT NULL,
    flow_due       INTEGER NOT NULL,
    ready_at       INTEGER NOT NULL,
    waiting_since  INTEGER NOT NULL,
    not_before     INTEGER,
    started_at     INTEGER,
    ended_at       INTEGER,
    exit_code      INTEGER,
    signal         INTEGER,
    executor       TEXT,
    node           TEXT,
    boot           TEXT,                         -- the boot of the machine in which the intent was written
    version        TEXT    REFERENCES definition (version),
    caught_up      INTEGER NOT NULL CHECK (caught_up IN (0, 1)),
    parameters     TEXT,                         -- JSON object
    consumed       TEXT,                         -- JSON object: parent → number of its ending
    ending         INTEGER UNIQUE,
    kill_wanted    TEXT,
    UNIQUE (job, due, attempt),
    CHECK ((state IN ('waiting', 'launching', 'running')) = (ended_at IS NULL)),
    CHECK (state NOT IN ('launching', 'running') OR (executor IS NOT NULL AND version IS NOT NULL))
) STRICT;

-- At most one open attempt at a slot; also what a start reads.
CREATE UNIQUE INDEX run_open ON run (job, due) WHERE state IN ('waiting', 'launching', 'running');
CREATE INDEX run_member ON run (flow_head, flow_due) WHERE flow_head <> job;
CREATE INDEX run_due ON run (due);
CREATE INDEX run_unwell ON run (state, due)
    WHERE state IN ('failed', 'timedOut', 'couldNotStart', 'killed', 'lost', 'skipped', 'missed');

-- No way back, and only `lost` is ever corrected.
CREATE TRIGGER run_no_way_back BEFORE UPDATE OF state ON run
WHEN NOT (CASE old.state
    WHEN 'waiting'   THEN new.state IN ('waiting', 'launching', 'skipped', 'missed', 'killed', 'succeeded')
    WHEN 'launching' THEN new.state IN ('launching', 'running', 'succeeded', 'failed', 'timedOut', 'couldNotStart', 'missed', 'killed', 'lost')
    WHEN 'running'   THEN new.state IN ('running', 'succeeded', 'failed', 'timedOut', 'killed', 'lost')
    WHEN 'lost'      THEN new.state IN ('succeeded', 'failed', 'timedOut', 'couldNotStart', 'killed')
    ELSE 0 END)
BEGIN
    SELECT RAISE(ABORT, 'a run cannot take this step');
END;

CREATE TRIGGER run_identity BEFORE UPDATE OF id, job, due, attempt ON run
BEGIN
    SELECT RAISE(ABORT, 'the identity of a run never changes');
END;

-- Successive slots of one job with one fate, decided in one step.
CREATE TABLE gap (
    job         TEXT    NOT NULL,
    first_due   INTEGER NOT NULL,
    last_due    INTEGER NOT NULL,
    slots       INTEGER NOT NULL CHECK (slots >= 1),
    state       TEXT    NOT NULL CHECK (state IN ('skipped', 'missed')),
    reason      TEXT    NOT NULL,
    decided_at  INTEGER NOT NULL,
    PRIMARY KEY (job, first_due),
    CHECK (first_due <= last_due)
) STRICT, WITHOUT ROWID;
CREATE INDEX gap_due ON gap (last_due);

-- The graph as it was at a flow's due; many flows share one.
CREATE TABLE plan (
    id    INTEGER NOT NULL PRIMARY KEY,
    text  TEXT    NOT NULL UNIQUE
) STRICT;

CREATE TABLE flow (
    head     TEXT    NOT NULL,
    due      INTEGER NOT NULL,
    plan     INTEGER NOT NULL REFERENCES plan (id),
    is_open  INTEGER NOT NULL CHECK (is_open IN (0, 1)),
    PRIMARY KEY (head, due)
) STRICT, WITHOUT ROWID;
CREATE INDEX flow_open ON flow (head, due) WHERE is_open = 1;

-- What is wrong with the job files at this moment.
CREATE TABLE problem (
    file      TEXT    NOT NULL,
    line      INTEGER NOT NULL,
    "column"  INTEGER NOT NULL,
    severity  TEXT    NOT NULL CHECK (severity IN ('error', 'warning')),
    message   TEXT    NOT NULL
) STRICT;

-- What happened, in the transaction in which it happened: the event stream, the audit and the outbox read this.
CREATE TABLE change (
    seq     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    kind    TEXT    NOT NULL,
    job     TEXT,
    run     INTEGER,
    who     TEXT,
    detail  TEXT
) STRICT;
