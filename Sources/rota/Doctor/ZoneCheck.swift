import Foundation
import RunHistory
import Timetable

/// The tz database is there and has every zone that jobs in force name.
struct ZoneCheck: Check {
    private static let advice = "install tzdata (`apt install tzdata`), or name its folder with TZDIR; jobs that name no zone go by UTC"

    func findings(_ premises: Premises) -> [Finding] {
        let zones = Self.zones(of: (try? premises.ledger.get().jobs()) ?? [])
        guard let folder = Zone.databaseFolder else {
            let text = "there is no tz database"
            guard !zones.isEmpty else { return [.warning("zones.database", text + ", and no job in force needs one", Self.advice)] }
            return [.error("zones.database", "\(text), and jobs name \(zones.sorted().joined(separator: ", "))", Self.advice)]
        }
        return [database(in: folder), jobs(zones)].compactMap(\.self)
    }

    private func database(in folder: String) -> Finding {
        do {
            _ = try Zone(named: "Europe/Berlin")
            return .ok("zones.database", folder + (Self.version(in: folder).map { ", version \($0)" } ?? ""))
        } catch {
            return .error("zones.database", "\(folder) is not whole: \(error)", Self.advice)
        }
    }

    private func jobs(_ zones: Set<String>) -> Finding? {
        guard !zones.isEmpty else { return nil }
        let missing = zones.filter { (try? Zone(named: $0)) == nil }.sorted()
        guard missing.isEmpty else {
            return .error(
                "zones.jobs", "jobs name \(missing.joined(separator: ", ")), which the tz database does not have",
                "install a newer tzdata, or mend the jobs; they are refused at the next start")
        }
        return .ok("zones.jobs", "all \(zones.count.of("zone")) that jobs name are there")
    }

    /// `# version 2026a` begins the file of all rules, where that is installed.
    private static func version(in folder: String) -> String? {
        let start = FileHandle(forReadingAtPath: folder + "/tzdata.zi").flatMap { try? $0.read(upToCount: 64) }
        let line = start.map { String(decoding: $0, as: UTF8.self) }?.split(separator: "\n").first
        return line.flatMap { $0.hasPrefix("# version ") ? String($0.dropFirst("# version ".count)) : nil }
    }

    /// What stands as a zone in the texts of the jobs, whether a job can be made of them or not.
    private static func zones(of jobs: [StoredJob]) -> Set<String> {
        var zones: Set<String> = []
        for job in jobs {
            let text = try? JSONSerialization.jsonObject(with: Data(job.definition.canonical.utf8)) as? [String: Any]
            for key in ["zone", "scheduleTimeZone"] { (text?[key] as? String).map { _ = zones.insert($0) } }
            let schedules = (text?["schedule"] as? [String]) ?? (text?["schedule"] as? String).map { [$0] } ?? []
            for case let match? in schedules.map({ $0.firstMatch(of: /\[([^\]]+)\]/) }) { zones.insert(String(match.1)) }
        }
        return zones.subtracting([""])
    }
}
