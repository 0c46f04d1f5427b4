import JobFiles
import Testing

/// Each key with a value that it cannot have: where and in which words a user is told.
struct JobKeyErrorTests {
    /// What `retries.on` may name.
    private static let ends =
        "`failed`, `timedOut`, `couldNotStart`, `nodeFailed`, `bootFailed`, `preempted`, `outOfMemory`, `deadline` or `cancelled`"

    @Test(arguments: [triggers, limits, places, processes, policies, promises].joined())
    func aBadValueIsToldWithItsPlaceAndWhatWouldBeRight(line: String, expected: [String]) {
        let told = problems("command: x\n" + line)
        #expect(told.count == expected.count)
        for (told, expected) in zip(told, expected) {
            // What the schedule language says of a text is its own affair; its column is ours.
            let wanted = "jobs/test.yaml:" + expected.filter { $0 != "…" }
            #expect(expected.hasSuffix("…") ? told.hasPrefix(wanted) && told.count > wanted.count : told == wanted)
        }
    }

    static let triggers: [(String, [String])] = [
        ("scedule: R/P1D", ["2:1: error: unknown key `scedule`; did you mean `schedule`?"]),
        (
            "name: ../etc/passwd",
            [
                "2:7: error: `../etc/passwd` is no name of a job; it has letters, digits, `_`, `.` and `-`, at most 128, the first a letter, a digit or `_`"
            ]
        ),
        ("name: [a]", ["2:7: error: `name` must be a text, not a list"]),
        ("description: [a]", ["2:14: error: `description` must be a text, not a list"]),
        ("zone: Europe/Berln", ["2:7: error: `zone`: …"]),
        ("zone:", ["2:1: error: `zone` has no value; write one, or take the key out"]),
        ("zone: {a: b}", ["2:7: error: `zone` must be a text, not a map"]),
        (
            "schedule: R/2026-01-01T02:00/P1X",
            [
                "2:32: error: `schedule`: …"
            ]
        ),
        ("schedule: 'R/2026-13-01T02:00/P1D'", ["2:19: error: `schedule`: …"]),
        (
            "schedule: [R/P1D, X]",
            [
                "2:19: error: `schedule`: …"
            ]
        ),
        (
            "schedule: []",
            [
                "2:11: error: `schedule` is an empty list; write a repeating interval such as R/2026-01-01T02:00/P1D, or take the key out"
            ]
        ),
        (
            "schedule: {a: b}",
            [
                "2:11: error: `schedule` must be a repeating interval such as R/2026-01-01T02:00/P1D or a list of such, not a map"
            ]
        ),
        ("cron: '0 2 * * FUN'", ["2:16: error: `cron`: …"]),
        (
            "cron: 0 2 * *",
            [
                "2:7: error: `cron`: …"
            ]
        ),
        (
            "after: [a, {jop: b}]",
            [
                "2:12: error: `after` needs the name of a job: { job: prices, on: done }",
                "2:13: error: unknown key `after.jop`; did you mean `job`?",
            ]
        ),
        (
            "after: {job: a, on: sometimes}",
            [
                "2:21: error: `after.on` must be `success`, `failure` or `done`, not `sometimes`"
            ]
        ),
        ("after: [a, a]", ["2:12: error: `a` stands twice in `after`"]),
        (
            "after: ['a b']",
            [
                "2:9: error: `a b` is no name of a job; it has letters, digits, `_`, `.` and `-`, at most 128, the first a letter, a digit or `_`"
            ]
        ),
        (
            "after: [[a]]",
            [
                "2:9: error: `after` must hold names of jobs or maps like { job: prices, on: done }, not a list"
            ]
        ),
        ("after: [{on: done}]", ["2:9: error: `after` needs the name of a job: { job: prices, on: done }"]),
        ("join: flow", ["2:1: warning: `join` has no effect without `after`"]),
        ("join: both", ["2:7: error: `join` must be `flow` or `latest`, not `both`"]),
        ("dst: {gap: skip}", ["2:1: warning: `dst` has no effect without `schedule` or `cron`"]),
        ("dst: {gap: skp}", ["2:1: warning: `dst` …", "2:12: error: `dst.gap` must be `shift` or `skip`, not `skp`"]),
        ("dst: {gab: skip}", ["2:1: warning: `dst` …", "2:7: error: unknown key `dst.gab`; did you mean `gap`?"]),
        ("dst: skip", ["2:1: warning: `dst` …", "2:6: error: `dst` must be a map with `gap` or `fold`, not `skip`"]),
        ("except: 2026-12-25", ["2:1: warning: `except` has no effect without `schedule` or `cron`"]),
        (
            "spread: PT1H\nbetween: { from: '09:00', until: '17:00' }\nnotBefore: 2026-01-01\nnotAfter: 2026-01-01",
            [
                "2:1: warning: `spread` has no effect without `schedule` or `cron`",
                "3:1: warning: `between` has no effect without `schedule` or `cron`",
                "4:1: warning: `notBefore` has no effect without `schedule` or `cron`",
                "5:1: warning: `notAfter` has no effect without `schedule` or `cron`",
            ]
        ),
        ("<<: {a: b}", ["2:1: error: unknown key `<<`; merge keys are not supported, write the keys out"]),
    ]

    /// After a schedule, without which they have no effect.
    static let limits: [(String, [String])] = [
        ("except: [2026-12-25, '2026-13-01', SAT,FUN]", ["3:28: error: `except`: …", "3:40: error: `except`: …"]),
        ("except: 2026-12-25/2026-12-24", ["3:20: error: `except`: the last day lies before the first; write the earlier one first"]),
        (
            "except: [[SAT]]",
            ["3:10: error: `except` must hold days such as 2026-12-25 or SAT,SUN, or the path of an .ics file, not a list"]
        ),
        (
            "except: holidays.txt",
            ["3:9: error: `except`: `holidays.txt` is no calendar; calendars are iCalendar files, whose names end in .ics"]
        ),
        (
            "except: [../x, mon.fri]",
            ["3:10: error: `except`: `../x` is no calendar; …", "3:16: error: `except`: `mon.fri` is no calendar; …"]
        ),
        ("except: []", ["3:9: error: `except` is an empty list; write days such as 2026-12-25 or SAT,SUN, or take the key out"]),
        (
            "except: https://example.org/holidays.ics",
            ["3:9: error: `except`: calendars are not fetched; save it beside the job file and write its path"]
        ),
        (
            "except: { calender: x }",
            ["3:9: error: `except.calendar` is missing; …", "3:11: error: unknown key `except.calender`; did you mean `calendar`?"]
        ),
        ("except: { calendar: x }", ["3:21: error: `except.calendar`, line 1 of its text: this is no iCalendar file, …"]),
        ("except: [{ calendar: [x] }]", ["3:22: error: `except.calendar` must be a text, not a list"]),
        ("except:", ["3:1: error: `except` has no value; write one, or take the key out"]),
        (
            "between: 09:00-17:00",
            [#"3:10: error: `between` must be a map such as { from: "09:00", until: "17:00", on: MON-FRI }, not `09:00-17:00`"#]
        ),
        ("between: []", ["3:10: error: `between` is an empty list; …"]),
        (
            "between: { from: 9, until: '25:00', on: [MON], to: x }",
            [
                "3:18: error: `between.from`: …", "3:29: error: `between.until`: there is no hour 25; hours go from 00 to 24",
                #"3:41: error: `between.on` must be a text, not a list; write on: "MON""#,
                "3:48: error: unknown key `between.to`; `between` has `from`, `until` or `on`",
            ]
        ),
        (
            "between: [{ from: '09:00' }, { until: 17:00, on: MAN }]",
            [
                #"3:11: error: `between.until` is missing; write a time of day such as "09:00""#,
                #"3:30: error: `between.from` is missing; write a time of day such as "09:00""#, "3:50: error: `between.on`: …",
            ]
        ),
        (
            "between: { from: '09:00', until: '09:00' }",
            ["3:34: error: `between`: a window from 09:00 until 09:00 is empty; leave it out for the whole day"]
        ),
        (
            "between: { from: '09:00', until: '17:00', on: [MON, TUE] }",
            [#"3:47: error: `between.on` must be a text, not a list; write on: "MON,TUE""#]
        ),
        (
            "between: [{ from: '24:00', until: '06:00', on: FRI-SAT }, { from: '24:00', until: '06:00' }]",
            [
                #"3:19: error: `between`: a window begins before the end of its day; write from: "00:00", on: "SUN,SAT""#,
                #"3:67: error: `between`: a window begins before the end of its day; write from: "00:00""#,
            ]
        ),
        (
            "notBefore: soon",
            ["3:12: error: `notBefore`: a date is expected before `soon`; write for example 2026-03-01 or 2026-03-01T09:00"]
        ),
        ("notBefore: 2026-03-01T25:00", ["3:23: error: `notBefore`: there is no hour 25; hours go from 00 to 24"]),
        ("notAfter: 2026-02-30", ["3:19: error: `notAfter`: there is no day 30 in month 2 of 2026; its days go from 01 to 28"]),
        (
            "notBefore: 2026-03-02\nnotAfter: 2026-03-01",
            ["4:11: error: `notAfter` lies before `notBefore`, which leaves no slot; write the later one here"]
        ),
        ("spread: PT0S", ["3:9: error: `spread` must be longer than nothing; take it out to move no slot"]),
        ("spread: -PT5M", ["3:9: error: `spread`: …"]),
        ("spread: P1M", ["3:9: error: `spread`: …"]),
        ("spread: 10m", ["3:9: error: `spread`: a period is missing before `10m`; write PT10M"]),
        ("spread: 10M", ["3:9: error: `spread`: a period is missing before `10M`; write PT10M"]),
        ("zone: Mars\nexcept: 2026-13-01\nspread: x", ["3:7: error: `zone`: …", "4:14: error: `except`: …", "5:9: error: `spread`: …"]),
    ].map { ("cron: 0 2 * * *\n" + $0.0, $0.1) }

    static let places: [(String, [String])] = [
        ("workdir: ''", ["2:10: error: `workdir` is empty"]),
        ("env: [a]", ["2:6: error: `env` must be a map of texts, not a list"]),
        (
            "env: {1A: x}",
            [
                "2:7: error: `1A` is no name of a variable; it has letters, digits and `_`, and no digit first"
            ]
        ),
        (
            "env: {ROTA_JOB: x}",
            [
                "2:7: error: `ROTA_JOB` is set by the scheduler itself; names that begin with ROTA_ or CHRONOS_ are reserved"
            ]
        ),
        (
            "env: {CHRONOS_X: x}",
            [
                "2:7: error: `CHRONOS_X` is set by the scheduler itself; names that begin with ROTA_ or CHRONOS_ are reserved"
            ]
        ),
        ("env: {A: [x]}", ["2:10: error: `env.A` must be a text, not a list"]),
        ("env: {A: }", [##"2:7: error: `env.A` has no value; write "" for an empty text"##]),
        (##"env: {A: "x\0y"}"##, ["2:10: error: `env.A` holds a NUL character"]),
        ("runOn: a b", ["2:8: error: `runOn` must be one name, not `a b`"]),
        ("cpus: many", ["2:7: error: `cpus` must be a number of processors above 0, not `many`"]),
        ("cpus: 0", ["2:7: error: `cpus` must be a number of processors above 0, not `0`"]),
        (
            "memory: 512M",
            [
                "2:9: error: `memory` must be an amount such as 512MB (a million bytes each), 2GiB (1024³ bytes each) or a plain number of bytes, not `512M`"
            ]
        ),
        (
            "disk: lots",
            [
                "2:7: error: `disk` must be an amount such as 512MB (a million bytes each), 2GiB (1024³ bytes each) or a plain number of bytes, not `lots`"
            ]
        ),
        ("constraints: rack", [##"2:14: error: `constraints` must be a list such as [[rack, LIKE, "r[1-3]"]], not `rack`"##]),
        ("constraints: [[rack, LIKES, x]]", ["2:22: error: unknown operator `LIKES`; did you mean `LIKE`?"]),
        ("constraints: [[rack, LIKE, 'r[']]", ["2:28: error: `r[` is no regular expression"]),
        ("constraints: [[rack]]", [##"2:15: error: a constraint is a list of three texts such as [rack, LIKE, "r[1-3]"]"##]),
        ("user: ''", ["2:7: error: `user` is empty"]),
        ("pool: [a]", ["2:7: error: `pool` must be a text, not a list"]),
        ("priority: 10", ["2:11: error: `priority` must be a whole number from 0 to 9, not `10`"]),
    ]

    static let processes: [(String, [String])] = [
        ("umask: 22", ["2:8: error: `umask` must be three octal digits such as \"027\", not `22`"]),
        ("umask: 088", ["2:8: error: `umask` must be three octal digits such as \"027\", not `088`"]),
        ("umask: 1777", ["2:8: error: `umask` must be three octal digits such as \"027\", not `1777`"]),
        ("umask: u=rwx", ["2:8: error: `umask` must be three octal digits such as \"027\", not `u=rwx`"]),
        ("nice: 20", ["2:7: error: `nice` must be a whole number from -20 to 19, not `20`"]),
        ("nice: low", ["2:7: error: `nice` must be a whole number from -20 to 19, not `low`"]),
        ("limits: 5", ["2:9: error: `limits` must be a map with `memory`, `cpu`, `openFiles` or `processes`, not `5`"]),
        ("limits: {mem: 1GiB}", ["2:10: error: unknown key `limits.mem`; …"]),
        (
            "limits: {memory: 512}",
            ["2:18: error: `limits.memory` must be an amount from 1MiB such as 512MiB, not `512`"]
        ),
        ("limits: {cpu: 600}", ["2:15: error: `limits.cpu`: …"]),
        ("limits: {cpu: PT0.5S}", ["2:15: error: `limits.cpu` must be a second or more, such as PT10M"]),
        ("limits: {openFiles: 3}", ["2:21: error: `limits.openFiles` must be a whole number from 16 to 1048576, not `3`"]),
        ("limits: {processes: 0}", ["2:21: error: `limits.processes` must be a whole number from 1 to 4194304, not `0`"]),
        ("onLogFull: drop", ["2:12: error: `onLogFull` must be `continue` or `stop`, not `drop`"]),
        ("logLimit: 10M", ["2:11: error: `logLimit` must be an amount from 64KiB such as 10MiB, or 0 to keep nothing, not `10M`"]),
        ("logLimit: 1KiB", ["2:11: error: `logLimit` must be an amount from 64KiB such as 10MiB, or 0 to keep nothing, not `1KiB`"]),
        ("logLimit: -1", ["2:11: error: `logLimit` must be an amount from 64KiB such as 10MiB, or 0 to keep nothing, not `-1`"]),
        ("logLimit: [1]", ["2:11: error: `logLimit` must be an amount from 64KiB such as 10MiB, or 0 to keep nothing, not a list"]),
    ]

    static let policies: [(String, [String])] = [
        (
            "timeout: 30",
            [
                "2:10: error: `timeout`: …"
            ]
        ),
        (
            "timeout: 1h",
            [
                "2:10: error: `timeout`: …"
            ]
        ),
        ("timeout: PT0S", ["2:10: error: `timeout` must be longer than nothing; take it out to have no limit"]),
        (
            "timeout: P1M",
            [
                "2:10: error: `timeout`: …"
            ]
        ),
        (
            "killAfter: x",
            [
                "2:12: error: `killAfter`: …"
            ]
        ),
        ("retries: -1", ["2:10: error: `retries` must be a whole number from 0 to 1000000, not `-1`"]),
        ("retries: 1.5", ["2:10: error: `retries` must be a whole number from 0 to 1000000, not `1.5`"]),
        (
            "retries: {limt: 3}",
            [
                "2:10: error: `retries.limit` is missing; say how many retries there may be",
                "2:11: error: unknown key `retries.limt`; did you mean `limit`?",
            ]
        ),
        ("retries: {limit: 3, on: [faled]}", ["2:26: error: unknown end `faled`; did you mean `failed`?"]),
        ("retries: {limit: 3, on: lost}", ["2:25: error: unknown end `lost`; there are \(ends)"]),
        (
            "retries: {limit: 3, on: []}",
            [
                "2:25: error: `retries.on` is an empty list; name \(ends), or write `retries: 0` to retry nothing"
            ]
        ),
        (
            "retries: {limit: 3, exitCodes: []}",
            ["2:32: error: `retries.exitCodes` is an empty list; write 75 or 100-110, or take the key out to retry any"]
        ),
        (
            "retries: {limit: 3, exitCodes: [0, 2]}",
            ["2:33: error: `retries.exitCodes`: a run that ends with 0 has succeeded; write codes from 1 to 255"]
        ),
        (
            "retries: {limit: 3, exitCodes: [0-9, 200-300, 110-100, 256]}",
            [
                "2:33: error: `retries.exitCodes`: a run that ends with 0 has succeeded; write codes from 1 to 255",
                "2:38: error: `retries.exitCodes`: there is no exit code 300; write codes from 1 to 255",
                "2:47: error: `retries.exitCodes`: the range 110-100 is backwards; write 100-110",
                "2:56: error: `retries.exitCodes`: there is no exit code 256; write codes from 1 to 255",
            ]
        ),
        (
            "retries: {limit: 3, exitCodes: [TEMPFAIL, -1, 1-2-3]}",
            [
                "2:33: error: `retries.exitCodes`: `TEMPFAIL` is no exit code; write for example 75 or 100-110",
                "2:43: error: `retries.exitCodes`: `-1` is no exit code; write for example 75 or 100-110",
                "2:47: error: `retries.exitCodes`: `1-2-3` is no exit code; write for example 75 or 100-110",
            ]
        ),
        (
            "retries: {limit: 3, on: timedOut, exitCodes: 75}",
            ["2:35: warning: `retries.exitCodes` has no effect, for `retries.on` does not name `failed`"]
        ),
        ("retries: {limit: 3, backoff: 0}", ["2:30: error: `retries.backoff` must be a number from 1 to 1000, not `0`"]),
        (
            "retries: {limit: 3, delay: 5s}",
            [
                "2:28: error: `retries.delay`: …"
            ]
        ),
        (
            "retries: [1]",
            [
                "2:10: error: `retries` must be a map with `limit`, `delay`, `backoff`, `maxDelay`, `jitter`, `on` or `exitCodes`, not a list"
            ]
        ),
        (
            "startWithin: soon",
            [
                "2:14: error: `startWithin`: …"
            ]
        ),
        ("catchUp: some", ["2:10: error: `catchUp` must be `latest`, `all` or `none`, not `some`"]),
        ("overlap: yes", ["2:10: error: `overlap` must be `queue`, `skip`, `allow`, `replace` or { allow: 2 }, not `yes`"]),
        ("overlap: {allow: 0}", ["2:18: error: `overlap.allow` must be a whole number from 1 to 1000000, not `0`"]),
        (
            "overlap: {}",
            ["2:10: error: `overlap.allow` is missing; say how many runs may be under way at once, such as { allow: 2 }"]
        ),
        (
            "overlap: {skip: 2}",
            [
                "2:10: error: `overlap.allow` is missing; say how many runs may be under way at once, such as { allow: 2 }",
                "2:11: error: unknown key `overlap.skip`; `overlap` has `allow`",
            ]
        ),
        ("catchUp: all\nmaxCatchUp: 0", ["3:13: error: `maxCatchUp` must be a whole number from 1 to 100000, not `0`"]),
        ("maxCatchUp: 5", ["2:1: warning: `maxCatchUp` has no effect without `catchUp: all`"]),
        (
            "retries: {limit: 1, jitter: 2}",
            ["2:29: error: `retries.jitter` must be a part of the wait from 0 to 1, not `2`"]
        ),
        ("onUnknown: rerunn", ["2:12: error: `onUnknown` must be `hold`, `rerun` or `skip`, not `rerunn`"]),
        ("disabled: yes", ["2:11: error: `disabled` must be `true` or `false`, not `yes`"]),
        ("disabled: True", ["2:11: error: `disabled` must be `true` or `false`, not `True`"]),
        ("softError: 1", ["2:12: error: `softError` must be `true` or `false`, not `1`"]),
    ]

    static let promises: [(String, [String])] = [
        (
            "expect: {startWithin: x}",
            [
                "2:23: error: `expect.startWithin`: …"
            ]
        ),
        ("expect: {endBy: '25:00'}", [##"2:17: error: `expect.endBy` must be a time of day such as "06:00", not `25:00`"##]),
        ("expect: {endBy: 6:00}", [##"2:17: error: `expect.endBy` must be a time of day such as "06:00", not `6:00`"##]),
        ("expect: {end: 1}", ["2:10: error: unknown key `expect.end`; `expect` has `startWithin`, `endBy` or `duration`"]),
        (
            "expect: {duration: 1}",
            [
                "2:20: error: `expect.duration`: …"
            ]
        ),
        ("notify: {on: failures}", ["2:14: error: unknown occasion `failures`; did you mean `failure`?"]),
        (
            "notify: {on: [failure, x]}",
            [
                "2:24: error: unknown occasion `x`; there are `failure`, `recovery`, `missed`, `late`, `lost` or `success`"
            ]
        ),
        (
            "notify: {webhook: ftp://x}",
            [
                "2:19: error: `notify.webhook` must begin with https:// or http://, not be `ftp://x`"
            ]
        ),
        ("notify: {email: ops}", ["2:17: error: `ops` is no address; write for example ops@example.org"]),
        ("notify: {slack: x}", ["2:10: error: unknown key `notify.slack`; `notify` has `on`, `webhook` or `email`"]),
        ("labels: [a]", ["2:9: error: `labels` must be a map of texts, not a list"]),
        ("labels: {team: [a]}", ["2:16: error: `labels.team` must be a text, not a list"]),
    ]
}
