/// What came of asking for a task.
enum SlurmSubmission: Hashable, Sendable {
    case accepted(id: String)
    /// It was surely not accepted, for a reason that is not the run's: it is asked for again.
    case notNow(EngineTrouble)
    /// It never will be.
    case refused(String)
    /// Nobody knows: it may be in the queue, or come there yet.
    case unclear(String)

    init(_ answer: CommandAnswer, _ settings: SlurmSettings, overSSH: Bool) {
        let complaint = answer.complaint(of: "sbatch")
        switch answer.end {
        case .exited(0):
            self = Self.id(in: answer.output).map { .accepted(id: $0) } ?? .unclear("sbatch said nothing of a task")
        case .notStarted: self = .notNow(.of(answer, .sbatch, settings))
        case .signaled, .tookTooLong, .notWanted: self = .unclear(complaint)
        case .exited(let code):
            let unsure = Self.failure(answer.errors, complaint, isOfSSH: overSSH && code == 255)
            self = unsure ?? .notNow(.of(answer, .sbatch, settings))
        }
    }

    /// `id`, or `id;cluster`, in the last line: a site's own plugins may say something before.
    private static func id(in output: String) -> String? {
        guard let line = output.split(whereSeparator: \.isNewline).last else { return nil }
        let id = line.prefix { $0 != ";" }
        return !id.isEmpty && id.allSatisfy(\.isNumber) ? String(id) : nil
    }

    /// nil when it was surely not accepted, for a reason that is not the run's.
    private static func failure(_ errors: String, _ complaint: String, isOfSSH: Bool) -> SlurmSubmission? {
        let saidBySlurm = errors.holds("sbatch: ")
        if isOfSSH, !saidBySlurm { return notReached.contains { errors.holds($0) } ? nil : .unclear(complaint) }
        if notAsked.contains(where: { errors.holds($0) }) { return nil }
        if unanswered.contains(where: { errors.holds($0) }) { return .unclear(complaint) }
        // env, or a shell, that finds no sbatch.
        return saidBySlurm ? .refused(complaint) : nil
    }

    /// ssh never came as far as a command. A connection that was there and dies says some of the same, as `Connection timed out`: only with
    /// the words before it is it known which.
    private static let notReached = [
        "ssh: connect to host", "ssh: Could not resolve hostname", "Permission denied (", "Host key verification failed",
        "kex_exchange_identification: ", "command not found",
    ]

    /// The controller did not take the request, or says that another time may be better.
    private static let notAsked = [
        "connect failure", "Unable to contact slurm controller", "Protocol authentication error", "Invalid authentication credential",
        "authentication plugin", "munge", "Munge", "standby mode", "Incompatible versions", "temporarily unable to accept job",
        "Resource temporarily unavailable", "SubmitJobLimit", "job submit limit", "Unable to process configuration file",
        "I/O error writing script/environment to file", "cannot stat file",
    ]

    /// The request was sent.
    private static let unanswered = [
        "Socket timed out", "Zero Bytes were transmitted or received", "Unexpected message received", "Transport endpoint",
        "Communication connection failure", "Unspecified error", "Slurm communication",
    ]
}
