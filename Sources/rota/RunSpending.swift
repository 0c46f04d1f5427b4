import Execution
import RunHistory
import Scheduling
import Timetable

/// What a run cost, as far as its executor told.
struct RunSpending {
    /// nil before it was, or when that is not known any more.
    let handedOver: Instant?
    /// From the hand-over to the start of the command.
    let queued: Duration?
    /// Of the command and all its descendants.
    let cpu: Duration?
    /// Bytes.
    let peakMemory: Int64?
    /// Bytes.
    let droppedOutput: Int64

    init(_ run: Run, handedOver: Instant?, ending: Ending?) {
        self.handedOver = handedOver
        queued = handedOver.flatMap { before in run.startedAt.map { max(.zero, $0 - before) } }
        cpu = ending?.cpu
        peakMemory = ending?.peakMemory
        droppedOutput = ending?.droppedOutput ?? 0
    }
}

/// A run as `rota show --json` prints it: what `rota history --json` tells of it, and what it cost. Absent values are null.
struct RunDocument: Encodable {
    private let run: HistoryDocument
    private let spent: RunSpending

    init(_ run: HistoryDocument, _ spent: RunSpending) {
        self.run = run
        self.spent = spent
    }

    private enum Key: String, CodingKey { case handedOverAt, queuedSeconds, cpuSeconds, peakMemory, droppedOutput }

    func encode(to encoder: any Encoder) throws {
        try run.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(spent.handedOver?.rfc3339, forKey: .handedOverAt)
        try container.encode(spent.queued?.inSeconds, forKey: .queuedSeconds)
        try container.encode(spent.cpu?.inSeconds, forKey: .cpuSeconds)
        try container.encode(spent.peakMemory, forKey: .peakMemory)
        try container.encode(spent.droppedOutput, forKey: .droppedOutput)
    }
}
