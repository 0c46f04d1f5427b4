import ArgumentParser
import Daemon
import Foundation
import JobFiles

struct ImportCrontab: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crontab",
        abstract: "Writes one job file for each line of crontabs.",
        discussion: """
            Says for each line what it became, and lists what could not be carried over. The jobs do what cron did, at the same times
            but where the clock changes; docs/importing.md has the table of what becomes what. Ends with 1 if a line could not be
            carried over, or a file of a folder could not be read; the rest is written.

            FILE is a crontab, - for standard input, or a folder such as /etc/cron.d. Files of that folder and /etc/crontab name a user
            between times and command; --system and --no-system say so of others.

            EXAMPLES
              crontab -l | rota import crontab - --dry-run          look first
              crontab -l | rota import crontab - --into jobs        write the files
              rota import crontab /etc/crontab /etc/cron.d --into /etc/rota/jobs --disabled
              sudo crontab -l -u etl | rota import crontab - --user etl
              rota import crontab old.cron --zone America/New_York --json
            """)

    @Argument(help: ArgumentHelp("Crontabs, folders of them, or - for standard input.", valueName: "file"), completion: .file())
    var files: [String]

    @Option(help: ArgumentHelp("The folder that the job files go to; it is made if need be.", valueName: "folder"), completion: .directory)
    var into = "jobs"

    @Flag(help: "Prints the job files instead of writing them, and what became of each line to stderr.")
    var dryRun = false

    @Flag(help: "Replaces job files that exist.")
    var force = false

    @Flag(help: "Writes `disabled: true` into each, so that nothing runs until that line is taken out.")
    var disabled = false

    @Flag(inversion: .prefixedNo, help: "Whether lines name a user between times and command. (default: by the path)")
    var system: Bool?

    @Option(help: ArgumentHelp("Whose crontab it is: the jobs run as this user. (default: whoever runs the scheduler)", valueName: "user"))
    var user: String?

    @Option(help: ArgumentHelp("The zone of times without a CRON_TZ. (default: this machine's)", valueName: "zone"))
    var zone: String?

    @Option(help: ArgumentHelp("The cron that ran these lines, vixie (Debian) or cronie. (default: this machine's)", valueName: "cron"))
    var cron: CronDialect?

    @Flag(help: "Prints what became of each line as a JSON object.")
    var json = false

    func validate() throws {
        if files.isEmpty { throw ValidationError("name a crontab, or - for standard input") }
        if files.count(where: { $0 == "-" }) > 1 { throw ValidationError("- can be given once only") }
        if system == true, user != nil { throw ValidationError("--user is for crontabs whose lines name no user") }
        if into.isEmpty { throw ValidationError("--into must name a folder") }
    }

    func run() throws {
        let machine = try CronHost.machine(zone: zone, cron: cron)
        let crontabs = try CrontabFiles(files, isSystem: system, owner: user)
        var reader = CrontabImport(machine: machine, isDisabled: disabled)
        var lines = crontabs.sources.flatMap { reader.read($0) }
        warnOfTakenNames(&lines)
        if !dryRun { try write(lines.compactMap(\.job)) }
        let report = ImportReport(
            lines: lines, leftOut: crontabs.leftOut, folder: into, isDryRun: dryRun, isDisabled: disabled,
            usesUsualPath: reader.usesUsualPath)
        if json {
            try Terminal.json(report)
        } else {
            if dryRun { print(lines.compactMap { $0.job?.text }.joined(separator: "---\n"), terminator: "") }
            let say = dryRun ? Terminal.complain : Terminal.say
            for line in report.text { say(line) }
        }
        let faults =
            (report.failures > 0 ? ["\(report.failures.of("line")) could not be carried over"] : [])
            + (report.unreadable > 0 ? ["\(report.unreadable.of("file")) could not be read"] : [])
        guard faults.isEmpty else { throw CommandFailure(.unwell, faults.joined(separator: ", and ") + "; why is told above") }
    }

    /// A folder that is not there, or cannot be read, has nothing to say here.
    private func warnOfTakenNames(_ lines: inout [CrontabImport.Line]) {
        guard FileManager.default.fileExists(atPath: into) else { return }
        var folder = JobFolder(path: into, mindsWriters: false)
        guard let reading = try? folder.read(at: SystemClock().now()) else { return }
        for index in lines.indices { lines[index].warn(ofNamesTakenBy: reading.definitions, in: into) }
    }

    private func write(_ jobs: [ImportedJob]) throws {
        if jobs.isEmpty { return }
        let folder = try JobFileFolder(path: into)
        if !force { try folder.refuse(existing: jobs.map(\.fileName)) }
        try folder.write(jobs.map { ($0.fileName, $0.text) }, replacing: force)
    }
}

extension CronDialect: ExpressibleByArgument {}
