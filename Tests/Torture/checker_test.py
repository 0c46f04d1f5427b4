#!/usr/bin/env python3
"""A checker that cannot be fooled: each doctored piece of evidence is found, and honest evidence passes."""
import json
import os
import sqlite3
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import checker  # noqa: E402

MIGRATIONS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../migrations")


class DoctoredEvidence(unittest.TestCase):
    """Two honest jobs over the slots 0, 1, 2, 3 s: `plain` succeeds, `again` fails once at each slot and comes right by its retry."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        path = self.folder.name
        os.makedirs(path + "/jobs")
        os.makedirs(path + "/state")
        self.write_job("plain", ["0"])
        self.write_job("again", ["7", "0"], retries={"limit": 1})
        self.marks = []
        self.db = sqlite3.connect(path + "/state/rota.db")
        self.db.execute("PRAGMA synchronous = OFF")
        for name in sorted(os.listdir(MIGRATIONS)):
            with open(os.path.join(MIGRATIONS, name)) as file:
                self.db.executescript(file.read())
        # The schema refuses much of what is doctored here; somebody else's ledger would not.
        for (trigger,) in self.db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            self.db.execute(f"DROP TRIGGER {trigger}")
        self.db.execute("INSERT INTO ledger (one, id, machine, created_at) VALUES (1, 'aaaaaa', '', 0)")
        for slot in range(4):
            self.ran("plain", slot, 1, slot + 0.1, 0)
            self.ran("again", slot, 1, slot + 0.1, 7)
            self.ran("again", slot, 2, slot + 0.4, 0)

    def tearDown(self):
        self.db.close()
        self.folder.cleanup()

    def write_job(self, name, codes, overlap="allow", takes="0", **more):
        job = dict(command=["job.sh", "marks", takes] + codes, schedule="R/1970-01-01T00:00:00Z/PT1S", overlap=overlap, **more)
        with open(f"{self.folder.name}/jobs/{name}.json", "w") as file:
            json.dump(job, file)

    def insert(self, job, slot, attempt, at, state, code):
        cursor = self.db.execute(
            "INSERT INTO run (job, due, attempt, retry, trigger, state, flow_head, flow_due, ready_at, waiting_since, started_at, ended_at,"
            " exit_code, caught_up) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
            (job, slot * 10**6, attempt, attempt - 1, "schedule" if attempt == 1 else "retry", state, job, slot * 10**6, slot * 10**6,
             slot * 10**6, round(at * 1e6), round((at + 0.2) * 1e6), code))
        return cursor.lastrowid

    def ran(self, job, slot, attempt, at, code):
        number = self.insert(job, slot, attempt, at, "failed" if code else "succeeded", code)
        for kind, when in (("start", at + 0.01), ("end", at + 0.19)):
            self.marks.append(f"{kind} aaaaaa-{number} {job} 1970-01-01T00:00:{slot:02}Z {attempt} 77 {when} {code}")

    def findings(self, until=3):
        self.db.commit()
        with open(self.folder.name + "/marks", "w") as file:
            file.write("\n".join(self.marks) + "\n")
        return checker.check(self.folder.name, 0, until)[1]

    def assertFinds(self, text, until=3):
        found = self.findings(until)
        self.assertTrue(any(text in line for line in found), found)

    def test_honest_evidence_passes(self):
        self.assertEqual(self.findings(), [])

    def test_a_run_that_began_twice(self):
        self.marks.append(self.marks[0].replace(" 77 ", " 78 "))
        self.assertFinds("aaaaaa-1 began 2 times")

    def test_a_slot_that_ran_under_two_ids(self):
        self.marks += [line.replace("aaaaaa-1 ", "aaaaaa-99 ") for line in self.marks[:2]]
        self.assertFinds("aaaaaa-99 began, and the ledger does not know it")

    def test_a_start_that_the_ledger_never_saw(self):
        self.db.execute("UPDATE run SET state = 'skipped', reason = 'overlap: x' WHERE id = 1")
        self.assertFinds("aaaaaa-1 is skipped, and began")

    def test_a_lost_slot(self):
        self.db.execute("DELETE FROM run WHERE job = 'plain' AND due = 2000000")
        self.marks = [line for line in self.marks if " plain 1970-01-01T00:00:02Z" not in line]
        self.assertFinds("plain 2000000: the slot has neither run nor gap")

    def test_a_gap_without_an_excuse(self):
        self.db.execute("DELETE FROM run WHERE job = 'plain' AND due = 2000000")
        self.marks = [line for line in self.marks if " plain 1970-01-01T00:00:02Z" not in line]
        self.db.execute("INSERT INTO gap VALUES ('plain', 2000000, 2000000, 1, 'missed', 'catch-up', 0)")
        self.assertFinds("plain has a gap")

    def gap(self, job, first, last, slots, at):
        row = (job, first * 10**6, last * 10**6, slots, at * 10**6)
        self.db.execute("INSERT INTO gap VALUES (?, ?, ?, ?, 'skipped', 'overlap: x', ?)", row)

    def long_run(self, policy, seconds):
        """A run of `slow` from second 0 on."""
        self.write_job("slow", ["0"], overlap=policy, takes=str(seconds))
        number = self.insert("slow", 0, 1, 0.1, "succeeded", 0)
        self.db.execute("UPDATE run SET ended_at = ? WHERE id = ?", (round((seconds + 0.2) * 1e6), number))
        for kind, when in (("start", 0.11), ("end", seconds + 0.19)):
            self.marks.append(f"{kind} aaaaaa-{number} slow 1970-01-01T00:00:00Z 1 77 {when} 0")

    def test_gaps_behind_a_run_pass(self):
        self.long_run("skip", 3.5)
        for slot in (1, 2, 3):
            self.gap("slow", slot, slot, 1, slot)
        self.assertEqual(self.findings(), [])

    def test_a_gap_of_a_job_that_may_overlap(self):
        self.long_run("allow", 3.5)
        self.gap("slow", 1, 3, 3, 3)
        self.assertFinds("slow has a gap of 3 slots from 1000000, which may overlap")

    def test_a_gap_that_nothing_was_in_the_way_of(self):
        self.long_run("skip", 0.5)
        self.gap("slow", 1, 9, 9, 9)
        self.assertFinds("slow has a gap of 9 slots from 1000000, and no run was in its way", until=9)

    def test_a_gap_that_nothing_ran_beside(self):
        self.write_job("slow", ["0"], overlap="queue")
        self.gap("slow", 0, 3, 4, 3)
        self.assertFinds("slow has a gap of 4 slots from 0, and no run was in its way")

    def test_a_gap_over_more_slots_than_it_tells(self):
        self.long_run("skip", 3.5)
        self.gap("slow", 1, 3, 1, 3)
        self.assertFinds("slow has a gap of 1 slots from 1000000, and 3 slots lie in it")

    def test_a_gap_of_slots_to_come(self):
        self.long_run("skip", 3.5)
        self.gap("slow", 1, 3, 3, 1)
        self.assertFinds("decided before they had come")

    def test_a_scheduler_that_gaps_all_that_it_can(self):
        # One run of half a second, which by its row in the ledger took for ever.
        self.long_run("skip", 0.5)
        self.db.execute("UPDATE run SET ended_at = 60000000 WHERE job = 'slow'")
        for slot in range(1, 20):
            self.gap("slow", slot, slot, 1, slot)
        self.assertFinds("slow began 1 times, of 20 that were possible", until=19)

    def test_an_overlap_that_was_none(self):
        self.db.execute("UPDATE run SET state = 'skipped', reason = 'overlap: x', ended_at = 2000000 WHERE job = 'plain' AND due = 2000000")
        self.marks = [line for line in self.marks if " plain 1970-01-01T00:00:02Z" not in line]
        self.assertFinds("is skipped: overlap")

    def test_a_wrong_exit_code(self):
        self.db.execute("UPDATE run SET exit_code = 8 WHERE id = 2")
        self.assertFinds("aaaaaa-2 failed with 8")

    def test_a_success_that_was_none(self):
        self.db.execute("UPDATE run SET state = 'succeeded', exit_code = 0 WHERE id = 2")
        self.assertFinds("aaaaaa-2 succeeded with 0")

    def test_a_success_without_an_end(self):
        self.marks = [line for line in self.marks if not line.startswith("end aaaaaa-1 ")]
        self.assertFinds("aaaaaa-1 succeeded, but began 1 and ended 0 times")

    def test_an_end_at_the_time_of_a_restart(self):
        self.db.execute("UPDATE run SET ended_at = ended_at + 60000000 WHERE id = 1")
        self.assertFinds("aaaaaa-1 marked its end 60.0")

    def test_an_open_run(self):
        self.db.execute("PRAGMA ignore_check_constraints = 1")
        self.db.execute("UPDATE run SET state = 'running', ended_at = NULL, executor = 'local', version = NULL WHERE id = 1")
        self.assertFinds("aaaaaa-1 is running")

    def test_a_lost_run(self):
        self.db.execute("UPDATE run SET state = 'lost', reason = 'keeper-killed' WHERE id = 1")
        self.assertFinds("aaaaaa-1 is lost")

    def test_a_retry_that_never_came(self):
        self.db.execute("DELETE FROM run WHERE job = 'again' AND due = 1000000 AND attempt = 2")
        self.marks = [line for line in self.marks if " again 1970-01-01T00:00:01Z 2 " not in line]
        self.assertFinds("and no attempt follows")

    def test_a_retry_of_a_success(self):
        self.ran("plain", 1, 2, 1.4, 0)
        self.assertFinds("and another attempt follows")

    def test_an_overlap_that_was_forbidden(self):
        with open(self.folder.name + "/jobs/plain.json", "r+") as file:
            job = json.load(file)
            job["overlap"] = "skip"
            file.seek(0)
            json.dump(job, file)
            file.truncate()
        self.db.execute("UPDATE run SET ended_at = ended_at + 1000000 WHERE id = 1")
        self.marks[1] = self.marks[1].replace("77 0.29", "77 1.29")
        self.assertFinds("of plain began while aaaaaa-1 ran")

    def test_a_child_that_was_forgotten(self):
        with open(self.folder.name + "/jobs/child.json", "w") as file:
            json.dump(dict(command=["job.sh", "marks", "0", "0"], after=["plain"], overlap="allow"), file)
        self.assertFinds("child has no run in the flow of plain 0")


if __name__ == "__main__":
    unittest.main()
