internal import Timetable

/// The settings that stand above a line of a crontab, sorted by what they mean there.
struct CrontabVariables {
    /// Where cron's times stand after a CRON_TZ.
    enum TimeZone {
        case machine
        case named(Zone)
        /// The line whose zone nobody knows.
        case unknown(line: Int)
    }

    private(set) var shell = "/bin/sh"
    /// nil without a setting.
    private(set) var home: String?
    private(set) var timeZone = TimeZone.machine
    /// Addresses; empty when nobody gets mail, or nobody that Rota can write to.
    private(set) var mailTo: [String] = []
    /// Minutes.
    private(set) var randomDelay: Int?
    /// In the order of the crontab, each name once.
    private(set) var environment: [(name: String, value: String)] = []
    /// Settings that are for cron alone, which gives them to commands all the same.
    private(set) var forCron: [(name: String, value: String)] = []
    private let dialect: CronDialect

    init(dialect: CronDialect) { self.dialect = dialect }

    /// Takes a setting.
    ///
    /// - Returns: What is to be said about it; it is not carried over if that has an error.
    mutating func take(_ setting: CrontabSetting, line: Int) -> [CrontabRemark] {
        switch setting.name {
        case "SHELL": return takeShell(setting)
        case "HOME": return takeHome(setting)
        case "MAILTO": return takeMailTo(setting)
        case "CRON_TZ": return takeTimeZone(setting, line)
        case "RANDOM_DELAY": return takeRandomDelay(setting)
        case "LOGNAME": return [.note("cron sets LOGNAME to the user's name whatever a crontab says, and so does Rota")]
        case "USER" where dialect.setsUser: return [.note("cron sets USER to the user's name whatever a crontab says, and so does Rota")]
        case "MAILFROM", "CONTENT_TYPE", "CONTENT_TRANSFER_ENCODING":
            return takeForCron(setting, "\(setting.name) shapes the mails of cron; Rota writes its own")
        case "START_HOURS_RANGE":
            return takeForCron(setting, "START_HOURS_RANGE is anacron's; the times of this crontab do not heed it")
        case "CRONDARGS", "CRON_ARGS", "EXTRA_OPTS":
            return takeForCron(setting, "\(setting.name) holds options for the program cron, which has no part in this any more")
        case "MLS_LEVEL":
            return takeForCron(setting, "MLS_LEVEL chooses a security context; Rota runs commands in its own", isWarning: true)
        default: return takeVariable(setting)
        }
    }

    private mutating func takeShell(_ setting: CrontabSetting) -> [CrontabRemark] {
        guard !setting.value.isEmpty else { return [.error("SHELL is empty; write /bin/sh", column: setting.column)] }
        shell = setting.value
        if shell != "/bin/sh" { set("SHELL", shell) } else { environment.removeAll { $0.name == "SHELL" } }
        guard !shell.hasPrefix("/") else { return [] }
        return [.warning("cron takes a SHELL by its full path only; Rota looks `\(shell.shortened)` up in PATH", column: setting.column)]
    }

    private mutating func takeHome(_ setting: CrontabSetting) -> [CrontabRemark] {
        guard setting.value.hasPrefix("/") else {
            return [.error("HOME must be a full path such as /srv/app, for commands start there", column: setting.column)]
        }
        home = setting.value
        set("HOME", setting.value)
        return []
    }

    private mutating func takeMailTo(_ setting: CrontabSetting) -> [CrontabRemark] {
        setForCron(setting)
        let names = setting.value.split { $0 == "," || $0.isWhitespace }.map(String.init)
        mailTo = names.filter { $0.contains("@") }
        let local = names.filter { !$0.contains("@") }
        var remarks: [CrontabRemark] = []
        if !mailTo.isEmpty {
            remarks.append(
                .warning(
                    "cron mailed all output; Rota keeps it (`rota logs`), and `notify` is there to tell of failures and recoveries, but sends "
                        + "nothing yet", column: setting.column))
        }
        if !local.isEmpty {
            remarks.append(
                .warning(
                    "\(local.asWords) is a mailbox of this machine, and `notify` takes addresses such as ops@example.org; so the jobs below "
                        + "tell nobody\(mailTo.isEmpty ? "" : " but the others")", column: setting.column))
        }
        return remarks
    }

    private mutating func takeTimeZone(_ setting: CrontabSetting, _ line: Int) -> [CrontabRemark] {
        setForCron(setting)
        let name = setting.value.hasPrefix(":") ? String(setting.value.dropFirst()) : setting.value
        guard !name.isEmpty else {
            timeZone = .machine
            return []
        }
        do {
            timeZone = .named(try Zone(named: name))
        } catch {
            timeZone = .unknown(line: line)
            return [.error(error.message, column: setting.column)]
        }
        if dialect.knowsZones { return [] }
        return [
            .warning(
                "Debian's cron knows no CRON_TZ and ran the lines below by the clock of the machine; here they go by \(name.shortened)")
        ]
    }

    private mutating func takeRandomDelay(_ setting: CrontabSetting) -> [CrontabRemark] {
        guard let minutes = Int(setting.value), (0...10_000).contains(minutes) else {
            return [.error("RANDOM_DELAY must be a whole number of minutes", column: setting.column)]
        }
        setForCron(setting)
        randomDelay = minutes > 0 ? minutes : nil
        if minutes == 0 { return [] }
        return [.note("cronie drew one delay at its start for all jobs; `spread` draws one for each job, from its name, for good")]
    }

    private mutating func takeForCron(_ setting: CrontabSetting, _ message: String, isWarning: Bool = false) -> [CrontabRemark] {
        setForCron(setting)
        return [isWarning ? .warning(message) : .note(message)]
    }

    private mutating func takeVariable(_ setting: CrontabSetting) -> [CrontabRemark] {
        guard Self.isVariable(setting.name) else {
            return [.error("`\(setting.name.shortened)` is no name of a variable; it has letters, digits and _, and no digit first")]
        }
        if setting.name.hasPrefix("ROTA_") || setting.name.hasPrefix("CHRONOS_") {
            return [
                .error("Rota sets the variables that begin with ROTA_ and CHRONOS_ itself; give `\(setting.name.shortened)` another name")
            ]
        }
        set(setting.name, setting.value)
        if setting.name == "TZ" { return [.note("TZ is the zone of the commands, not of the times at which they start")] }
        let isLiteral = setting.value.contains("$") && setting.name != "PS1"
        return isLiteral
            ? [.note("cron expands no variables in settings, nor does Rota: the `$` stays as it is", column: setting.column)] : []
    }

    private static func isVariable(_ name: String) -> Bool {
        guard (1...128).contains(name.utf8.count), let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.unicodeScalars.allSatisfy { $0 == "_" || ($0.isASCII && $0.properties.isAlphabetic) || ("0"..."9").contains($0) }
    }

    private mutating func set(_ name: String, _ value: String) { Self.set(name, value, in: &environment) }
    private mutating func setForCron(_ setting: CrontabSetting) { Self.set(setting.name, setting.value, in: &forCron) }

    private static func set(_ name: String, _ value: String, in variables: inout [(name: String, value: String)]) {
        if let index = variables.firstIndex(where: { $0.name == name }) {
            variables[index].value = value
        } else {
            variables.append((name, value))
        }
    }
}
