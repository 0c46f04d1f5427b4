/// The two crons of today's systems, where they differ.
package enum CronDialect: String, Hashable, Sendable, CaseIterable {
    /// Debian and what stems from it.
    case vixie
    /// Fedora, Red Hat, SUSE, Arch.
    case cronie

    /// Whether `\\` in a command is one backslash for the shell.
    var joinsBackslashes: Bool { self == .vixie }
    /// Whether `CRON_TZ` moves the times of the lines after it.
    var knowsZones: Bool { self == .cronie }
    /// Whether the variable USER is always the user's name.
    var setsUser: Bool { self == .cronie }
}
