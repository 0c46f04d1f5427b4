import ArgumentParser
import Foundation

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks everything that a scheduler depends on, and says what to do about what is wrong.",
        discussion: """
            Looks at the settings, the state folder and its file system, the ledger, the scheduler that runs, the keeper, the clusters, the clock, the time
            zones, the limits, the machine and the job files. Works without a scheduler and before the first start. Run it as the user who
            runs the scheduler, or as root: others may not see everything, and it says so. It changes nothing: what it tries out (a durable
            commit, a run of `true`) it tries in a folder of its own, which is gone at the end.

            Ends with 1 when there is an error; warnings are no errors.

            EXAMPLES
              rota doctor
              rota doctor --state /var/lib/rota --jobs /etc/rota/jobs
              rota doctor --json
            """)

    @Option(
        help: ArgumentHelp("The folder of job files; else as with `rota serve`, or where the scheduler reads them.", valueName: "folder"),
        completion: .directory)
    var jobs: String?

    @Flag(help: "Prints a JSON object.")
    var json = false

    @OptionGroup var place: Place

    private static let checks: [any Check] = [
        SettingsCheck(), StateFolderCheck(), FileSystemCheck(), CommitCheck(), LedgerCheck(), SchedulerCheck(), SupervisorCheck(),
        KeeperCheck(), SlurmCheck(), ClockCheck(), ZoneCheck(), LimitCheck(), MachineCheck(), JobsCheck(),
    ]

    private struct Document: Encodable {
        let checks: [Finding]
        let status: Finding.Status
    }

    func run() async throws {
        let premises = Premises(place, jobs: jobs)
        var findings: [Finding] = []
        var group: Substring = ""
        for check in Self.checks {
            for finding in await check.findings(premises) {
                findings.append(finding)
                if !json { show(finding, after: &group) }
            }
        }
        premises.trial?.remove()
        let worst = findings.map(\.status).max() ?? .ok
        if json { try Terminal.json(Document(checks: findings, status: worst)) }
        try end(findings)
    }

    private func show(_ finding: Finding, after group: inout Substring) {
        if finding.group != group { Terminal.say((group.isEmpty ? "" : "\n") + Terminal.bold(String(finding.group))) }
        group = finding.group
        let status = Terminal.painted(finding.status) + String(repeating: " ", count: 7 - finding.status.rawValue.count)
        let thing = finding.thing.padding(toLength: max(12, finding.thing.count), withPad: " ", startingAt: 0)
        Terminal.say("  \(status)  \(thing)  \(Terminal.oneLine(finding.finding))")
        if let advice = finding.advice { Terminal.say("                         → \(Terminal.oneLine(advice))") }
    }

    private func end(_ findings: [Finding]) throws {
        let errors = findings.count { $0.status == .error }
        let warnings = findings.count { $0.status == .warning }
        let summary = "\(findings.count.of("check")): \(errors.of("error")), \(warnings.of("warning"))"
        guard errors == 0 else { throw CommandFailure(.unwell, summary) }
        if !json { Terminal.say("\n" + summary) }
    }
}
