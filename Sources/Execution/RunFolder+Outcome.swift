import Glibc
internal import Timetable

extension RunFolder {
    private static let outcomeHead = "rota-outcome 1"

    /// How the run ended, nil while nobody has said so.
    package func ending() throws -> Ending? {
        try outcome()
    }

    func outcome() throws(SystemError) -> Ending? {
        guard let record = try record(outcomeFile, head: Self.outcomeHead) else { return nil }
        guard let kind = record["kind"].flatMap({ Ending.Kind(rawValue: $0) }), let ended = Self.instant(record["ended"]) else {
            return nil
        }
        var ending = Ending(kind: kind, endedAt: ended)
        ending.exitCode = record["exit-code"].flatMap { Int($0) }
        ending.signal = record["signal"].flatMap { Int($0) }
        ending.coreDumped = record["core"] == "1"
        ending.reason = record["reason"]
        ending.startedAt = Self.instant(record["started"])
        ending.cpu = record["cpu"].flatMap { Int64($0) }.map { .microseconds($0) }
        ending.peakMemory = record["memory"].flatMap { Int64($0) }
        ending.node = record["node"]
        ending.droppedOutput = ["stdout", "stderr"].compactMap { record[$0] }.map(Self.dropped).reduce(0, +)
        ending.leftOver = record["left-over"].flatMap { Int($0) } ?? 0
        return ending
    }

    /// The second of `kept dropped error`.
    private static func dropped(_ facts: String) -> Int64 {
        let parts = facts.split(separator: " ")
        return parts.count > 1 ? Int64(parts[1]) ?? 0 : 0
    }

    /// Writes the end of a run that has no keeper and never will have one again.
    ///
    /// Its readers learn from it that nothing more will come. Not forced to the disk: whoever finds it missing comes to it again.
    func writeOutcome(_ ending: Ending) throws(SystemError) {
        var record = Record()
        record.add("run", run)
        record.add("kind", ending.kind.rawValue)
        record.add("reason", ending.reason)
        record.add("started", ending.startedAt?.microseconds)
        record.add("ended", ending.endedAt.microseconds)
        record.add("node", ending.node)
        try Files.replace(outcomeFile, with: record.bytes(head: Self.outcomeHead))
    }
}
