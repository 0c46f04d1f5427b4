import CPlatform
import Glibc

/// What the kernel says of the machine's clocks.
package enum MachineClock {
    /// Whether something keeps the wall clock right; nil when the kernel does not say.
    package static var isSynchronized: Bool? {
        switch platform_clock_is_synchronized() {
        case 1: true
        case 0: false
        default: nil
        }
    }

    /// How long the machine has slept since it booted.
    package static var slept: Duration { reading(CLOCK_BOOTTIME) - reading(CLOCK_MONOTONIC) }

    static var uptime: Uptime { Uptime(awake: reading(CLOCK_MONOTONIC), asleep: slept) }

    private static func reading(_ clock: clockid_t) -> Duration {
        var time = timespec()
        clock_gettime(clock, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
