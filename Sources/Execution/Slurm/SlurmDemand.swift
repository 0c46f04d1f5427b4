import Glibc
package import Scheduling

/// What a job asks for that a task of Slurm cannot have.
///
/// Everything else can: `cpus`, `memory`, `disk`, `gres`, `constraints`, `user` and `priority` become options of `sbatch`; the keeper, which
/// is the task, sees to the rest as it does on this machine: `timeout`, `killAfter`, `workdir`, `env`, `umask`, `nice`, `limits`, `logLimit`.
package enum SlurmDemand {
    package struct Objection: Hashable, Sendable {
        /// With the keys around it, or the number of an entry: `slurm.output`, `constraints.1`.
        package var key: String
        /// One sentence, with a way out.
        package var message: String
        /// Whether it is only told, and the task may be fine.
        package var isWarning = false
    }

    /// Who submits tasks: only root may do that for somebody else.
    package struct Submitter: Hashable, Sendable {
        package var name: String
        package var isRoot: Bool

        package init(name: String, isRoot: Bool) {
            self.name = name
            self.isRoot = isRoot
        }
    }

    /// What `constraints` may be about.
    package enum Attribute: Sendable {
        /// The name of the node, as `sinfo` has it.
        case node
        /// What a node's `Features` in slurm.conf name.
        case feature

        package static let words: [(word: String, attribute: Attribute)] = [
            ("node", .node), ("hostname", .node), ("nodename", .node), ("feature", .feature),
        ]

        package init?(_ word: String) {
            guard let known = Self.words.first(where: { $0.word == word }) else { return nil }
            self = known.attribute
        }
    }

    /// - Parameter submitter: nil when it is not known who will submit.
    package static func objections(to job: Job, on settings: SlurmSettings, submitter: Submitter? = nil) -> [Objection] {
        constraintObjections(to: job, on: settings.name) + optionObjections(to: job, on: settings.name)
            + [
                userObjection(to: job, on: settings, submitter), workdirObjection(to: job, on: settings),
                containerObjection(to: job, on: settings),
            ].compactMap(\.self)
    }

    private static func constraintObjections(to job: Job, on executor: String) -> [Objection] {
        job.constraints.enumerated().compactMap { place, constraint in
            let key = "constraints.\(place)"
            guard let attribute = Attribute(constraint.attribute) else {
                let known = Attribute.words.map { "`\($0.word)`" }.joined(separator: ", ")
                return Objection(
                    key: key,
                    message: "the executor `\(executor)` is a Slurm cluster, whose nodes have no attribute `\(constraint.attribute)`; "
                        + "there are \(known), and a feature is named as its value: [feature, EQUALS, bigmem]")
            }
            guard constraint.operation == .equals else { return patternObjection(to: constraint.value, key: key, on: executor) }
            if isName(constraint.value) { return nil }
            let what = attribute == .node ? "node" : "feature"
            return Objection(
                key: key,
                message: "`\(constraint.value)` cannot be the name of a \(what) of the executor `\(executor)`; "
                    + "write one name, or LIKE and a regular expression for several")
        }
    }

    /// Job files are read with the regular expressions of Swift, which know more than those that names of nodes and features are held against.
    private static func patternObjection(to pattern: String, key: String, on executor: String) -> Objection? {
        var expression = regex_t()
        let isUnderstood = regcomp(&expression, "^(\(pattern))$", REG_EXTENDED | REG_NOSUB) == 0
        if isUnderstood { regfree(&expression) }
        guard !isUnderstood || pattern.contains("(?") || pattern.contains(/\\[A-Za-z0-9]/) else { return nil }
        return Objection(
            key: key,
            message: "the executor `\(executor)` takes extended regular expressions of POSIX, and `\(pattern)` is none; "
                + "write [0-9] for \\d, and no \\w, \\b or (?:…)")
    }

    /// What has a meaning in a list or an expression of Slurm would ask for something else.
    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && !text.hasPrefix("-") && !text.contains { $0.isWhitespace || ",&|!*[](){}".contains($0) }
    }

    private static func optionObjections(to job: Job, on executor: String) -> [Objection] {
        let set = keysSet(by: job)
        return job.slurm.keys.sorted().compactMap { name in
            if let refusal = SlurmOption.refusal(of: name) {
                return Objection(
                    key: "slurm.\(name)", message: "`slurm.\(name)` is not for a task of the executor `\(executor)`: \(refusal)")
            }
            if let flaw = optionFlaw(name, job.slurm[name] ?? "", on: executor) { return flaw }
            guard let key = SlurmOption.key(for: name), set.contains(key) else { return nil }
            return Objection(
                key: "slurm.\(name)",
                message: "`slurm.\(name)` says once more what `\(key)` says to the executor `\(executor)`; take one out")
        }
    }

    /// The keys of the job that become options.
    private static func keysSet(by job: Job) -> Set<String> {
        let keys: [(String, Bool)] = [
            ("cpus", job.cpus != nil), ("memory", job.memory != nil), ("disk", job.disk != nil), ("gres", !job.gres.isEmpty),
            ("constraints", !job.constraints.isEmpty), ("timeout", job.timeout != nil),
        ]
        return Set(keys.filter(\.1).map(\.0))
    }

    private static func userObjection(to job: Job, on settings: SlurmSettings, _ submitter: Submitter?) -> Objection? {
        guard let user = job.user else { return nil }
        if let host = settings.ssh {
            return Objection(
                key: "user",
                message: "the executor `\(settings.name)` submits tasks by ssh as whoever logs in on \(host), and so none as `\(user)`; "
                    + "take `user` out, or make an executor of its own for that login")
        }
        guard let submitter, !submitter.isRoot, submitter.name != user else { return nil }
        return Objection(
            key: "user",
            message: "the executor `\(settings.name)` submits tasks as `\(submitter.name)`, and only root may do that for `\(user)`; "
                + "run the scheduler as root, or take `user` out")
    }
}
