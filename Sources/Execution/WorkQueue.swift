import CPlatform
import Glibc
import Synchronization

/// Threads for work that waits: for a command, or for a file on a server. Work is begun in the order in which it came.
final class WorkQueue: Sendable {
    private struct State {
        var work: [@Sendable () -> Void] = []
        var begun = 0
        var isShutDown = false
    }

    private let state = Mutex(State())
    private let bell: Int32
    private let threads = Mutex<[OwnThread]>([])

    init(threads count: Int) throws(SystemError) {
        bell = platform_eventfd()
        guard bell >= 0 else { throw SystemError("eventfd", "work") }
        do {
            for _ in 0..<count {
                let thread = try OwnThread { [self] in workOn() }
                threads.withLock { $0.append(thread) }
            }
        } catch {
            shutdown()
            throw error
        }
    }

    deinit { close(bell) }

    func post(_ work: @escaping @Sendable () -> Void) {
        state.withLock { $0.work.append(work) }
        ring()
    }

    /// Drops what has not begun, and waits for the rest.
    func shutdown() {
        state.withLock { state in
            state.isShutDown = true
            state.work = []
            state.begun = 0
        }
        ring()
        for thread in threads.withLock({ $0 }) { thread.join() }
    }

    private func ring() {
        var one: UInt64 = 1
        _ = write(bell, &one, 8)
    }

    private func workOn() {
        while true {
            var wanted = pollfd(fd: bell, events: Int16(POLLIN), revents: 0)
            _ = poll(&wanted, 1, -1)
            var count: UInt64 = 0
            _ = read(bell, &count, 8)
            while let work = next() { work() }
            if state.withLock({ $0.isShutDown }) {
                // The others are to hear of it as well.
                return ring()
            }
        }
    }

    /// Whoever takes one calls another thread for the next.
    private func next() -> (@Sendable () -> Void)? {
        let (work, hasMore) = state.withLock { state -> ((@Sendable () -> Void)?, Bool) in
            guard state.begun < state.work.count else { return (nil, false) }
            let work = state.work[state.begun]
            state.begun += 1
            if state.begun == state.work.count {
                state.work = []
                state.begun = 0
            }
            return (work, !state.work.isEmpty)
        }
        if hasMore { ring() }
        return work
    }
}
