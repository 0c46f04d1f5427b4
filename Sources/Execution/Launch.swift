package import Scheduling
package import Timetable

/// All that an executor must know to carry one run out.
package struct Launch: Hashable, Sendable {
    /// The run id: names the run's folder, and makes launching idempotent.
    package var run: String
    package var job: String
    package var due: Instant
    package var attempt: Int
    /// SHA-256 of the definition that is carried out.
    package var definition: String
    /// The program, looked up in the PATH of `environment`, and its arguments.
    package var words: [String]
    /// The complete environment of the command, but for what only the place of execution knows: the executor adds ROTA_OUTPUT and HOST,
    /// ROTA_RUN if it is missing, and for a `user` those of HOME, USER, LOGNAME and SHELL that are missing.
    package var environment: [String: String]
    /// nil: the working directory of the scheduler.
    package var workdir: String?
    /// nil: who runs the scheduler.
    package var user: String?
    /// nil: 022.
    package var umask: Int?
    /// nil: that of the scheduler.
    package var nice: Int?
    package var limits: ResourceLimits
    /// Elapsed time, without that in which the machine slept.
    package var timeout: Duration?
    package var killAfter: Duration
    /// Bytes kept of each of the two streams, one half from its start and one from its end; what comes between is read and counted.
    package var outputLimit: Int64
    /// Whether the run is ended, as failed, when its output cannot be written.
    package var endsOnFullLog: Bool
    /// nil when it was handed over by a version that did not say.
    package var origin: RunOrigin?
    /// What a cluster engine is told beside the command.
    package var task: TaskDemand
    /// When it is too late to begin with it, so that an executor that has not, and surely will not unasked, gives it back; nil: never.
    package var handOverBy: Instant?

    package init(
        run: String,
        job: String,
        due: Instant,
        attempt: Int = 1,
        definition: String = "",
        words: [String],
        environment: [String: String] = [:],
        workdir: String? = nil,
        user: String? = nil,
        umask: Int? = nil,
        nice: Int? = nil,
        limits: ResourceLimits = ResourceLimits(),
        timeout: Duration? = nil,
        killAfter: Duration = .seconds(10),
        outputLimit: Int64 = 10 << 20,
        endsOnFullLog: Bool = false,
        origin: RunOrigin? = nil,
        task: TaskDemand = TaskDemand(),
        handOverBy: Instant? = nil
    ) {
        self.run = run
        self.job = job
        self.due = due
        self.attempt = attempt
        self.definition = definition
        self.words = words
        self.environment = environment
        self.workdir = workdir
        self.user = user
        self.umask = umask
        self.nice = nice
        self.limits = limits
        self.timeout = timeout
        self.killAfter = killAfter
        self.outputLimit = outputLimit
        self.endsOnFullLog = endsOnFullLog
        self.origin = origin
        self.task = task
        self.handOverBy = handOverBy
    }
}
