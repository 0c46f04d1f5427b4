package import Timetable

/// What a crontab leaves to the machine that it lies on.
package struct CrontabMachine: Sendable {
    /// The zone of lines without CRON_TZ.
    package var zone: Zone
    package var dialect: CronDialect
    /// The home folder of who imports.
    package var home: String?
    /// The home folder of a user; nil for one that is not known.
    package var homeOfUser: @Sendable (String) -> String?
    /// Whether a word without a solidus is found in the usual folders of programs.
    package var isProgram: @Sendable (String) -> Bool

    package init(
        zone: Zone, dialect: CronDialect, home: String?, homeOfUser: @escaping @Sendable (String) -> String?,
        isProgram: @escaping @Sendable (String) -> Bool
    ) {
        self.zone = zone
        self.dialect = dialect
        self.home = home
        self.homeOfUser = homeOfUser
        self.isProgram = isProgram
    }
}
