#!/usr/bin/env python3
"""Holds a ledger against the marks that the jobs themselves left, in the spirit of Jepsen's test of Chronos.

Usage: checker.py FOLDER [--since SECONDS] [--until SECONDS] [--rebuilt]

FOLDER holds state/rota.db, jobs/*.json, marks, and, if keepers were killed on purpose, the ids of their runs in keepers-killed. Every
slot of [since, until], instants in seconds since 1970, must be explained, whatever the ledger says of its own progress, and so must
earlier ones after a registration that the ledger tells. What came due before a ledger
was made anew owes nothing with --rebuilt. Prints what does not agree, one line each, then the figures; ends with 1 if anything does not agree.
"""
import argparse
import calendar
import collections
import glob
import json
import os
import re
import sqlite3
import sys
import time

Mark = collections.namedtuple("Mark", "kind run job due attempt pid at code")
# How far a time in the ledger may be from the one that the job saw: a loaded machine wakes a keeper late.
TOLERANCE = float(os.environ.get("TOLERANCE", "3"))


def seconds(text):
    """Of 2026-11-22T11:27:00[.5]Z."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float("0." + (fraction or "0"))


class Job:
    """What a job file promises, read without the scheduler's help."""

    def __init__(self, path):
        with open(path) as file:
            text = json.load(file)
        self.name = os.path.basename(path)[: -len(".json")]
        self.takes = float(text["command"][2])
        self.codes = [int(code) for code in text["command"][3:]]
        self.after = text.get("after", [])
        self.retries = text.get("retries", {}).get("limit", 0)
        self.overlap = text.get("overlap", "queue")
        self.on_unknown = text.get("onUnknown", "hold")
        # What may happen to it beside its own end: killed, late (registered when the scheduler ran already).
        self.may = text.get("labels", {}).get("may", "")
        interval = re.match(r"R(\d*)/(.*)/PT(\d+)S$", text.get("schedule", ""))
        self.anchor, self.period, self.count = None, None, None
        self.not_before = seconds(text["notBefore"]) if "notBefore" in text else float("-inf")
        if interval:
            self.anchor, self.period = seconds(interval[2]), int(interval[3])
            self.count = int(interval[1] or 1e9)

    def code(self, attempt):
        return self.codes[min(attempt, len(self.codes)) - 1]

    def slots(self, since, until):
        if self.anchor is None:
            return []
        first = max(0, -int(-(max(since, self.not_before) - self.anchor) // self.period))
        last = int((until - self.anchor) // self.period)
        return [self.anchor + k * self.period for k in range(first, min(last + 1, self.count))]


class Evidence:
    """All that is known: the job files, the marks, and the ledger."""

    def __init__(self, folder, rebuilt=False):
        jobs = [Job(path) for path in glob.glob(folder + "/jobs/*.json")]
        self.jobs = {job.name: job for job in jobs}
        self.marks = [self.mark(line) for line in self.lines(folder + "/marks")]
        self.killed = set(line.strip() for line in self.lines(folder + "/keepers-killed"))
        ledger = sqlite3.connect(folder + "/state/rota.db")
        ledger.row_factory = sqlite3.Row
        prefix = ledger.execute("SELECT id FROM ledger").fetchone()[0]
        # What is no job of ours (kept in a file of another kind) serves the test and is not judged.
        self.runs = {f"{prefix}-{row['id']}": row for row in ledger.execute("SELECT * FROM run ORDER BY id") if row["job"] in self.jobs}
        self.gaps = [gap for gap in ledger.execute("SELECT * FROM gap") if gap["job"] in self.jobs]
        # What came due before a ledger was made anew owes nothing because of it, neither slot nor retry nor child; ends and doubles are judged.
        rebuilt_at = ledger.execute("SELECT max(at) FROM change WHERE kind = 'ledger.rebuilt'").fetchone()[0] if rebuilt else None
        self.rebuilt_at = float("-inf") if rebuilt_at is None else rebuilt_at
        self.registered = dict(ledger.execute("SELECT name, registered_at / 1e6 FROM job"))
        self.starts, self.ends = collections.defaultdict(list), collections.defaultdict(list)
        for mark in self.marks:
            (self.starts if mark.kind == "start" else self.ends)[mark.run].append(mark)
        self.attempts = collections.defaultdict(list)
        for name, run in self.runs.items():
            self.attempts[run["job"], run["due"]].append((run["attempt"], name, run))

    @staticmethod
    def lines(path):
        if not os.path.exists(path):
            return []
        with open(path) as file:
            return [line for line in file if line.strip()]

    @staticmethod
    def mark(line):
        words = line.split()
        return Mark(words[0], words[1], words[2], round(seconds(words[3]) * 1e6), int(words[4]), int(words[5]), float(words[6]), int(words[7]))


def doubles(known):
    """No run begins or ends twice, or ends without having begun; none begins of which the ledger does not know."""
    for name in set(known.starts) | set(known.ends):
        starts, ends, run = known.starts[name], known.ends[name], known.runs.get(name)
        if len(starts) != 1:
            yield f"{name} began {len(starts)} times"
        if len(ends) > 1:
            yield f"{name} ended {len(ends)} times"
        if run is None:
            yield f"{name} began, and the ledger does not know it"
        for mark in starts + ends:
            if run is not None and (mark.job, mark.due, mark.attempt) != (run["job"], run["due"], run["attempt"]):
                yield f"{name} ran as {mark.job} {mark.due} attempt {mark.attempt}, the ledger says otherwise"


def ends(known):
    """Each run has ended, as its process did, and about when it did."""
    for name, run in known.runs.items():
        job, starts, ends = known.jobs[run["job"]], known.starts[name], known.ends[name]
        state = run["state"]
        if state in ("succeeded", "failed"):
            code = job.code(run["attempt"])
            if len(starts) != 1 or len(ends) != 1:
                yield f"{name} {state}, but began {len(starts)} and ended {len(ends)} times"
            elif not run["exit_code"] == ends[0].code == code or (state == "succeeded") != (code == 0):
                yield f"{name} {state} with {run['exit_code']}; the command ended with {ends[0].code}, as {code} was wanted"
            else:
                yield from times(name, run, starts[0], ends[0])
        elif state == "lost":
            if name not in known.killed:
                yield f"{name} is lost ({run['reason']}), and nobody killed its keeper"
        elif state == "killed":
            if job.may != "killed" or ends:
                yield f"{name} is killed ({run['reason']}), and ended {len(ends)} times by itself"
        elif state == "skipped":
            if starts:
                yield f"{name} is skipped, and began"
        else:
            yield f"{name} is {state} ({run['reason']})"


def times(name, run, start, end):
    began, ended = start.at - run["started_at"] / 1e6, run["ended_at"] / 1e6 - end.at
    # The command's own clock readings lie between the two of its keeper.
    if not -0.001 <= began <= TOLERANCE:
        yield f"{name} marked its start {began:.3f} s after the one in the ledger"
    if not -0.001 <= ended <= TOLERANCE:
        yield f"{name} marked its end {ended:.3f} s before the one in the ledger"


def slots(known, since, until):
    """Each slot has its run or its gap; what is skipped was in the way of another run."""
    covered = collections.defaultdict(list)
    for gap in known.gaps:
        covered[gap["job"]].append(gap)
        yield from excuse(known, gap)
    for job in known.jobs.values():
        registered = known.registered.get(job.name, since)
        begin = registered if job.may == "late" else min(since, registered)
        dues = set(round(slot * 1e6) for slot in job.slots(begin, until))
        for due in sorted(due for due in dues if due > known.rebuilt_at):
            if (job.name, due) not in known.attempts and not any(g["first_due"] <= due <= g["last_due"] for g in covered[job.name]):
                yield f"{job.name} {due}: the slot has neither run nor gap"
    for name, run in known.runs.items():
        job = known.jobs[run["job"]]
        if run["trigger"] == "schedule" and (job.anchor is None or (run["due"] / 1e6 - job.anchor) % job.period != 0):
            yield f"{name} ran for {run['due']}, which is no slot of {job.name}"
        if run["state"] == "skipped" and not run["reason"].startswith("upstream"):
            is_true = run["reason"].startswith("overlap") and was_busy(known, job, run["ended_at"], run["due"], run["due"])
            if not is_true or job.overlap == "allow":
                yield f"{name} is skipped: {run['reason']}"


def excuse(known, gap):
    """A gap is of slots that had come, of one job that may not overlap, and was decided while a run of it was under way."""
    job, first, last = known.jobs[gap["job"]], gap["first_due"], gap["last_due"]
    name = f"{job.name} has a gap of {gap['slots']} slots from {first}"
    if last <= known.rebuilt_at and gap["state"] == "missed" and gap["reason"].startswith("ledger rebuilt"):
        return
    if gap["state"] != "skipped" or not gap["reason"].startswith("overlap"):
        yield f"{name}: {gap['state']}: {gap['reason']}"
    elif job.overlap == "allow":
        yield f"{name}, which may overlap: {gap['reason']}"
    elif not was_busy(known, job, gap["decided_at"], first, last):
        yield f"{name}, and no run was in its way: {gap['reason']}"
    if gap["slots"] != len(job.slots(first / 1e6, last / 1e6)):
        yield f"{name}, and {len(job.slots(first / 1e6, last / 1e6))} slots lie in it"
    if last > gap["decided_at"]:
        yield f"{name}, decided before they had come"


def was_busy(known, job, at, first, last):
    """Whether a run of the job, of a due that is not of [first, last], was under way when these were skipped."""
    return any(
        run["job"] == job.name and not first <= run["due"] <= last and run["state"] != "skipped" and run["waiting_since"] <= at
        and (run["ended_at"] is None or run["ended_at"] >= at - TOLERANCE * 1e6)
        for run in known.runs.values())


def shares(known, since, until):
    """Of what a job can do that may not overlap, a fair share was done, by the marks: no scheduler gets by with gaps alone."""
    for job in known.jobs.values():
        slots = [slot for slot in job.slots(since, until) if slot >= known.registered.get(job.name, since)]
        if job.overlap == "allow" or not slots:
            continue
        possible = min(len(slots), (slots[-1] - slots[0]) / max(job.period, job.takes) + 1)
        began = sum(mark.job == job.name and since <= mark.due / 1e6 <= until for starts in known.starts.values() for mark in starts)
        # A fifth, for a loaded machine makes each run as long as several; and none when there are too few to tell.
        if began < int(possible / 5):
            yield f"{job.name} began {began} times, of {possible:.0f} that were possible"


def retries(known):
    """Attempts follow one another, each for a reason, and none that is owed is missing."""
    for (name, due), attempts in known.attempts.items():
        attempts.sort(key=lambda one: one[0])
        job = known.jobs[name]
        if [one[0] for one in attempts] != list(range(1, len(attempts) + 1)):
            yield f"{name} {due}: attempts {[one[0] for one in attempts]}"
        failures = 0
        for number, run_name, run in attempts:
            has_failed = run["state"] in ("failed", "couldNotStart")
            failures += has_failed
            owed = (has_failed and failures <= job.retries) or (run["state"] == "lost" and job.on_unknown == "rerun")
            if owed != (number < len(attempts)) and not (owed and due <= known.rebuilt_at):
                yield f"{run_name} {run['state']}, and {'no attempt' if owed else 'another attempt'} follows"
        for (_, before, _), (_, after, _) in zip(attempts, attempts[1:]):
            if known.ends[before] and known.starts[after] and known.starts[after][0].at < known.ends[before][0].at:
                yield f"{after} began before {before} had ended"


def overlaps(known):
    """A job that may not overlap runs once at a time, by its own marks."""
    spans = collections.defaultdict(list)
    for name, starts in known.starts.items():
        for start in starts:
            end = known.ends[name][0].at if known.ends[name] else start.at
            spans[start.job].append((start.at, end, name))
    for job, rows in spans.items():
        if job not in known.jobs or known.jobs[job].overlap == "allow":
            continue
        rows.sort()
        for before, after in zip(rows, rows[1:]):
            if after[0] < before[1]:
                yield f"{after[2]} of {job} began while {before[2]} ran"


def children(known):
    """A child has a run in each flow in which its parent came to an end, begins after it, and only if it succeeded."""
    for job in known.jobs.values():
        for parent in job.after:
            for (name, due), attempts in list(known.attempts.items()):
                last = max(attempts, key=lambda one: one[0])
                if name != parent or last[2]["state"] not in ("succeeded", "failed") or job.may == "late":
                    continue
                runs = known.attempts.get((job.name, due), [])
                if not runs and due > known.rebuilt_at:
                    yield f"{job.name} has no run in the flow of {parent} {due}"
                for _, child, _ in runs:
                    if known.starts[child] and (last[2]["state"] == "failed" or known.starts[child][0].at < known.ends[last[1]][0].at):
                        yield f"{child} of {job.name} began before {last[1]} of {parent} had succeeded"
                    if not known.starts[child] and last[2]["state"] == "succeeded" and not known.runs[child]["reason"].startswith("overlap"):
                        yield f"{child} of {job.name} did not run after {last[1]} of {parent}: {known.runs[child]['reason']}"


def check(folder, since, until, rebuilt=False):
    known = Evidence(folder, rebuilt)
    found = []
    for look in (doubles(known), ends(known), slots(known, since, until), shares(known, since, until), retries(known), overlaps(known), children(known)):
        found += look
    return known, found


def figures(known, since, until):
    states = collections.Counter(run["state"] for run in known.runs.values())
    owed = sum(len(job.slots(since, until)) for job in known.jobs.values())
    late = sorted((known.starts[name][0].at - run["due"] / 1e6) for name, run in known.runs.items()
                  if run["trigger"] == "schedule" and known.starts[name])
    ended = sorted(run["ended_at"] / 1e6 - known.ends[name][0].at for name, run in known.runs.items() if known.ends[name])
    yield f"{owed} slots owed, {len(known.marks)} marks, {len(known.runs)} runs: " + ", ".join(f"{n} {s}" for s, n in sorted(states.items()))
    gap_slots = sum(gap["slots"] for gap in known.gaps)
    yield f"{gap_slots} slots in {len(known.gaps)} gaps; {sum(run['attempt'] > 1 for run in known.runs.values())} later attempts"
    for what, values in (("slot to start", late), ("end to its time in the ledger", ended)):
        if values:
            yield f"{what}: median {values[len(values) // 2]:.3f} s, p99 {values[len(values) * 99 // 100]:.3f} s, most {values[-1]:.3f} s"


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder")
    options.add_argument("--since", type=float, default=0)
    options.add_argument("--until", type=float, default=0)
    options.add_argument("--rebuilt", action="store_true")
    options = options.parse_args()
    known, found = check(options.folder, options.since, options.until, options.rebuilt)
    for line in found:
        print(line)
    for line in figures(known, options.since, options.until):
        print("  " + line)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
