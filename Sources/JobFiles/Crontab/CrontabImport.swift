internal import Timetable

/// Makes jobs of crontabs: each line becomes a job, a setting of the jobs below it, or something that could not be carried over.
///
/// The jobs do what cron did, at the same times but where a change of the clock moves them. Their names are unique among all that one value of this type makes.
package struct CrontabImport {
    /// A crontab, and how it is to be read.
    package struct Source: Sendable {
        /// As the user wrote it.
        package var file: String
        package var bytes: [UInt8]
        package var form: Form
        /// Whether the user said so; else a line may show that the guess was wrong.
        package var isFormGiven: Bool
        /// Whose crontab it is; nil for who imports, and where lines name their users.
        package var owner: String?

        package init(file: String, bytes: [UInt8], form: Form, isFormGiven: Bool = false, owner: String? = nil) {
            self.file = file
            self.bytes = bytes
            self.form = form
            self.isFormGiven = isFormGiven
            self.owner = owner
        }
    }

    /// Whether a user stands between times and command.
    package enum Form: Hashable, Sendable {
        case user, system
    }

    /// What became of a line; blank lines become nothing.
    package struct Line: Sendable {
        package enum Outcome: String, Sendable {
            case job, setting, notCarriedOver, comment
        }

        package let file: String
        /// From 1.
        package let number: Int
        /// What is no UTF-8 is shown as `�`.
        package let text: String
        package var outcome: Outcome
        package var job: ImportedJob?
        package var remarks: [CrontabRemark] = []
    }

    /// What the PATH of a command is when a crontab sets none.
    package static let usualPath = "/usr/bin:/bin"

    private let machine: CrontabMachine
    private let isDisabled: Bool
    private var names: Set<String> = []
    /// The number behind the newest job of a name, so that a thousandth does not try all before it.
    private var lastNumbers: [String: Int] = [:]
    /// Whether some job got cron's own PATH.
    package private(set) var usesUsualPath = false

    /// - Parameter isDisabled: Whether the jobs say `disabled: true`.
    package init(machine: CrontabMachine, isDisabled: Bool = false) {
        self.machine = machine
        self.isDisabled = isDisabled
    }

    package mutating func read(_ source: Source) -> [Line] {
        let text = CrontabText(source.bytes)
        var reading = Reading(source: source, variables: CrontabVariables(dialect: machine.dialect))
        var lines = text.lines.compactMap { read($0, &reading) }
        if text.lines.first?.text.hasPrefix(Self.scriptMark) ?? false {
            guard lines.contains(where: { $0.outcome == .job || $0.outcome == .setting }) else { return [Self.script(source, text)] }
            lines[0].remarks.append(.warning("`#!` begins a script; to cron it is a comment, and the lines below are read as a crontab"))
        }
        Self.tell(about: text, in: &lines)
        return lines
    }

    private static let scriptMark = "#!"

    /// What the lines above say about the ones below.
    private struct Reading {
        let source: Source
        var variables: CrontabVariables
        var comments = CrontabComments()
    }

    private static func script(_ source: Source, _ text: CrontabText) -> Line {
        let remark = CrontabRemark.error(
            "this is a script, not a crontab; folders such as /etc/cron.daily hold scripts, which a line of /etc/crontab starts")
        return Line(file: source.file, number: 1, text: text.lines.first?.text ?? "", outcome: .notCarriedOver, remarks: [remark])
    }

    private static func tell(about text: CrontabText, in lines: inout [Line]) {
        guard let first = lines.indices.first, let last = lines.indices.last else { return }
        if text.hasByteOrderMark {
            lines[first].remarks.append(
                .warning("a byte order mark stands before this line; cron stumbles over it, and it is left out here"))
        }
        if text.hasCarriageReturns {
            lines[first].remarks.append(
                .warning("lines of this file end as on Windows; cron gives the carriage return to the command, and it is left out here"))
        }
        if !text.isTerminated {
            lines[last].remarks.append(
                .warning("a newline is missing at the end of the file; cron refuses a last line without one, Rota does not"))
        }
    }

    // MARK: Lines

    private mutating func read(_ line: CrontabText.Line, _ reading: inout Reading) -> Line? {
        var result = Line(file: reading.source.file, number: line.number, text: line.text, outcome: .comment)
        let start = line.text.unicodeScalars.first { $0 != " " && $0 != "\t" }
        guard let start else {
            reading.comments.clear()
            return nil
        }
        if start == "#" {
            // What a script begins with says nothing about the line below it.
            if line.number > 1 || !line.text.hasPrefix(Self.scriptMark) { reading.comments.add(line.text) }
            return result
        }
        defer { reading.comments.clear() }
        if let flaw = line.flaw {
            result.outcome = .notCarriedOver
            result.remarks = [flaw]
        } else if let setting = CrontabSetting(line.text) {
            result.remarks = reading.variables.take(setting, line: line.number)
            result.outcome = result.remarks.contains { $0.severity == .error } ? .notCarriedOver : .setting
        } else {
            do throws(CrontabRemark) {
                try makeJob(of: line, reading, &result)
            } catch {
                result.outcome = .notCarriedOver
                result.remarks.append(error)
            }
        }
        return result
    }

    private mutating func makeJob(of line: CrontabText.Line, _ reading: Reading, _ result: inout Line) throws(CrontabRemark) {
        let entry = try CrontabEntry(line.text, isSystem: reading.source.form == .system)
        let times = try CrontabTimes(entry.times)
        try check(userOf: entry, in: reading.source)
        let command = CrontabCommand(entry.command.text, dialect: machine.dialect)
        if command.text.allSatisfy(\.isWhitespace) {
            throw .error("there is no command before the `%`; what follows it is for the command to read", column: entry.command.column)
        }
        let zone = try zone(by: reading.variables)
        let user = entry.user?.text ?? reading.source.owner
        result.remarks = times.remarks + remarks(on: entry, user: user)
        let text = file(
            entry, times, command, zone: zone, user: user, reading,
            heading: ["From \(reading.source.file), line \(line.number):", "  " + line.text])
        do {
            result.job = ImportedJob(name: text.name, zone: zone.name, user: user, text: try text.text())
            result.outcome = .job
        } catch {
            throw .error("this line cannot be written as YAML (\(error))")
        }
    }

    private mutating func file(
        _ entry: CrontabEntry, _ times: CrontabTimes, _ command: CrontabCommand, zone: Zone, user: String?, _ reading: Reading,
        heading: [String]
    ) -> JobFileText {
        let variables = reading.variables
        var text = JobFileText(
            name: unique(CommandName.name(of: command.text)), description: reading.comments.description, cron: times.cron, zone: zone.name,
            spread: variables.randomDelay.map { "PT\($0)M" }, command: command.trimmed.job(shell: variables.shell),
            workdir: variables.home ?? home(of: user), user: user, addresses: variables.mailTo, isDisabled: isDisabled, heading: heading)
        text.environment = variables.environment + variables.forCron.filter { command.mentions($0.name) }
        if !text.environment.contains(where: { $0.name == "PATH" }) {
            text.environment.insert(("PATH", Self.usualPath), at: 0)
            usesUsualPath = true
        }
        return text
    }

    private func zone(by variables: CrontabVariables) throws(CrontabRemark) -> Zone {
        switch variables.timeZone {
        case .machine: machine.zone
        case .named(let zone): zone
        case .unknown(let line): throw .error("the CRON_TZ of line \(line) is no time zone, so the times of this line are not known")
        }
    }

    private func home(of user: String?) -> String? { user.map { machine.homeOfUser($0) } ?? machine.home }

    private mutating func unique(_ name: String) -> String {
        var unique = name
        var number = lastNumbers[name] ?? 1
        while !names.insert(unique).inserted {
            number += 1
            unique = "\(name)-\(number)"
        }
        lastNumbers[name] = number
        return unique
    }

    private func remarks(on entry: CrontabEntry, user: String?) -> [CrontabRemark] {
        var remarks: [CrontabRemark] = []
        if entry.isQuiet { remarks.append(.note("the `-` before the minute keeps a command out of cron's log; it is left out")) }
        if let user, machine.homeOfUser(user) == nil {
            remarks.append(
                .warning(
                    "this machine has no user `\(user.shortened)`; the job cannot start without one, and lacks the `workdir` that cron "
                        + "would take, the user's home folder", column: entry.user?.column ?? 1))
        }
        if entry.command.text.reversed().prefix(while: { $0 == "\\" }).count % 2 == 1 {
            remarks.append(.warning("cron knows no lines that go on after a backslash", column: entry.command.column))
        }
        if entry.command.text.contains("\\\\") { remarks.append(remarkOnBackslashes(column: entry.command.column)) }
        return remarks
    }

    private func remarkOnBackslashes(column: Int) -> CrontabRemark {
        let message =
            machine.dialect.joinsBackslashes
            ? "Debian's cron makes one backslash of two, and so does the job; cronie leaves two (--cron cronie)"
            : "cronie leaves two backslashes as they are, and so does the job; Debian's cron makes one of them (--cron vixie)"
        return .warning(message, column: column)
    }

    // MARK: Users

    /// Whether the file has the form that it is read in, where a line tells.
    private func check(userOf entry: CrontabEntry, in source: Source) throws(CrontabRemark) {
        if let user = entry.user {
            guard !Self.isPlausible(user.text) || (machine.homeOfUser(user.text) == nil && machine.isProgram(user.text)) else { return }
            throw .error(
                "`\(user.text.shortened)` is no user; if lines of this file have no user between times and command, add --no-system",
                column: user.column)
        }
        if source.isFormGiven { return }
        let words = entry.command.text.split(maxSplits: 1) { $0 == " " || $0 == "\t" }.map(String.init)
        guard words.count == 2, !words[1].hasPrefix("-"), machine.homeOfUser(words[0]) != nil, !machine.isProgram(words[0]) else { return }
        throw .error(
            "`\(words[0].shortened)` is a user of this machine; if lines of this file have a user between times and command, add --system, "
                + "and if it is a program, --no-system", column: entry.command.column)
    }

    private static func isPlausible(_ user: String) -> Bool {
        let isFit = user.unicodeScalars.allSatisfy {
            $0.properties.isAlphabetic || ("0"..."9").contains($0) || "_.-@\\$".unicodeScalars.contains($0)
        }
        return isFit && !user.hasPrefix("-") && !user.hasPrefix(".") && !user.hasPrefix("$") && user.utf8.count <= 256
    }
}

extension CrontabCommand {
    /// Without blanks at the end that no shell sees.
    fileprivate var trimmed: CrontabCommand {
        var trimmed = self
        var text = self.text.unicodeScalars
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        if text.last != "\\" { trimmed.text = String(text) }
        return trimmed
    }

    /// Whether `$name` or `${name` stands in it.
    fileprivate func mentions(_ name: String) -> Bool {
        let parts = text.unicodeScalars.split(separator: "$", omittingEmptySubsequences: false).dropFirst()
        return parts.contains { part in
            let rest = part.first == "{" ? part.dropFirst() : part
            return String(rest.prefix { $0 == "_" || $0.properties.isAlphabetic || ("0"..."9").contains($0) }) == name
        }
    }
}
