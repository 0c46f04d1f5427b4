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
        ending.peakMemory = (record["group-memory"] ?? record["memory"]).flatMap { Int64($0) }
        ending.node = record["node"]
        ending.droppedOutput = OutputReader.Stream.allCases.map { Self.amounts(of: $0, in: record)?.dropped ?? 0 }.reduce(0, +)
        ending.wasToldToStop = record["told-to-stop"] == "1"
        ending.leftOver = record["left-over"].flatMap { Int($0) } ?? 0
        // What is lost may have been cut off anywhere, and what did not begin wrote nothing.
        if kind != .lost, kind != .couldNotStart { ending.handedOn = try handedOn() }
        return ending
    }

    /// Whether these bytes are a whole outcome of the run.
    func isOutcome(_ bytes: [UInt8]) -> Bool { ours(Record(bytes, head: Self.outcomeHead)) != nil }

    /// How many bytes a stream had, kept or not; nil when nobody has said so.
    func outputTotal(_ stream: OutputReader.Stream) throws(SystemError) -> Int64? {
        guard let record = try record(outcomeFile, head: Self.outcomeHead) else { return nil }
        return Self.amounts(of: stream, in: record).map { $0.kept + $0.dropped }
    }

    /// The first two of `kept dropped error`.
    private static func amounts(of stream: OutputReader.Stream, in record: Record) -> (kept: Int64, dropped: Int64)? {
        let parts = record[stream.name]?.split(separator: " ").compactMap { Int64($0) } ?? []
        return parts.count >= 2 && parts[0] >= 0 && parts[1] >= 0 ? (parts[0], parts[1]) : nil
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
        try Files.replace(outcomeFile, with: record.bytes(head: Self.outcomeHead), owner: owner)
    }
}
