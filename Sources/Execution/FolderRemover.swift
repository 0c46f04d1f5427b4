import CPlatform
import Glibc
import Synchronization

/// The thread that removes what is not wanted any more of runs' folders: a slow disk must hold up no launch.
final class FolderRemover: Sendable {
    private struct Order: Sendable {
        let data: RunData
        let runs: [String]
        let kept: [String: String]
    }

    private struct State {
        var orders: [Order] = []
        var isShutDown = false
    }

    private let state = Mutex(State())
    private let bell: Int32
    private let runs: String
    private let links: String?
    private let report: @Sendable (ExecutorReport) -> Void
    private let thread = Mutex<OwnThread?>(nil)

    /// - Parameter links: The folder in which each run's folder has a link under its name, which goes with it.
    init(runs: String, links: String? = nil, report: @escaping @Sendable (ExecutorReport) -> Void) throws(SystemError) {
        bell = platform_eventfd()
        guard bell >= 0 else { throw SystemError("eventfd", "removal") }
        self.runs = runs
        self.links = links
        self.report = report
    }

    deinit { close(bell) }

    /// The thread begins with the first order: most schedulers that live for a minute never need it.
    ///
    /// - Parameter kept: What is to be told of others with them.
    func post(_ data: RunData, of runs: [String], kept: [String: String] = [:]) throws(SystemError) {
        state.withLock { $0.orders.append(Order(data: data, runs: runs, kept: kept)) }
        ring()
        try thread.withLock { thread throws(SystemError) in
            if thread == nil { thread = try OwnThread { [weak self] in self?.work() } }
        }
    }

    /// Ends soon: what is left of a folder is removed when it is asked for again, and so are orders that are left.
    func shutdown() {
        state.withLock { $0.isShutDown = true }
        ring()
        thread.withLock { $0.take() }?.join()
    }

    private func ring() {
        var one: UInt64 = 1
        _ = write(bell, &one, 8)
    }

    private var isShutDown: Bool { state.withLock { $0.isShutDown } }

    private func work() {
        while !isShutDown {
            var wanted = pollfd(fd: bell, events: Int16(POLLIN), revents: 0)
            _ = poll(&wanted, 1, -1)
            var count: UInt64 = 0
            _ = read(bell, &count, 8)
            let orders = state.withLock { state in
                defer { state.orders = [] }
                return state.orders
            }
            for order in orders { carryOut(order) }
        }
    }

    private func carryOut(_ order: Order) {
        var gone: [String] = []
        var kept = order.kept
        for run in order.runs {
            if isShutDown { return }
            do throws(SystemError) {
                guard RunFolder.isName(run) else { throw SystemError("remove", run, EINVAL) }
                try RunFolder(runs: runs, run: run).remove(order.data) { !self.isShutDown }
                if order.data == .everything, let links { try Self.unlink("\(links)/\(run)") }
                gone.append(run)
            } catch {
                if isShutDown { return }
                kept[run] = error.description
            }
        }
        report(.discarded(order.data, gone: gone, kept: kept))
    }

    private static func unlink(_ link: String) throws(SystemError) {
        guard Glibc.unlink(link) == 0 || errno == ENOENT else { throw SystemError("unlink", link) }
    }
}
