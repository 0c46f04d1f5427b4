import Synchronization
import Timetable

@testable import Execution

/// Collects what an executor reports, and lets a test await it.
final class Reports: Sendable {
    private struct State {
        var all: [ExecutorReport] = []
        var waiting: [Waiting] = []
        var lastNumber = 0
    }

    private struct Waiting {
        let number: Int
        let matches: @Sendable (ExecutorReport) -> Bool
        let continuation: CheckedContinuation<ExecutorReport, Never>
    }

    /// What a test gets whose time is over, which failed by that: a process that waited on for ever would hide which one it was.
    private static let overdue = "nothing of that kind was reported before the test's time was over"

    private let state = Mutex(State())

    func add(_ report: ExecutorReport) {
        let served = state.withLock { state in
            state.all.append(report)
            let served = state.waiting.filter { $0.matches(report) }
            state.waiting.removeAll { $0.matches(report) }
            return served
        }
        for one in served { one.continuation.resume(returning: report) }
    }

    var all: [ExecutorReport] { state.withLock(\.all) }

    /// The first report, past or future, that matches.
    func first(_ matches: @escaping @Sendable (ExecutorReport) -> Bool) async -> ExecutorReport {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state in
                    let past = state.all.first(where: matches) ?? (Task.isCancelled ? .pending(run: "", reason: Self.overdue) : nil)
                    if past == nil { state.waiting.append(Waiting(number: number, matches: matches, continuation: continuation)) }
                    return past
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            giveUp(number)
        }
    }

    private func giveUp(_ number: Int) {
        let one = state.withLock { state in
            state.waiting.firstIndex { $0.number == number }.map { state.waiting.remove(at: $0) }
        }
        one?.continuation.resume(returning: .pending(run: "", reason: Self.overdue))
    }

    func ending(of run: String) async -> Ending {
        let report = await first { report in
            if case .ended(run, _) = report { true } else { false }
        }
        guard case .ended(_, let ending) = report else { return Ending(kind: .lost, reason: Self.overdue, endedAt: .epoch) }
        return ending
    }

    func start(of run: String) async {
        _ = await first { report in
            if case .started(run, _, _) = report { true } else { false }
        }
    }

    func refusal(of launch: Launch) async -> String {
        let report = await first { report in
            if case .couldNotHandOver(launch, _) = report { true } else { false }
        }
        guard case .couldNotHandOver(_, let reason) = report else { return Self.overdue }
        return reason
    }

    func pending(of run: String, reason: String) async {
        _ = await first { $0 == .pending(run: run, reason: reason) }
    }

    /// The reasons told so far.
    func pendings(of run: String) -> [String] {
        all.compactMap { report in
            if case .pending(run, let reason) = report { reason } else { nil }
        }
    }
}
