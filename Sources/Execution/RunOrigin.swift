package import Scheduling
package import Timetable

/// What the ledger's row of a run says of where the run came from. No executor needs it: it is written into the run's folder, so that a
/// ledger that was lost can be made anew.
package struct RunOrigin: Hashable, Sendable {
    package var trigger: RunTrigger
    package var retry: Int
    package var flow: FlowKey
    package var readyAt: Instant
    package var isCaughtUp: Bool
    package var isByHand: Bool
    package var parameters: [String: String]
    package var executor: String

    package init(_ run: Run, executor: String) {
        trigger = run.trigger
        retry = run.retry
        flow = run.flow
        readyAt = run.readyAt
        isCaughtUp = run.isCaughtUp
        isByHand = run.isByHand
        parameters = run.parameters
        self.executor = executor
    }

    /// nil when the record is of a version that did not write it.
    init?(_ record: Record) {
        guard let trigger = record["trigger"].flatMap(RunTrigger.init), let executor = record["executor"],
            let readyAt = RunFolder.instant(record["ready"]), let flow = record["flow"]?.split(separator: " "), flow.count == 2,
            let head = JobName(String(flow[0])), let due = RunFolder.instant(String(flow[1]))
        else { return nil }
        self.trigger = trigger
        self.executor = executor
        self.readyAt = readyAt
        self.flow = FlowKey(head: head, due: due)
        retry = record["retry"].flatMap { Int($0) }.map { max($0, 0) } ?? 0
        isCaughtUp = record["caught-up"] == "1"
        isByHand = record["by-hand"] == "1"
        parameters = [:]
        for line in record.all("parameter") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            parameters[String(line[..<equals])] = String(line[line.index(after: equals)...])
        }
    }

    func add(to record: inout Record) {
        record.add("executor", executor)
        record.add("trigger", trigger.rawValue)
        record.add("retry", retry)
        record.add("flow", "\(flow.head) \(flow.due.microseconds)")
        record.add("ready", readyAt.microseconds)
        if isCaughtUp { record.add("caught-up", 1) }
        if isByHand { record.add("by-hand", 1) }
        for (name, value) in parameters.sorted(by: { $0.key < $1.key }) { record.add("parameter", "\(name)=\(value)") }
    }
}
