internal import Scheduling
internal import Timetable

/// Reads one job in our own shape; docs/job-files.md is the reference of its keys.
struct JobReader {
    var fields: Fields
    var places: DefinitionPlaces
    let calendars: NamedCalendars
    /// The job's, which counts without a schedule as well.
    var zone = Zone.utc
    var findings: Findings { fields.findings }

    init(_ fields: Fields, _ calendars: NamedCalendars) {
        self.fields = fields
        self.calendars = calendars
        places = DefinitionPlaces(name: fields.placeOfValue("name"))
    }

    static let keys = [
        "name", "description", "schedule", "cron", "after", "join", "zone", "dst", "except", "between", "notBefore", "notAfter", "spread",
        "command", "workdir", "env", "runOn", "cpus", "memory", "disk", "constraints", "gres", "slurm", "container", "user",
        "timeout", "killAfter", "retries",
        "startWithin", "catchUp", "maxCatchUp", "overlap", "pool", "priority", "onUnknown", "expect", "notify", "labels", "disabled",
        "softError", "logLimit", "onLogFull", "umask", "nice", "limits", "params",
    ]
    private static let allKeys = Set(keys)

    mutating func read(fallbackName: JobName?) -> JobShape.Reading? {
        if !Self.allKeys.isSuperset(of: fields.unsortedKeys) { fields.refuseKeys(besides: Self.keys, of: "a job") }
        let name = name(fallback: fallbackName)
        let command = command()
        // A stand-in lets the rest be read, so that all mistakes of a job are told at once; the job then has errors and is dropped.
        guard let standIn = JobName("unnamed") else { return nil }
        var job = Job(name: name ?? standIn, command: command ?? .shell("false"))
        readTrigger(of: &job)
        readPlace(of: &job)
        readProcess(of: &job)
        readPolicies(of: &job)
        readPromises(of: &job)
        readParameters(of: &job)
        return name == nil ? nil : JobShape.Reading(job: job, canonical: fields.canonical, places: places, isWhole: command != nil)
    }

    // MARK: What

    private mutating func name(fallback: JobName?) -> JobName? {
        guard fields.has("name") else {
            _ = fields.element("name")
            return fallback
        }
        guard let text = fields.text("name") else { return nil }
        if let name = JobName(text) { return name }
        findings.error(fields.placeOfValue("name"), "`\(text.shortened)` is no name of a job; it has \(JobFile.nameWording)")
        return nil
    }

    private mutating func command() -> Command? {
        guard let element = fields.element("command") else {
            findings.error(fields.place, "`command` is missing; say what the job runs, for example `command: ./job.sh`")
            return nil
        }
        if case .list = element.content {
            guard let words = fields.texts("command", "texts") else { return nil }
            guard let program = words.first, !program.value.isEmpty else {
                findings.error(element.place, "`command` is empty; the first word is the program")
                return nil
            }
            return .words(words.map(\.value))
        }
        return fields.nonEmptyText("command").map(Command.shell)
    }

    // MARK: Where

    private mutating func readPlace(of job: inout Job) {
        job.description = fields.text("description")
        job.workdir = fields.nonEmptyText("workdir")
        job.environment = environment()
        job.user = fields.nonEmptyText("user")
        job.runOn = fields.word("runOn") ?? job.runOn
        job.pool = fields.word("pool")
        job.priority = fields.integer("priority", in: 0...9) ?? job.priority
        job.cpus = fields.number("cpus", in: 0.001...1e6, "a number of processors above 0")
        job.memory = fields.bytes("memory")
        job.disk = fields.bytes("disk")
        job.constraints = ConstraintReader.constraints(in: &fields)
        job.gres = GenericResources.read(from: &fields)
        job.slurm = EngineOptions.read("slurm", from: &fields)
        job.container = ContainerReader.container(in: &fields)
    }

    private mutating func environment() -> [String: String] {
        var environment: [String: String] = [:]
        for (key, value) in fields.textMap("env") ?? [] {
            let name = key.value
            if !Self.isVariable(name) {
                findings.error(
                    key.place, "`\(name.shortened)` is no name of a variable; it has letters, digits and `_`, and no digit first")
            } else if name.hasPrefix("ROTA_") || name.hasPrefix("CHRONOS_") {
                findings.error(
                    key.place, "`\(name.shortened)` is set by the scheduler itself; names that begin with ROTA_ or CHRONOS_ are reserved")
            }
            environment[name] = value
        }
        return environment
    }

    private static func isVariable(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
        return JobName(name) != nil && !name.utf8.contains(UInt8(ascii: ".")) && !name.utf8.contains(UInt8(ascii: "-"))
    }
}
