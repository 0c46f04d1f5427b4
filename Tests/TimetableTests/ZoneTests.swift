import Glibc
import Testing

@testable import Timetable

@Suite struct ZoneTests {
    @Test func localTimesBearTheirOffset() throws {
        let berlin = try Zone(named: "Europe/Berlin")
        #expect(berlin.name == "Europe/Berlin")
        #expect(berlin.local(instant("2026-03-29T01:30:00Z")) == "2026-03-29T03:30:00+02:00")
        #expect(berlin.local(instant("2026-03-29T00:59:59.5Z")) == "2026-03-29T01:59:59.5+01:00")
        #expect(berlin.date(instant("2026-03-28T23:00:00Z")) == "2026-03-29")
        #expect(berlin.offset(at: instant("2026-07-01T00:00:00Z")) == 7200)
        #expect(Zone.utc.local(.epoch) == "1970-01-01T00:00:00Z")
        #expect(try Zone(named: "America/New_York").date(Instant(microseconds: -1)) == "1969-12-31")
    }

    @Test(arguments: [
        ("+02:00", 7200, "+02:00"), ("-0330", -12_600, "-03:30"), ("+14", 50_400, "+14:00"), ("+00:00", 0, "UTC"), ("Z", 0, "UTC"),
        ("Etc/UTC", 0, "UTC"),
    ])
    func offsetsAreZones(name: String, offset: Int, expected: String) throws {
        let zone = try Zone(named: name)
        #expect(zone.offset(at: .epoch) == offset)
        #expect(zone.name == expected)
    }

    @Test(arguments: [
        ("EST", "America/New_York"), ("IST", "Asia/Kolkata"), ("MIT", "Pacific/Apia"), ("ECT", "CET"), ("BST", "Asia/Dhaka"),
        ("WET", "WET"),
    ])
    func namesOfJavaMeanTheirZones(name: String, expected: String) throws {
        #expect(try Zone(named: name).name == expected)
    }

    @Test func everyAliasNamesAZoneOfTheDatabase() throws {
        for alias in zoneAliases.keys { #expect(throws: Never.self) { try Zone(named: alias) } }
    }

    @Test(arguments: [
        ("Europe/Berlni", "Europe/Berlin"), ("europe/berlin", "Europe/Berlin"), ("Berlin", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("America/New York", "America/New_York"), ("Asia/Calcuta", "Asia/Calcutta"), ("UTC+2", "+02:00"), ("GMT+2", "+02:00"),
        ("gmt-11", "-11:00"), ("UTC+05:30", "+05:30"), ("+1", "+01:00"),
    ])
    func unknownNamesComeWithNearOnes(name: String, expected: String) {
        let error = #expect(throws: ZoneError.self) { try Zone(named: name) }
        guard case .unknown(name, let near) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(near.first == expected)
        #expect(near.count <= 3)
    }

    @Test(arguments: [
        "", "/etc/passwd", "../zoneinfo/UTC", "Europe//Berlin", "Europe/", "Europe", ".", "tzdata.zi", "EDT", "PDT", "CEST", "+25:00", "+1",
        "zone.tab",
    ])
    func whatIsNoZoneIsAnError(name: String) {
        #expect(throws: ZoneError.self) { try Zone(named: name) }
    }

    @Test func aNameOfAnyLengthIsAnError() {
        #expect(throws: ZoneError.self) { try Zone(named: String(repeating: "Europe/", count: 10_000)) }
    }

    // catalogue 47
    @Test func anUpdatedDatabaseIsNoticed() throws {
        let folder = "/tmp/rota-zones-\(getpid())"
        mkdir(folder, 0o700)
        let path = folder + "/Test"
        defer {
            unlink(path)
            rmdir(folder)
        }
        func write(_ offsets: [Int32]) {
            let bytes = ZoneBytes(changes: [(0, 1), (1_000_000, 0)], offsets: offsets).bytes
            guard let file = fopen(path + ".new", "w") else { return }
            fwrite(bytes, 1, bytes.count, file)
            fclose(file)
            rename(path + ".new", path)
        }
        let database = ZoneDatabase(folder: folder)
        write([3600, 7200])
        let old = try database.zone(named: "Test")
        #expect(database.names == ["Test"] && database.reread() == ZoneDatabaseNews())
        write([3600, 5400])
        #expect(try database.zone(named: "Test") == old)
        #expect(database.reread() == ZoneDatabaseNews(renewed: ["Test"]))
        let new = try database.zone(named: "Test")
        #expect(new != old && new.offset(at: .epoch) == 5400 && old.offset(at: .epoch) == 7200)
        unlink(path)
        #expect(try database.reread() == ZoneDatabaseNews(unusable: ["Test"]) && database.zone(named: "Test") == new)
        #expect(throws: ZoneError.self) { try database.zone(named: "Other") }
        write([3600, 5400])
        link(path, folder + "/Other")
        #expect(try database.reread() == ZoneDatabaseNews(renewed: ["Other"]) && database.zone(named: "Test") == new)
        unlink(folder + "/Other")
        unlink(path)
    }

    // catalogue 51
    @Test func withoutADatabaseOnlyUTCAndOffsetsWork() {
        let database = ZoneDatabase(folder: "/nonexistent")
        #expect(throws: ZoneError.noDatabase("Europe/Berlin")) { try database.zone(named: "Europe/Berlin") }
        #expect(database.names.isEmpty)
    }

    @Test func zonesThatCountLeapSecondsAreRefused() throws {
        let error = #expect(throws: ZoneError.self) { try Zone(named: "right/Europe/Berlin") }
        #expect(error == .unreadable("right/Europe/Berlin") || error == .unknown("right/Europe/Berlin", near: []))
    }

    @Test func yearsPastTheTableFollowTheRule() throws {
        let berlin = try Zone(named: "Europe/Berlin")
        #expect(berlin.local(instant("9999-07-01T00:00:00Z")) == "9999-07-01T02:00:00+02:00")
        #expect(berlin.local(instant("9999-12-01T00:00:00Z")) == "9999-12-01T01:00:00+01:00")
        let sydney = try Zone(named: "Australia/Sydney")
        #expect(sydney.local(instant("2500-01-01T00:00:00Z")) == "2500-01-01T11:00:00+11:00")
        #expect(sydney.offset(at: .distantFuture) >= 36_000 && berlin.offset(at: .distantPast) == 3208)
    }

    @Test func brokenFilesAreRefusedAndNeverCrash() throws {
        let good = ZoneBytes(changes: [(0, 1), (1_000_000, 0)], offsets: [3600, 7200], footer: "CET-1CEST,M3.5.0,M10.5.0/3").bytes
        let parsed = try #require(TimeZoneFile(good))
        #expect(parsed.changes == [.init(at: 0, offset: 7200), .init(at: 1_000_000, offset: 3600)])
        #expect(parsed.initialOffset == 3600 && parsed.footer != nil)
        for length in 0..<good.count { #expect(TimeZoneFile(Array(good.prefix(length))) == nil) }
        var random = SeededGenerator(seed: 7)
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if let file = TimeZoneFile(bytes), let rules = ZoneRules(name: "x", file: file) {
                _ = Zone(rules: rules).resolve(WallTime(seconds: 1_800_000_000))
            }
        }
    }

    @Test(arguments: [
        "", "X", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-27", "CET-1CEST30,J1,J2", "CET-1CEST,J0,J2", "CET-1CEST,J1,366", "CET-1CEST,M3.5.0,M10.5.0/168", "CET-1CEST,M3.5.0,M10.5.0 ",
        "<CET-1",
    ])
    func brokenRulesAreRefused(text: String) {
        #expect(PosixZoneRule(text) == nil)
    }

    /// Days would not follow one another: two of them could have their noon in either order.
    @Test(arguments: [
        ("more than a day", ZoneBytes(changes: [(0, 1)], offsets: [-46_800, 43_200])),
        ("more than a day back", ZoneBytes(changes: [(0, 1)], offsets: [50_400, -43_200])),
        ("twice in three days", ZoneBytes(changes: [(0, 1), (3 * 86_400 - 1, 0)], offsets: [0, 3600])),
        (
            "by the rule soon after the table",
            ZoneBytes(changes: [(1_774_700_000, 1)], offsets: [0, 3600], footer: "CET-1CEST,M3.5.0,M10.5.0/3")
        ),
        ("twice a day by the rule", ZoneBytes(changes: [], offsets: [0], footer: "AAA0BBB,M3.5.0,M3.5.0/20")),
        ("beyond all dates", ZoneBytes(changes: [(.max, 1)], offsets: [0, 3600])),
    ])
    func zonesThatNoPlaceOfTheWorldKeepsAreRefused(name: String, zone: ZoneBytes) throws {
        #expect(TimeZoneFile(zone.bytes).flatMap { ZoneRules(name: name, file: $0) } == nil)
    }

    @Test func daylightTimeAllYearRoundIsOneOffset() throws {
        let rule = try #require(PosixZoneRule("EST5EDT,0/0,J365/25"))
        let changes = rule.changes(years: 2030...2031)
        #expect(changes.map(\.offset) == [-14_400, -18_000, -14_400, -18_000])
        #expect(changes[1].at == changes[2].at)
    }
}
