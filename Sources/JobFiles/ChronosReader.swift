internal import Scheduling
internal import Timetable

/// Reads one job in the shape of Chronos, as its server, its clients and chronos-sync write it.
///
/// Lenient where Chronos is: numbers and booleans may be texts, `null` and an empty text mean absent, unknown fields are ignored
/// (with a warning). What Chronos itself silently dropped or mistook is an error here.
struct ChronosReader {
    var fields: Fields
    private var places: DefinitionPlaces
    var findings: Findings { fields.findings }

    init(_ fields: Fields) {
        self.fields = fields
        places = DefinitionPlaces(name: fields.placeOfValue("name"))
    }

    /// Fields that only Chronos has; one of them makes a job one of Chronos.
    static let ownKeys: Set<String> = [
        "parents", "shell", "arguments", "scheduleTimeZone", "mem", "epsilon", "async", "owner", "ownerName", "runAsUser",
        "environmentVariables", "executor", "executorFlags", "taskInfoData", "uris", "fetch", "container", "concurrent", "highPriority",
        "dataProcessingJobType", "maxCompletionTime", "successCount", "errorCount", "lastSuccess", "lastError", "errorsSinceLastSuccess",
    ]
    /// Fields that Chronos shares with our own shape.
    static let sharedKeys: Set<String> = [
        "name", "command", "description", "schedule", "retries", "disabled", "cpus", "disk", "constraints", "softError",
    ]

    /// Fields of ours that count here as well: one line moves such a job to another executor, too.
    static let addedKeys: Set<String> = ["runOn", "pool", "gres", "slurm"]

    mutating func read(fallbackName: JobName?) -> JobShape.Reading? {
        warnOfUnknownFields()
        let name = name(fallback: fallbackName)
        let command = command()
        guard let standIn = JobName("unnamed") else { return nil }
        var job = Job(name: name ?? standIn, command: command ?? .shell("false"))
        job.isChronos = true
        readTrigger(of: &job)
        readPlace(of: &job)
        readPolicies(of: &job)
        readWhatIsOnlyKept(on: job.runOn)
        return name == nil ? nil : JobShape.Reading(job: job, canonical: fields.canonical, places: places, isWhole: command != nil)
    }

    private func warnOfUnknownFields() {
        let known = Self.ownKeys.union(Self.sharedKeys).union(Self.addedKeys)
        for key in fields.keys where !known.contains(key) {
            let because = fields.keys.first { Self.ownKeys.contains($0) } ?? "name"
            findings.warning(
                fields.placeOfKey(key),
                JobReader.keys.contains(key)
                    ? "`\(key)` is ignored: `\(because)` makes this a job in the shape of Chronos, which has no such field"
                    : "unknown field `\(key.shortened)` is ignored"
            )
        }
    }

    private mutating func name(fallback: JobName?) -> JobName? {
        guard fields.has("name") else { return fallback }
        guard let text = fields.text("name") else { return nil }
        if let name = JobName(text) { return name }
        findings.error(fields.placeOfValue("name"), "`\(text.shortened)` is no name of a job; it has \(JobFile.nameWording)")
        return nil
    }

    private mutating func command() -> Command? {
        let isShell = fields.flag("shell") ?? true
        let arguments = (fields.texts("arguments", "texts") ?? []).map(\.value)
        let line = filled("command")
        guard let line else { return emptyCommand() }
        if line.hasPrefix("http") || line.hasPrefix("ftp") {
            findings.warning(fields.placeOfValue("command"), "the address is not fetched, as Chronos did; it is executed as it stands")
        }
        guard isShell else { return .words([line] + arguments) }
        if !arguments.isEmpty { findings.warning(fields.placeOfKey("arguments"), "`arguments` have no effect with `shell: true`") }
        return .shell(line)
    }

    /// Chronos runs an empty line, or the image's own entry point.
    private func emptyCommand() -> Command? {
        guard fields.has("command") || fields.has("container") else {
            findings.error(fields.place, "`command` is missing; say what the job runs")
            return nil
        }
        guard !fields.has("container") else {
            findings.error(
                fields.placeOfKey("container"), "without a `command` the image's own entry point would run, which `runOn: local` cannot do")
            return nil
        }
        findings.warning(fields.placeOfKey("command"), "`command` is empty; the runs of this job do nothing")
        return .shell("")
    }

    // MARK: Due

    private mutating func readTrigger(of job: inout Job) {
        let schedule = filled("schedule")
        let zone = zone()
        let parents = parents()
        if schedule != nil, !parents.isEmpty {
            findings.error(fields.placeOfKey("schedule"), "a job has either `parents` or a `schedule`; Chronos ignored the schedule")
        }
        job.after = parents.map { Edge(parent: $0) }
        if schedule == nil, case .list(let none)? = fields.element("parents")?.content, none.isEmpty {
            findings.error(fields.placeOfKey("parents"), "`parents` is empty; name a parent, or write a `schedule`")
        }
        // With neither of them, Chronos runs the job once and at once.
        if schedule != nil { places.schedule = fields.placeOfValue("schedule") }
        if parents.isEmpty { job.schedule = self.schedule(schedule ?? "R1//PT24H", zone: zone) }
    }

    private func schedule(_ text: String, zone: Zone??) -> Schedule? {
        guard let zone else { return nil }
        do {
            let recurrence = try Recurrence(interval: text)
            return try Schedule([zone.map(recurrence.keepingWallClock) ?? recurrence], zone: zone ?? .utc, daylight: DaylightRule())
        } catch {
            findings.error(in: text, at: fields.placeOfValue("schedule"), column: error.column, "`schedule`: \(error.message)")
            return nil
        }
    }

    /// The zone of `scheduleTimeZone`; nil within when there is none, nil when it is wrong.
    private mutating func zone() -> Zone?? {
        guard let name = filled("scheduleTimeZone") else { return .some(nil) }
        do {
            return try Zone(named: name)
        } catch {
            findings.error(fields.placeOfValue("scheduleTimeZone"), "`scheduleTimeZone`: \(error.message)")
            return nil
        }
    }

    private mutating func parents() -> [JobName] {
        for text in fields.texts("parents", "names of jobs") ?? [] {
            if let name = JobName(text.value) {
                if places.parents[name] == nil { places.parents[name] = text.place }
            } else {
                findings.error(text.place, "`\(text.value.shortened)` is no name of a job; it has \(JobFile.nameWording)")
            }
        }
        let sorted = places.parents.keys.sorted()
        if fields.has("parents") { fields.record("parents", .list(sorted.map { .text($0.text) })) }
        return sorted
    }

    // MARK: Place and policies

    private mutating func readPlace(of job: inout Job) {
        if filled("runOn") != nil { job.runOn = fields.word("runOn") ?? job.runOn }
        if filled("pool") != nil { job.pool = fields.word("pool") }
        job.gres = GenericResources.read(from: &fields)
        job.slurm = EngineOptions.read("slurm", from: &fields)
        job.description = filled("description")
        job.environment = environment()
        job.user = filled("runAsUser")
        job.cpus = amount("cpus", "a number of processors")
        job.memory = amount("mem", "a number of megabytes").map { Int64($0 * 1_048_576) }
        job.disk = amount("disk", "a number of megabytes").map { Int64($0 * 1_048_576) }
        job.constraints = ConstraintReader.constraints(in: &fields)
        job.priority = fields.flag("highPriority") == true ? 9 : 5
    }

    private mutating func readPolicies(of job: inout Job) {
        job.retries = Retries(limit: fields.integer("retries", in: 0...1_000_000) ?? 2)
        job.overlap = fields.flag("concurrent") == true ? .allow : .queue
        job.softError = fields.flag("softError") ?? false
        job.disabled = fields.flag("disabled") ?? false
        if let seconds = fields.integer("maxCompletionTime", in: 0...1_000_000_000), seconds > 0 { job.timeout = .seconds(seconds) }
        if filled("epsilon") != nil, let epsilon = fields.duration("epsilon"), epsilon > .zero { job.startWithin = epsilon }
        let owners = (filled("owner") ?? "").split(separator: ",").map { $0.trimmed }.filter { !$0.isEmpty }
        if !owners.isEmpty { job.notify = Notification(on: [.failure], email: owners) }
    }

    /// 0 means the default in Chronos, as no value does.
    private mutating func amount(_ key: String, _ wording: String) -> Double? {
        fields.number(key, in: 0...1e9, wording).flatMap { $0 > 0 ? $0 : nil }
    }

    /// `[{name, value}]`; of two with one name the first counts.
    private mutating func environment() -> [String: String] {
        guard let element = fields.element("environmentVariables") else { return [:] }
        guard case .list(let items) = element.content else {
            findings.error(element.place, "`environmentVariables` must be a list of { name, value }, not \(element.kind)")
            return [:]
        }
        var environment: [String: String] = [:]
        for item in items {
            guard let (name, value) = variable(item), environment[name] == nil else { continue }
            environment[name] = value
        }
        fields.record(
            "environmentVariables",
            .list(environment.sorted { $0.key < $1.key }.map { .map(["name": .text($0.key), "value": .text($0.value)]) }))
        return environment
    }

    private func variable(_ item: Element) -> (name: String, value: String)? {
        guard case .map(let members) = item.content else {
            findings.error(item.place, "a variable must be { name, value }, not \(item.kind)")
            return nil
        }
        var variable = Fields(members, at: item.place, path: "environmentVariables.", isLenient: true, findings)
        let value = variable.text("value") ?? ""
        guard let name = variable.text("name"), !name.isEmpty, !name.contains("=") else {
            findings.error(item.place, "a variable needs a `name`, which is not empty and holds no `=`")
            return nil
        }
        if name.hasPrefix("CHRONOS_") || name.hasPrefix("ROTA_") {
            findings.warning(item.place, "`\(name.shortened)` is ignored: the scheduler sets it itself")
            return nil
        }
        return (name, value)
    }

    // MARK: Kept

    /// Fields without effect here, kept so that clients of Chronos find them again.
    ///
    /// Who moves a job to another executor is not to find later that it ran without its image.
    private mutating func readWhatIsOnlyKept(on executor: String) {
        _ = fields.text("ownerName")
        _ = fields.flag("dataProcessingJobType")
        if fields.flag("async") == true {
            findings.warning(fields.placeOfKey("async"), "`async` is not carried out; the run ends with its process")
        }
        for key in ["container", "fetch", "uris", "executor", "executorFlags", "taskInfoData"] {
            guard let element = fields.element(key) else { continue }
            guard !element.isEmpty else { continue }
            fields.record(key, element.untyped)
            if key == "container", executor != "local" {
                findings.error(
                    fields.placeOfKey(key),
                    "`container` is not carried out by `runOn: \(executor.shortened)`; start the container in `command`, and take it out")
            } else {
                findings.warning(fields.placeOfKey(key), "`\(key)` is not carried out by `runOn: \(executor.shortened)`")
            }
        }
    }

    /// A text that is not empty; an empty one means absent.
    private mutating func filled(_ key: String) -> String? {
        guard case .text(let text)? = fields.element(key)?.content else { return fields.text(key) }
        return text.isEmpty ? nil : fields.text(key)
    }
}

extension Element {
    fileprivate var isEmpty: Bool {
        switch content {
        case .text(let text): text.isEmpty
        case .list(let items): items.isEmpty
        case .map(let members): members.isEmpty
        case .nothing, .null: true
        }
    }

    /// For values whose types nobody here knows.
    fileprivate var untyped: CanonicalValue {
        switch content {
        case .text(let text): .text(text)
        case .list(let items): .list(items.map(\.untyped))
        case .map(let members): .map(Dictionary(members.map { ($0.key, $0.value.untyped) }) { first, _ in first })
        case .nothing, .null: .text("")
        }
    }
}

extension Substring {
    /// Without white space at its ends.
    var trimmed: String {
        String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
