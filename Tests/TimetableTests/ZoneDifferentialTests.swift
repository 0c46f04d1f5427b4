import Glibc
import Testing

@testable import Timetable

/// Offsets against GNU date, that is, the C library's own reader of the same database.
@Suite struct ZoneDifferentialTests {
    @Test func offsetsAreThoseOfTheCLibraryAroundEveryChange() throws {
        let names = ZoneDatabase.system.names
        try #require(names.count > 300)
        var seen: Set<[Int64]> = []
        for name in names {
            let zone = try ZoneDatabase.system.zone(named: name)
            let probes = Self.probes(zone.rules)
            // Many names share one table.
            guard seen.insert(probes + probes.map { zone.rules.span(at: $0).offset }).inserted else { continue }
            let expected = try #require(offsetsOfDate(probes, zone: name))
            for (probe, offset) in zip(probes, expected) {
                #expect(Int64(offset) == zone.rules.span(at: probe).offset, "\(name) at \(probe)")
            }
            #expect(expected.count == probes.count, "\(name)")
        }
        #expect(seen.count > 200)
    }

    /// The list of changes that the C library itself makes, so that none is overlooked, and no other is seen.
    @Test func changesAreThoseOfTheCLibrary() throws {
        let names = ZoneDatabase.system.names
        let output = "/tmp/rota-zone-changes-\(getpid())"
        defer { unlink(output) }
        // Seconds of UTC and the offset, of the last second before each change and of the first after it.
        let command = "zdump -v -c 1970,2101 \(names.map { "'\($0)'" }.joined(separator: " ")) | grep gmtoff= > \(output)"
        try #require(system(command) == 0)
        let lines = try #require(Self.lines(of: output))
        try #require(lines.count > 20_000)
        var expected: [String: [ZoneChange]] = [:]
        for (before, after) in zip(lines, lines.dropFirst()) where before.name == after.name && before.second + 1 == after.second {
            guard before.offset != after.offset else { continue }
            expected[before.name, default: []].append(
                ZoneChange(at: Instant(seconds: after.second), before: before.offset, after: after.offset))
        }
        for name in names {
            let zone = try ZoneDatabase.system.zone(named: name)
            var found: [ZoneChange] = []
            // zdump leaves out a change in the very first second.
            var cursor = Instant.epoch
            while let change = zone.nextChange(after: cursor), change.at < Instant(seconds: 4_133_980_800) {
                found.append(change)
                cursor = change.at
            }
            #expect(found == expected[name] ?? [], "\(name)")
            for change in found { check(change, in: zone) }
        }
    }

    /// What the clock shows just before and just after a change is shown then, and only in a fold at another instant too.
    private func check(_ change: ZoneChange, in zone: Zone) {
        for instant in [change.at - .seconds(1), change.at] {
            let resolution = zone.resolve(zone.wall(instant))
            let expected: Resolution =
                change.isGap
                ? .once(instant)
                : instant < change.at
                    ? .twice(first: instant, last: instant + .seconds(change.before - change.after))
                    : .twice(first: instant - .seconds(change.before - change.after), last: instant)
            #expect(resolution == expected, "\(zone) at \(instant)")
        }
        guard change.isGap else { return }
        let gap = Int64(change.after - change.before)
        let skipped = WallTime(microseconds: zone.wall(change.at).microseconds - WallTime.second)
        #expect(zone.resolve(skipped) == .never(shifted: change.at + .seconds(gap - 1), gap: gap), "\(zone) before \(change.at)")
    }

    /// `Europe/Berlin  Sun Mar 29 01:00:00 2026 UT = … gmtoff=7200`, parsed; nil when there is no such file.
    private static func lines(of path: String) -> [(name: String, second: Int64, offset: Int)]? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        var found: [(name: String, second: Int64, offset: Int)] = []
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, 256, file) != nil {
            let words = line.prefix { $0 != 0 && $0 != 10 }.split(separator: 32).map {
                String(decoding: $0.map(UInt8.init(bitPattern:)), as: UTF8.self)
            }
            guard words.count > 8, let month = months.firstIndex(of: words[2]), let day = Int(words[3]), let year = Int(words[5]),
                let offset = Int(words[words.count - 1].dropFirst("gmtoff=".count))
            else { return nil }
            let time = words[4].split(separator: ":").compactMap { Int64($0) }
            let number = Int64(CivilDate(year: year, month: month + 1, day: day).dayNumber)
            found.append((words[0], number * 86_400 + time[0] * 3600 + time[1] * 60 + time[2], offset))
        }
        return found
    }

    /// A second before, at and after every change up to 2110, and the middle of every year up to 9999 by steps.
    private static func probes(_ rules: ZoneRules) -> [Int64] {
        var probes = stride(from: Int64(0), to: 253_402_300_799, by: 86_400 * 365 * 67 + 12_345).map { $0 }
        var span = rules.span(at: -6_000_000_000)
        while span.end < 4_417_977_600 {
            probes += [span.end - 1, span.end, span.end + 1]
            span = rules.span(at: span.end)
        }
        return probes
    }

    /// Seconds east of UTC as `date` prints them; nil when it cannot be run.
    private func offsetsOfDate(_ seconds: [Int64], zone: String) -> [Int]? {
        let input = "/tmp/rota-zone-differential-\(getpid())"
        let output = input + ".out"
        defer {
            unlink(input)
            unlink(output)
        }
        guard let file = fopen(input, "w") else { return nil }
        for second in seconds { fputs("@\(second)\n", file) }
        fclose(file)
        let command = "TZ='\(zone)' exec date -f \(input) +%::z > \(output)"
        guard system(command) == 0, let result = fopen(output, "r") else { return nil }
        defer { fclose(result) }
        var offsets: [Int] = []
        var line = [CChar](repeating: 0, count: 64)
        while fgets(&line, 64, result) != nil {
            let text = line.prefix { $0 != 0 && $0 != 10 }.map { Character(Unicode.Scalar(UInt8(bitPattern: $0))) }
            let parts = String(text.dropFirst()).split(separator: ":").compactMap { Int($0) }
            guard parts.count == 3 else { return nil }
            offsets.append((parts[0] * 3600 + parts[1] * 60 + parts[2]) * (text.first == "-" ? -1 : 1))
        }
        return offsets
    }
}
