-- What keeps executors from their engines.

-- One row for each executor of which something is wrong now, as it told it. No decision reads it: it says what is to be said of open runs.
CREATE TABLE executor_trouble (
    executor  TEXT    NOT NULL PRIMARY KEY,
    since     INTEGER NOT NULL,
    reason    TEXT    NOT NULL,                  -- a stable word first
    is_of_all INTEGER NOT NULL CHECK (is_of_all IN (0, 1))   -- 1: nothing is learnt of any run; 0: no more runs are taken
) STRICT, WITHOUT ROWID;
