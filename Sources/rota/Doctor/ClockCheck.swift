import Daemon
import RunHistory
import Timetable

/// The wall clock can be right, and something keeps it so.
struct ClockCheck: Check {
    private let advice = "set the clock (`timedatectl`), and let NTP keep it: chrony or systemd-timesyncd"

    func findings(_ premises: Premises) -> [Finding] { [time(premises), synchronized(), slept()] }

    /// Neither before this program was installed nor before what the ledger has seen.
    private func time(_ premises: Premises) -> Finding {
        let newest = (try? premises.ledger.get().newestInstant()) ?? nil
        // Read after the ledger, to which a scheduler writes while other checks take their time.
        let now = SystemClock().now()
        if let newest, newest > now + .seconds(5) {
            return .error(
                "clock.time",
                "it is \(now.rfc3339), and the ledger was written at \(newest.rfc3339): the clock went back by \((newest - now).words)",
                advice + "; no slot that ran runs again")
        }
        let installed = (try? FileFacts.of("/proc/self/exe").get()).map { Instant(microseconds: Int64($0.modified) * 1_000_000) }
        if let installed, installed > now + .seconds(86_400) {
            return .error("clock.time", "it is \(now.rfc3339), but this program was made at \(installed.rfc3339)", advice)
        }
        return .ok("clock.time", "\(now.rfc3339), after everything that the ledger has seen")
    }

    private func synchronized() -> Finding {
        switch MachineClock.isSynchronized {
        case true?: .ok("clock.synchronized", "something keeps it right")
        case false?: .warning("clock.synchronized", "nothing keeps it right, so runs come as late or early as it is wrong", advice)
        case nil: .ok("clock.synchronized", "the kernel does not say")
        }
    }

    private func slept() -> Finding {
        let slept = MachineClock.slept
        return .ok(
            "clock.sleep",
            slept < .seconds(1) ? "the machine has not slept since it booted" : "the machine slept for \(slept.words) since it booted")
    }
}
