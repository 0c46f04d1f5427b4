import JobFiles

/// What became of the lines of crontabs, for people and for programs.
struct ImportReport: Encodable {
    let lines: [CrontabImport.Line]
    let leftOut: [CrontabFiles.LeftOut]
    let folder: String
    let isDryRun: Bool
    let isDisabled: Bool
    let usesUsualPath: Bool

    /// Lines that could not be carried over.
    var failures: Int { lines.count { $0.outcome == .notCarriedOver } }

    /// Files of folders that could not be read.
    var unreadable: Int { leftOut.count(where: \.isUnreadable) }

    // MARK: For people

    var text: [String] {
        lines.filter { $0.outcome != .comment || !$0.remarks.isEmpty }.flatMap(text)
            + leftOut.map { Terminal.oneLine("\($0.file)  left out: \($0.why)") } + summary.map(Terminal.oneLine)
    }

    private func text(of line: CrontabImport.Line) -> [String] {
        let place = Terminal.oneLine("\(line.file):\(line.number)")
        let written = Terminal.oneLine(line.text.split { $0 == " " || $0 == "\t" }.joined(separator: " "))
        let longest = Terminal.isTerminal ? 60 : 200
        let shown = written.count > longest ? written.prefix(longest - 1) + "…" : written[...]
        let remarks = line.remarks.map { remark in
            let column = ":\(remark.column): "
            return Terminal.oneLine("\(line.file):\(line.number)\(column)\(remark.severity.rawValue): \(remark.message)")
        }
        return ["\(Terminal.bold(place))  \(shown)  \(fate(of: line))"] + remarks
    }

    private func fate(of line: CrontabImport.Line) -> String {
        switch line.outcome {
        case .job:
            guard let job = line.job else { return "" }
            let facts = ["zone \(job.zone)"] + (job.user.map { ["user \($0)"] } ?? [])
            return Terminal.oneLine("→ \(path(of: job)) (\(facts.joined(separator: ", ")))")
        case .setting: return "→ for the lines below"
        case .notCarriedOver: return Terminal.bold("not carried over")
        case .comment: return ""
        }
    }

    private func path(of job: ImportedJob) -> String { (folder.hasSuffix("/") ? folder : folder + "/") + job.fileName }

    private var summary: [String] {
        let jobs = lines.count { $0.outcome == .job }
        let settings = lines.count { $0.outcome == .setting }
        var text = ["", "\(jobs.of("job")) \(isDryRun ? "for" : "in") \(folder), \(settings.of("setting")), \(failures) not carried over"]
        guard jobs > 0 else { return text }
        text += [
            "`catchUp: none` and `overlap: allow` keep cron's habits: what comes due while the scheduler is down is not made up for, and runs",
            "may overlap. Take the two lines out for Rota's own: the latest missed time is made up for, and a run waits for the one before it.",
        ]
        if usesUsualPath {
            text.append("Jobs without a PATH of their own have cron's, \(CrontabImport.usualPath), which is shorter than Rota's.")
        }
        text.append("What cron mailed is kept in the history: rota logs JOB")
        text.append("The files are readable for their owner only (0600); chown them if the scheduler runs as another user.")
        if lines.contains(where: { $0.job != nil && $0.job?.user == nil }) {
            text.append("Jobs without `user:` run as whoever runs the scheduler; --user names another.")
        }
        text.append(nextStep)
        return text
    }

    private var nextStep: String {
        if isDryRun { return "Next: the same without --dry-run" }
        let switchOver =
            isDisabled
            ? "take the lines out of the crontab, and `disabled: true` out of the jobs"
            : "take the lines out of the crontab before a scheduler reads \(folder), or both will run them"
        return "Next: rota validate \(folder); then \(switchOver)"
    }

    // MARK: For programs

    private enum Key: String, CodingKey { case folder, leftOut, lines }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(folder, forKey: .folder)
        try container.encode(leftOut, forKey: .leftOut)
        try container.encode(lines.map(document), forKey: .lines)
    }

    private struct Document: Encodable {
        let file: String
        let line: Int
        let text: String
        let outcome: String
        let job: String?
        let path: String?
        let yaml: String?
        let remarks: [Remark]
    }

    private struct Remark: Encodable {
        let severity: String
        let column: Int
        let message: String
    }

    private func document(of line: CrontabImport.Line) -> Document {
        Document(
            file: line.file, line: line.number, text: line.text, outcome: line.outcome.rawValue, job: line.job?.name,
            path: line.job.map(path), yaml: isDryRun ? line.job?.text : nil,
            remarks: line.remarks.map { Remark(severity: $0.severity.rawValue, column: $0.column, message: $0.message) })
    }
}
