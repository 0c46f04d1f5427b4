import Logging
import Timetable

/// Notices between two looks what the loop did not live through: a clock that was set, a machine that slept, a scheduler that was stopped.
///
/// What becomes of slots follows from the time alone: those that it passed over are caught up, and when it went back the core is told so.
struct ClockWatch {
    enum Finding: Hashable {
        /// By how much the clock is ahead of where it would be.
        case set(by: Duration)
        case slept(Duration)
        /// Longer than the loop ever waits: it was stopped, or the machine was.
        case stopped(Duration)

        var message: String {
            switch self {
            case .set: "the wall clock was set; what is due is looked at again"
            case .slept: "the machine slept; slots that came due meanwhile are caught up as their jobs say"
            case .stopped: "the scheduler did not run for a while; slots that came due meanwhile are caught up as their jobs say"
            }
        }

        var metadata: Logger.Metadata {
            switch self {
            case .set(let shift): ["by": "\(shift < .zero ? "-" : "+")\(Self.words(shift < .zero ? .zero - shift : shift))"]
            case .slept(let time), .stopped(let time): ["for": "\(Self.words(time))"]
            }
        }

        private static func words(_ time: Duration) -> String { "\((Double(time.wholeMicroseconds) / 1e6).rounded()) s" }
    }

    /// A clock that is set by less goes on as if it were slewed.
    private static let leastShift = Duration.seconds(1)
    /// The loop waits ten seconds at most; slots are caught up after sixty.
    private static let longestPause = Duration.seconds(70)

    private var last: (now: Instant, uptime: Uptime)
    /// The newest time that was scheduled at, in this session or before it.
    private var seenAt: Instant

    /// - Parameter seenAt: The newest time that the ledger knows of.
    init(_ clock: any WallClock, seenAt: Instant? = nil) {
        last = (clock.now(), clock.uptime())
        self.seenAt = seenAt ?? .distantPast
    }

    /// What a turn takes for now, when the clock reads `reading`: one that went back by less than a step stands still until it has made up
    /// for that. Else each look at a clock that is slewed back would work everything out anew.
    func now(reading: Instant) -> Instant { seenAt - Self.leastShift < reading ? max(reading, seenAt) : reading }

    /// To be called at the beginning of each turn.
    ///
    /// - Returns: How far the clock had come, if it reads less now.
    mutating func stepBack(at now: Instant) -> Instant? {
        defer { seenAt = now }
        return now < seenAt ? seenAt : nil
    }

    /// What happened since the last look.
    mutating func tell(of clock: any WallClock, to log: Logger) {
        for finding in look(at: clock) { log.notice("\(finding.message)", metadata: finding.metadata) }
    }

    /// The clock may have been set back while nobody watched it.
    func tellBeforeStart(at now: Instant, to log: Logger) {
        guard now < seenAt else { return }
        log.notice(
            "the clock reads less than when the ledger was last written",
            metadata: ["then": "\(seenAt.rfc3339)", "now": "\(now.rfc3339)"])
    }

    mutating func look(at clock: any WallClock) -> [Finding] {
        let (now, uptime) = (clock.now(), clock.uptime())
        defer { last = (now, uptime) }
        let (awake, asleep) = (uptime.awake - last.uptime.awake, uptime.asleep - last.uptime.asleep)
        let shift = now - last.now - awake - asleep
        var findings: [Finding] = []
        if shift >= Self.leastShift || shift <= .zero - Self.leastShift { findings.append(.set(by: shift)) }
        if asleep > Self.longestPause { findings.append(.slept(asleep)) }
        if awake > Self.longestPause { findings.append(.stopped(awake)) }
        return findings
    }
}
