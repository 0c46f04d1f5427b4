package import Timetable

/// What to run, what makes it due, and under which policies: exactly what its file says.
///
/// A constant. Everything that moves slots is in `schedule`; everything that joins the job to others is in `after` and `join`. Defaults are
/// those of docs/job-files.md. `version` names this text of the job among all that ever were in force.
package struct Job: Hashable, Sendable {
    package var name: JobName
    package var description: String?

    /// What moves slots; nil for a job that only its parents or a request make due.
    package var schedule: Schedule?
    /// Parents, in the order of the file; each at most once.
    package var after: [Edge] = []
    /// The join that the file asks for; nil leaves it to `JobGraph`, see docs/job-files.md.
    package var join: Join?

    package var command: Command
    package var workdir: String?
    package var environment: [String: String] = [:]
    /// Values that each run has of its own, with what it gets when nobody gives one; nil for one that must be given.
    package var parameters: [String: String?] = [:]
    package var user: String?
    /// The bits that files of the command do not get; nil for 022.
    package var umask: Int?
    /// -20 (first) to 19 (last) among the processes of the machine; nil for that of the scheduler.
    package var nice: Int?
    package var limits = ResourceLimits()
    /// Bytes kept of each stream of a run's output, half of them from its start and half from its end.
    package var logLimit: Int64 = 10 << 20
    package var onLogFull = OnLogFull.continue

    package var runOn = "local"
    package var pool: String?
    /// 0 (last) to 9 (first).
    package var priority = 5
    package var cpus: Double?
    /// Bytes.
    package var memory: Int64?
    /// Bytes.
    package var disk: Int64?
    package var constraints: [Constraint] = []
    /// Generic resources as a cluster engine writes them: `gpu:2`.
    package var gres: [String] = []
    /// Options of Slurm by their long names; an empty value is a flag.
    package var slurm: [String: String] = [:]
    package var container: Container?

    package var timeout: Duration?
    package var killAfter: Duration = .seconds(10)
    package var retries = Retries()
    package var startWithin: Duration?
    package var catchUp = CatchUp.latest
    /// Of the slots that `catchUp: all` brings back at once, at most so many are run, the newest; nil for any number.
    package var maxCatchUp: Int?
    package var overlap = Overlap.queue
    package var onUnknown = OnUnknown.hold
    /// A final failure meets the edges of a success (Chronos).
    package var softError = false
    package var disabled = false

    package var expect = Expectation()
    package var notify = Notification()
    package var labels: [String: String] = [:]

    /// Written in the shape of Chronos: it also owes, once at its first registration, its newest slot before that instant.
    package var isChronos = false

    /// SHA-256 of the canonical JSON of the definition, in lower-case hexadecimal digits.
    package var version = ""

    package init(name: JobName, command: Command) {
        self.name = name
        self.command = command
    }
}

/// The name of a job: `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`.
///
/// It is safe as a path component, a metric label and a URL segment.
package struct JobName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let text: String
    /// Drawn from the text once: names are looked up all the time.
    private let drawn: UInt64

    /// nil when `text` is no name.
    package init?(_ text: String) {
        let bytes = text.utf8
        guard (1...128).contains(bytes.count), let first = bytes.first, Self.mayLead(first), bytes.allSatisfy(Self.mayFollow) else {
            return nil
        }
        self.text = text
        drawn = stableHash(of: text, salt: 2)
    }

    package static func == (left: JobName, right: JobName) -> Bool { left.drawn == right.drawn && left.text == right.text }
    package func hash(into hasher: inout Hasher) { hasher.combine(drawn) }

    /// A number for the job at that due, to look up what is kept of the two.
    func mixed(with due: Instant) -> UInt64 { drawn &+ UInt64(bitPattern: due.microseconds) &* 0x9E37_79B9_7F4A_7C15 }

    package static func < (left: JobName, right: JobName) -> Bool { left.text < right.text }
    package var description: String { text }

    private static func mayLead(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: byte == UInt8(ascii: "_")
        }
    }

    private static func mayFollow(_ byte: UInt8) -> Bool {
        mayLead(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }
}

/// What a run may take of the machine; nil leaves it at what the scheduler itself may.
package struct ResourceLimits: Hashable, Sendable {
    /// Bytes of each process, see `limits.memory` in docs/job-files.md.
    package var memory: Int64?
    /// Processor time of each process.
    package var cpu: Duration?
    /// Of each process.
    package var openFiles: Int?
    /// Of the user who runs the command, whoever started them.
    package var processes: Int?

    package init(memory: Int64? = nil, cpu: Duration? = nil, openFiles: Int? = nil, processes: Int? = nil) {
        self.memory = memory
        self.cpu = cpu
        self.openFiles = openFiles
        self.processes = processes
    }
}

package enum Command: Hashable, Sendable {
    /// Goes to `/bin/sh -c` as it is.
    case shell(String)
    /// Executed as it is; never empty, the first word is looked up in PATH.
    case words([String])
}

/// An arrow from a parent: the child is due when the parent has come to an end of this kind.
package struct Edge: Hashable, Sendable {
    package var parent: JobName
    package var on: EdgeCondition

    package init(parent: JobName, on: EdgeCondition = .success) {
        self.parent = parent
        self.on = on
    }
}

package enum EdgeCondition: String, Hashable, Sendable, CaseIterable {
    case success, failure, done
}

/// How the ends of several parents are brought together.
package enum Join: String, Hashable, Sendable, CaseIterable {
    /// Once per flow, with the flow's due, when every edge is met in that flow.
    case flow
    /// Whenever each parent has come to an end of the asked kind since the child's newest run.
    case latest
}

package enum CatchUp: String, Hashable, Sendable, CaseIterable {
    case latest, all, none
}

/// What becomes of a slot while runs of its job are under way.
package enum Overlap: Hashable, Sendable {
    case queue, skip, allow, replace
    /// At most so many, from 1 on, are under way; the others wait their turn.
    case allowUpTo(Int)

    /// Those that a file names with one word.
    package static let words: [(word: String, overlap: Overlap)] = [
        ("queue", .queue), ("skip", .skip), ("allow", .allow), ("replace", .replace),
    ]

    /// As a job file says it.
    package var text: String {
        if case .allowUpTo(let most) = self { return "{ allow: \(most) }" }
        return Self.words.first { $0.overlap == self }?.word ?? ""
    }

    /// How many runs of a job may be under way at once.
    package var mostAtOnce: Int {
        switch self {
        case .queue, .skip, .replace: 1
        case .allow: .max
        case .allowUpTo(let most): most
        }
    }

    /// Whether of several waiting slots only the newest is kept, at most.
    package var keepsOne: Bool {
        switch self {
        case .queue, .skip, .replace: true
        case .allow, .allowUpTo: false
        }
    }
}

/// What becomes of a run of whose output no more can be kept, for want of room on the disk and not for its bound.
package enum OnLogFull: String, Hashable, Sendable, CaseIterable {
    case `continue`, stop
}

package enum OnUnknown: String, Hashable, Sendable, CaseIterable {
    case hold, rerun, skip
}

/// A demand on the place where a run is carried out, in the form of Chronos.
package struct Constraint: Hashable, Sendable {
    package enum Operator: String, Hashable, Sendable, CaseIterable {
        case equals = "EQUALS"
        case like = "LIKE"
        case unlike = "UNLIKE"
    }

    package var attribute: String
    package var operation: Operator
    package var value: String

    package init(attribute: String, operation: Operator, value: String) {
        self.attribute = attribute
        self.operation = operation
        self.value = value
    }
}

/// Promises about a job's runs; a breach is told, nothing is stopped.
package struct Expectation: Hashable, Sendable {
    package var startWithin: Duration?
    /// Minutes after midnight in `zone`.
    package var endBy: Int?
    package var duration: Duration?
    /// The job's, which a job without a schedule has as well.
    package var zone = Zone.utc

    package init(startWithin: Duration? = nil, endBy: Int? = nil, duration: Duration? = nil) {
        self.startWithin = startWithin
        self.endBy = endBy
        self.duration = duration
    }
}

/// Who is told about what.
package struct Notification: Hashable, Sendable {
    package enum Occasion: String, Hashable, Sendable, CaseIterable {
        case failure, recovery, missed, late, lost, success
    }

    package var on: [Occasion] = []
    package var webhook: String?
    package var email: [String] = []

    package init(on: [Occasion] = [], webhook: String? = nil, email: [String] = []) {
        self.on = on
        self.webhook = webhook
        self.email = email
    }
}
