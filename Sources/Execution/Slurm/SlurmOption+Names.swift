import Timetable

/// The options of `sbatch`, as version 22.05 takes them. Later ones have more; earlier ones may lack some.
extension SlurmOption {
    /// Whether an option has a value behind its name.
    package enum Form: Hashable, Sendable {
        case value, flag
        /// It may have one.
        case either
    }

    /// nil for one that sbatch 22.05 does not have.
    package static func form(of name: String) -> Form? { forms[name] }

    /// What is wrong with an option by its name, whoever asks for it; nil for one that may be asked for, and for one that is not known.
    ///
    /// What is nearly the name of an option is taken for a slip of the hand, and what is its beginning for the option, as `sbatch` does.
    package static func fault(of name: String) -> String? {
        if let refusal = refusal(of: name) { return refusal }
        guard forms[name] == nil else { return nil }
        let longer = forms.keys.filter { $0.hasPrefix(name) }.sorted()
        if longer.count == 1, let whole = longer.first { return "it is the beginning of `\(whole)`; write the whole name of an option" }
        return near(name).map { "`sbatch` has no option `\(name)`; did you mean `\($0)`?" }
    }

    /// No more than two letters away: options of later versions are made of the same words as those of this one.
    private static func near(_ name: String) -> String? {
        let limit = name.utf8.count > 4 ? 2 : 1
        let found = names.compactMap { known in
            editDistance(Array(name.utf8), Array(known.utf8), atMost: limit).map { (distance: $0, name: known) }
        }
        return found.min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
    }

    /// Why `sbatch` would not take a value, or would miss one; an empty value is that of a flag.
    package static func fault(of name: String, value: String) -> String? {
        switch (forms[name], value.isEmpty) {
        case (.value?, true): "`\(name)` needs a value; write it instead of true"
        case (.flag?, false): "`\(name)` takes no value; write true"
        default: nil
        }
    }

    /// What is told of an option that is not known.
    package static func doubt(of name: String) -> String {
        "`sbatch` of Slurm 22.05 has no option `\(name)`; it is passed on for a later one, and an earlier one refuses the task"
    }

    /// The names, all of one form behind each other.
    private static let forms: [String: Form] = {
        let named: [(Form, String)] = [
            (
                .value,
                """
                account acctg-freq array batch bb bbf begin chdir cluster-constraint clusters comment constraint container core-spec
                cores-per-socket cpu-freq cpus-per-gpu cpus-per-task deadline delay-boot dependency distribution error exclude export
                export-file extra-node-info gid gpu-bind gpu-freq gpus gpus-per-node gpus-per-socket gpus-per-task gres gres-flags hint
                input job-name kill-on-invalid-dep licenses mail-type mail-user mcs-label mem mem-bind mem-per-cpu mem-per-gpu mincpus
                network nodefile nodelist nodes ntasks ntasks-per-core ntasks-per-gpu ntasks-per-node ntasks-per-socket open-mode output
                partition power prefer priority profile qos reservation signal sockets-per-node switches tasks-per-node thread-spec
                threads-per-core time time-min tmp uid wait-all-nodes wckey wrap
                """
            ),
            (
                .flag,
                """
                contiguous help hold ignore-pbs no-requeue overcommit oversubscribe parsable quiet reboot requeue spread-job test-only
                usage use-min-nodes verbose version wait
                """
            ),
            (.either, "exclusive get-user-env nice no-kill propagate"),
        ]
        let pairs = named.flatMap { form, names in names.split(whereSeparator: \.isWhitespace).map { (String($0), form) } }
        return Dictionary(uniqueKeysWithValues: pairs)
    }()

    package static var names: [String] { forms.keys.sorted() }
}
