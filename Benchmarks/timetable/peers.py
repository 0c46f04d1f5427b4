"""The tasks of Benchmark.swift with packages of Python, in the same shape: task, peer, nanoseconds, -, answers."""

import datetime
import itertools
import statistics
import time
import zoneinfo

import aniso8601
import croniter
import metomi.isodatetime.data
import metomi.isodatetime.parsers

PROBES = [1_774_699_200, 1_792_843_200] + [1_767_225_600 + n * 7_919_317 % 315_360_000 for n in range(1022)]
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
UTC = datetime.timezone.utc
INTERVAL = "R/2026-03-01T02:30:00+01:00/P1D"


def measure(task, peer, work, answers=()):
    started = time.perf_counter_ns()
    work(0)
    rounds = max(2, min(100_000, 25_000_000 // max(time.perf_counter_ns() - started, 1)))
    figures = []
    for _ in range(5):
        started = time.perf_counter_ns()
        for index in range(rounds):
            work(index & 1023)
        figures.append((time.perf_counter_ns() - started) / rounds)
    print(task, peer, statistics.median(figures), "-", ",".join(str(answer) for answer in answers) or "-", sep="\t", flush=True)


def seconds(date):
    return int(date.timestamp())


# aniso8601: a generator, which is walked from the start.
def walk_to(index):
    date = datetime.datetime.fromtimestamp(PROBES[index], UTC)
    return next(due for due in aniso8601.parse_repeating_interval(INTERVAL) if due > date)


def walked(number):
    return next(itertools.islice(aniso8601.parse_repeating_interval(INTERVAL), number, None))


measure("parse an interval", "aniso8601", lambda _: aniso8601.parse_repeating_interval(INTERVAL))
measure("next, daily at an offset", "aniso8601 (walks)", walk_to, [seconds(walk_to(index)) for index in range(64)])
measure("occurrence 10 000", "aniso8601 (walks)", lambda index: walked(10_000 - (index & 1)), [seconds(walked(10_000))])

# metomi-isodatetime: recurrences that are walked too, by its own iterator and by get_first_after.
parse = metomi.isodatetime.parsers.TimeRecurrenceParser().parse
recurrence = parse(INTERVAL)
points = [metomi.isodatetime.data.get_timepoint_from_seconds_since_unix_epoch(probe) for probe in PROBES]


def metomi_walked(number):
    return next(itertools.islice(recurrence, number, None))


def epoch(point):
    return int(point.seconds_since_unix_epoch)


measure("parse an interval", "metomi-isodatetime", lambda _: parse(INTERVAL))
measure(
    "next, daily at an offset", "metomi-isodatetime", lambda index: recurrence.get_first_after(points[index]),
    [epoch(recurrence.get_first_after(points[index])) for index in range(64)])
measure(
    "occurrence 10 000", "metomi-isodatetime (walks)", lambda index: metomi_walked(10_000 - (index & 1)), [epoch(metomi_walked(10_000))])

# croniter: one object, set to each instant, so that its parser is measured by itself.
dates = [datetime.datetime.fromtimestamp(probe, BERLIN) for probe in PROBES]
measure("parse a cron line", "croniter", lambda index: croniter.croniter("30 2 * * MON-FRI", dates[index]))
for task, text in {
    "next, cron daily": "30 2 * * *", "next, cron MON-FRI": "30 2 * * MON-FRI", "next, cron FRI#2": "30 2 * * FRI#2",
}.items():
    cron = croniter.croniter(text, dates[0])

    def following(index):
        cron.set_current(dates[index], force=True)
        return cron.get_next(datetime.datetime)

    measure(task, "croniter", following, [seconds(following(index)) for index in range(64)])
