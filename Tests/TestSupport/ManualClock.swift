package import Daemon
import Glibc
import Synchronization
package import Timetable

/// A wall clock that stands still until a test moves it; whoever waits on it wakes then.
package final class ManualClock: WallClock {
    private struct State {
        var now: Instant
        var uptime = Uptime(awake: .zero, asleep: .zero)
        var sleepers: [ObjectIdentifier: Bell] = [:]
    }

    private let state: Mutex<State>

    package init(_ now: Instant) { state = Mutex(State(now: now)) }

    package func now() -> Instant { state.withLock { $0.now } }

    package func uptime() -> Uptime { state.withLock { $0.uptime } }

    /// Sets the clock, forward or back, and wakes everybody who waits.
    package func set(_ instant: Instant) {
        let sleepers = state.withLock { state in
            state.now = instant
            return Array(state.sleepers.values)
        }
        for bell in sleepers { bell.ring() }
    }

    /// Lets time pass.
    package func advance(by elapsed: Duration) {
        state.withLock { $0.uptime.awake += elapsed }
        set(now() + elapsed)
    }

    /// The machine sleeps.
    package func sleep(for elapsed: Duration) {
        state.withLock { $0.uptime.asleep += elapsed }
        set(now() + elapsed)
    }

    @discardableResult
    package func wait(until deadline: Instant?, descriptors: [Int32]) -> Bool {
        guard let bell = try? Bell() else { return false }
        let isOver = state.withLock { state in
            state.sleepers[ObjectIdentifier(bell)] = bell
            return deadline.map { $0 <= state.now } ?? false
        }
        defer { state.withLock { state in state.sleepers[ObjectIdentifier(bell)] = nil } }
        if isOver { return false }
        var waits = (descriptors + [bell.descriptor]).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        poll(&waits, nfds_t(waits.count), -1)
        return false
    }
}
