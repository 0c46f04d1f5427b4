-- What runs hand on to those after them in their flows, and what was promised of them.

-- What the command left in $ROTA_OUTPUT: a JSON object.
ALTER TABLE run ADD COLUMN handed_on TEXT;
-- By when it was to start and to end, and how long to take, as it was promised when the row was made: a JSON object.
ALTER TABLE run ADD COLUMN promises TEXT;
-- Which of these were broken, or are likely to be, and were told: a JSON array of words.
ALTER TABLE run ADD COLUMN breaches TEXT;
-- As whom it was handed over: a user, '' for that of the scheduler. NULL before that, and in rows of earlier versions.
ALTER TABLE run ADD COLUMN ran_as TEXT;
-- By when members that have no row yet were to end, and whether it was told that they did not: a JSON object.
ALTER TABLE flow ADD COLUMN promises TEXT;
-- How long the last successful runs took, in milliseconds, the newest last: a JSON array. Kept of jobs that promise something about it.
ALTER TABLE job ADD COLUMN durations TEXT;
