import CPlatform
import Glibc
package import Timetable

/// The wall clock, and waiting on it. The only place that decides by the time of day; executors note it for what they report.
package protocol WallClock: Sendable {
    func now() -> Instant

    /// Time that passes whatever the clock is set to.
    func uptime() -> Uptime

    /// Returns when the clock has reached `deadline` (nil: never), when the clock was set, or when one of `descriptors` is readable.
    ///
    /// It may return early for no reason; the caller looks at the clock again.
    /// - Returns: Whether the clock was set meanwhile: whatever was worked out from it is to be looked at again.
    @discardableResult
    func wait(until deadline: Instant?, descriptors: [Int32]) -> Bool
}

/// How long the machine has been up: a clock that nobody sets.
package struct Uptime: Hashable, Sendable {
    package var awake: Duration
    package var asleep: Duration

    package init(awake: Duration, asleep: Duration) {
        self.awake = awake
        self.asleep = asleep
    }
}

/// The clock of the machine. It wakes at an absolute time of day, also after a suspension, and notices when the clock is set.
package struct SystemClock: WallClock {
    package init() {}

    package func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    package func uptime() -> Uptime { MachineClock.uptime }

    @discardableResult
    package func wait(until deadline: Instant?, descriptors: [Int32]) -> Bool {
        let timer = timerfd_create(CLOCK_REALTIME, Int32(TFD_CLOEXEC) | Int32(TFD_NONBLOCK))
        guard timer >= 0 else {
            pause(until: deadline, descriptors: descriptors)
            return false
        }
        defer { close(timer) }
        // Without a deadline the timer still tells when the clock is set.
        let microseconds = max((deadline ?? now() + .seconds(86_400)).microseconds, 1)
        var alarm = itimerspec()
        alarm.it_value = timespec(tv_sec: Int(microseconds / 1_000_000), tv_nsec: Int(microseconds % 1_000_000) * 1_000)
        timerfd_settime(timer, Int32(TFD_TIMER_ABSTIME) | Int32(TFD_TIMER_CANCEL_ON_SET), &alarm, nil)
        wait(for: descriptors + [timer], milliseconds: -1)
        var expirations: UInt64 = 0
        return read(timer, &expirations, 8) < 0 && errno == ECANCELED
    }

    /// Out of descriptors: a bounded wait without a timer, so that the loop goes on.
    private func pause(until deadline: Instant?, descriptors: [Int32]) {
        let left = deadline.map { ($0 - now()).inSeconds * 1_000 } ?? 1_000
        wait(for: descriptors, milliseconds: Int32(min(max(left, 1), 1_000)))
    }

    private func wait(for descriptors: [Int32], milliseconds: Int32) {
        var waits = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        poll(&waits, nfds_t(waits.count), milliseconds)
    }
}

/// Something that wakes a waiting thread: rung from any thread, heard by the one that waits on `descriptor`.
package final class Bell: Sendable {
    package let descriptor: Int32

    /// - Throws: `DaemonError.system` when the process has no descriptor left.
    package init() throws(DaemonError) {
        descriptor = platform_eventfd()
        if descriptor < 0 { throw .system(what: "make an eventfd", errno: errno) }
    }

    deinit { close(descriptor) }

    package func ring() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    /// Whether it rang and nobody silenced it since.
    package var isRung: Bool {
        var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&wait, 1, 0) > 0
    }

    /// Silences the bell; it may ring again at once.
    package func hear() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
    }
}
