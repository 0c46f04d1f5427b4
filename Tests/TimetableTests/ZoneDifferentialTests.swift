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

    /// A second before, at and after every change from 1970 to 2110, and the middle of every year up to 9999 by steps.
    private static func probes(_ rules: ZoneRules) -> [Int64] {
        var probes = stride(from: Int64(0), to: 253_402_300_799, by: 86_400 * 365 * 67 + 12_345).map { $0 }
        var span = rules.span(at: 0)
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
