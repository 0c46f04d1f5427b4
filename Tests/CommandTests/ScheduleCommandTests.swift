import Foundation
import TestSupport
import Testing

/// `rota next` and `rota explain`, on texts and on jobs.
struct ScheduleCommandTests {
    private func rota(_ arguments: String...) throws -> Program.Result {
        try Program.run("rota", arguments)
    }

    private func rows(_ result: Program.Result) -> [[String]] {
        result.stdout.split(separator: "\n").dropFirst().map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
    }

    @Test func nextMarksWhatTheClockMovedAndWhatItLeavesOut() throws {
        let berlin = ["--zone", "Europe/Berlin", "--from", "2026-03-28", "--count", "2"]
        let shifted = rows(try Program.run("rota", ["next", "R/2026-03-27T02:30/P1D"] + berlin))
        #expect(shifted.map { $0[1] } == ["2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z"])
        #expect(shifted[0][4].isEmpty && shifted[1][4].hasPrefix("moved by 1 hour"))
        let skipped = rows(try Program.run("rota", ["next", "R/2026-03-27T02:30/P1D", "--gap", "skip"] + berlin))
        #expect(skipped.map { $0[1] } == ["2026-03-28T01:30:00Z", "-", "2026-03-30T00:30:00Z"])
        #expect(skipped[1][2] == "2026-03-29T02:30:00" && skipped[1][4].contains("does not exist"))
        let folded = rows(
            try rota("next", "30 2 * * *", "--zone", "Europe/Berlin", "--fold", "both", "--from", "2026-10-25", "--until", "P1D"))
        #expect(folded.map { $0[2] } == ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"])
        #expect(folded[0][4].hasPrefix("the first of two") && folded[1][4].hasPrefix("the second of two"))
    }

    @Test func nextOfSeveralTextsIsTheirUnionUpToTheEndAskedFor() throws {
        let result = try rota(
            "next", "R/2026-03-01T00:00Z/PT6H", "0 */4 * * *", "--from", "2026-03-01T00:00:00Z", "--until", "2026-03-01T12:00Z")
        #expect(rows(result).map { String($0[1].dropFirst(11).prefix(5)) } == ["00:00", "04:00", "06:00", "08:00", "12:00"])
        let far = try rota("next", "R/1970-01-01T00:00:01Z/PT1S", "--from", "2033-05-18T03:33:21Z", "--count", "1")
        #expect(rows(far).first?[3] == "2000000000")
        let backwards = try rota("next", "@daily", "--from", "2026-03-01", "--until", "2026-02-01")
        #expect(backwards.status == 64 && backwards.stderr.contains("--until lies before --from"))
    }

    @Test func hIsDrawnFromTheNameOfTheJob() throws {
        let fixture = try CommandFixture(jobs: ["backup.yaml": "cron: H H * * *\ncommand: 'true'\n"])
        let program = try fixture.serve()
        defer { program.signal(SIGTERM) }
        let ofJob = rows(try fixture.rota("next", "backup", "--from", "2026-03-01", "--count", "1"))
        let ofText = rows(try rota("next", "H H * * *", "--seed", "backup", "--from", "2026-03-01", "--count", "1"))
        #expect(ofJob.first?[1] == ofText.first?[1] && ofJob.first?[0] == "backup")
        program.signal(SIGTERM)
        try program.wait()
    }

    @Test func explainTellsWordsSlotsAndTheNextTwoChangesOfTheClock() throws {
        let result = try rota("explain", "R/2026-03-01T02:30/P1D", "--zone", "Europe/Berlin", "--from", "2026-03-01", "--count", "1")
        #expect(result.status == 0)
        for part in [
            "every day from 2026-03-01 at 02:30 (Europe/Berlin)", "R/2026-03-01T02:30:00/P1D", "2026-03-01T02:30:00+01:00",
            "2026-03-29T02:30:00 does not exist; its slot is moved to 2026-03-29T03:30:00+02:00",
            "2026-10-25T02:30:00 comes twice; the first is a slot: 2026-10-25T02:30:00+02:00",
        ] {
            #expect(result.stdout.contains(part), "\(part) is missing in:\n\(result.stdout)")
        }
        let never = try rota("explain", "R0/PT1H")
        #expect(never.stdout.contains("No slot comes") && never.stdout.contains("never changes"))
    }

    @Test func explainTellsTheSameInJSON() throws {
        let result = try rota(
            "explain", "R3/2026-03-28T02:30/P1D", "--zone", "Europe/Berlin", "--gap", "skip", "--from", "2026-03-01", "--json")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(result.stdout.utf8)) as? [String: Any])
        #expect(object["canonical"] as? [String] == ["R3/2026-03-28T02:30:00/P1D"])
        #expect(object["first"] as? String == "2026-03-28T02:30:00+01:00" && object["last"] as? String == "2026-03-30T02:30:00+02:00")
        #expect((object["next"] as? [[String: Any]])?.map { $0["occurrence"] as? Int } == [0, 2])
        let changes = try #require(object["clockChanges"] as? [[String: Any]])
        #expect(changes.map { $0["at"] as? String } == ["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"])
        let effects = try #require(changes[0]["effects"] as? [[String: Any]])
        #expect(effects.map { $0["what"] as? String } == ["leftOut"] && effects[0]["asked"] as? String == "2026-03-29T02:30:00")
    }

    @Test(arguments: [
        ("R/2026-03-01/P1H", "column 16"), ("r/2026-03-01/P1D", "capital letter"), ("61 * * * *", "from 0 to 59"),
        ("R/2026-03-01T00:00[Europe/Berlln]/P1D", "did you mean Europe/Berlin"), ("@reboot", "names no time"), ("PT1H", "R/PT1H"),
    ])
    func aTextThatIsNoScheduleIsAnErrorOfUsage(text: String, part: String) throws {
        let folder = try CommandFixture()
        let program = try folder.serve()
        for command in ["next", "explain"] {
            let result = try folder.rota(command, text)
            #expect(result.status == 64 && result.stderr.contains(part), "\(command): \(result.stderr)")
            #expect(result.stderr.split(separator: "\n").count == 1)
        }
        program.signal(SIGTERM)
        try program.wait()
    }

    @Test func anInstantThatIsNoneIsToldWithAnExample() throws {
        for arguments in [["next", "R/PT1H", "--from", "yesterday"], ["history", "--since", "2026-03-01T25:00"]] {
            let result = try Program.run("rota", arguments)
            #expect(result.status == 64 && result.stderr.contains("written 2026-03-01, 2026-03-01T02:00+01:00"), "\(result.stderr)")
        }
        let local = rows(try rota("next", "@daily", "--from", "2026-03-01T23:30[Europe/Berlin]", "--count", "1"))
        #expect(local.first?[1] == "2026-03-02T00:00:00Z")
    }

    // catalogue 51
    @Test func withoutATimeZoneDatabaseNamedZonesAreRefusedAndUTCWorks() throws {
        func rota(_ arguments: String...) throws -> Program.Result {
            try Program.run("rota", arguments, environment: ["TZDIR": "/nonexistent", "TZ": "Nowhere/At_All"])
        }
        for named in [["R/2026-03-01T02:00[Europe/Berlin]/P1D"], ["0 2 * * *", "--zone", "Europe/Berlin"]] {
            let refused = try Program.run("rota", ["next"] + named, environment: ["TZDIR": "/nonexistent"])
            #expect(refused.status == 64 && refused.stderr.contains("install tzdata, or write UTC or an offset"), "\(refused.stderr)")
        }
        let utc = try rota("next", "0 2 * * *", "--from", "2026-03-01", "--count", "1")
        #expect(rows(utc).map { $0[1] } == ["2026-03-01T02:00:00Z"])
        let offset = try rota("next", "R/2026-03-01T02:00/P1D", "--zone", "+05:45", "--from", "2026-03-01", "--count", "1")
        #expect(rows(offset).map { $0[2] } == ["2026-03-01T02:00:00+05:45"])
    }

    // catalogue 47
    @Test func anUpdatedTimeZoneDatabaseMovesSlotsToCome() throws {
        let fixture = try CommandFixture(jobs: [
            "daily.yaml": "schedule: R/2026-01-01T03:00/P1D\nzone: Town\ncommand: 'true'\n",
            "utc.yaml": "schedule: R/2026-01-01T03:00/P1D\ncommand: 'true'\n",
        ])
        let zones = fixture.folder.path + "/zoneinfo"
        try FileManager.default.createDirectory(atPath: zones, withIntermediateDirectories: true)
        func install(_ zone: String) throws {
            try FileManager.default.copyItem(atPath: "/usr/share/zoneinfo/" + zone, toPath: zones + "/new")
            #expect(rename(zones + "/new", zones + "/Town") == 0)
        }
        func due(_ job: String) throws -> String? {
            let arguments = ["next", job, "--from", "2027-01-10", "--count", "1"]
            return rows(try Program.run("rota", arguments, environment: ["ROTA_STATE": fixture.state, "TZDIR": zones])).first?[1]
        }
        try install("Asia/Tokyo")
        let program = try fixture.serve(environment: ["TZDIR": zones])
        #expect(TestSupport.wait { (try? due("daily")) == "2027-01-10T18:00:00Z" })
        try install("Asia/Kolkata")
        program.signal(SIGHUP)
        #expect(TestSupport.wait { program.errors.contains("the rules of time zones changed") })
        let told = program.errors
        #expect(told.contains("zones=Town") && told.contains("jobs=1") && told.contains("job=daily"))
        #expect(try due("daily") == "2027-01-10T21:30:00Z" && due("utc") == "2027-01-10T03:00:00Z")
        // A zone that goes away is told, and its rules stay.
        try FileManager.default.removeItem(atPath: zones + "/Town")
        program.signal(SIGHUP)
        #expect(TestSupport.wait { program.errors.contains("the time zone `Town` is gone from the tz database") })
        #expect(try fixture.rota("status").stdout.contains("`Town` is gone"))
        program.signal(SIGTERM)
        let result = try program.wait()
        #expect(result.status == 0)
    }

    // catalogue 51
    @Test func aZoneThatComesWithALaterTimeZoneDatabaseIsNoticed() throws {
        let fixture = try CommandFixture(jobs: ["daily.yaml": "schedule: R/2026-01-01T03:00/P1D\nzone: Town\ncommand: 'true'\n"])
        let zones = fixture.folder.path + "/zoneinfo"
        try FileManager.default.createDirectory(atPath: zones, withIntermediateDirectories: true)
        let program = try fixture.serve(environment: ["TZDIR": zones])
        #expect(TestSupport.wait { program.errors.contains("there is no time zone `Town`") })
        try FileManager.default.copyItem(atPath: "/usr/share/zoneinfo/Asia/Tokyo", toPath: zones + "/new")
        #expect(rename(zones + "/new", zones + "/Town") == 0)
        program.signal(SIGHUP)
        #expect(TestSupport.wait { (try? fixture.rota("list").stdout.contains("daily")) == true })
        program.signal(SIGTERM)
        try program.wait()
    }
}
