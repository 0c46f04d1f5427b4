import Execution
import Scheduling

extension Outcome {
    /// How the core sees an executor's ending.
    init(_ ending: Ending) {
        let state: RunState =
            switch ending.kind {
            case .exited: ending.exitCode == 0 ? .succeeded : .failed
            case .signaled: .failed
            case .timedOut: .timedOut
            case .killed: .killed
            case .couldNotStart: .couldNotStart
            case .lost: .lost
            }
        self.init(
            state: state, reason: ending.words, exitCode: ending.exitCode, signal: ending.signal, startedAt: ending.startedAt,
            endedAt: ending.endedAt, node: ending.node, handedOn: ending.handedOn.values)
    }
}

extension Ending {
    /// The reason, what the command left behind, and what could not be taken of its output.
    fileprivate var words: String? {
        let left = "left-over: \(leftOver) \(leftOver == 1 ? "process" : "processes") of it went on and had to be ended"
        let parts = [reason] + (leftOver > 0 ? [left] : []) + [handedOn.fault.map { "output: \($0)" }]
        return parts.contains { $0 != nil } ? parts.compactMap(\.self).joined(separator: "; ") : nil
    }
}
