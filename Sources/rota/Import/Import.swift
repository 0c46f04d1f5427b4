import ArgumentParser

/// The group of commands that make job files of what other schedulers read.
struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes job files of what other schedulers read.",
        discussion: """
            EXAMPLES
              crontab -l | rota import crontab -            your own crontab, into ./jobs
              rota import crontab /etc/crontab /etc/cron.d  the machine's
            """,
        subcommands: [ImportCrontab.self]
    )
}
