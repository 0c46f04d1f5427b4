import ArgumentParser
import Daemon
import Execution
import Foundation
import JobFiles
import RunHistory

/// Where the state is; an option of every command.
struct Place: ParsableArguments {
    @Option(help: ArgumentHelp("The state folder: ledger, runs, socket.", valueName: "folder"), completion: .directory)
    var state: String?

    @Option(help: ArgumentHelp("The settings file.", valueName: "file"), completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    /// The settings file: the one that was asked for, else the usual one if it is there.
    func settingsPath() -> String? {
        let usual = "/etc/rota/rota.yaml"
        return config ?? environment("ROTA_CONFIG") ?? (FileManager.default.fileExists(atPath: usual) ? usual : nil)
    }

    /// What the settings file says; empty when there is none.
    ///
    /// - Throws: `CommandFailure` when a file was asked for and cannot be read, or holds errors.
    func settings() throws -> Settings {
        guard let path = settingsPath() else { return Settings() }
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw CommandFailure(.usage, "the settings file \(path) cannot be read; name another with --config")
        }
        let (settings, problems) = Settings.read(path: path, optionRefusal: SlurmOption.fault)
        let errors = problems.filter { $0.severity == .error }
        for problem in problems { Terminal.complain("\(problem)") }
        guard errors.isEmpty else { throw CommandFailure(.unwell, "the settings file \(path) has errors; mend them and start again") }
        return settings
    }

    func stateFolder() throws -> String { try stateFolder { try settings().state } }

    /// - Parameter configured: What the settings file says; asked only when nothing else names the folder.
    func stateFolder(configured: () throws -> String?) rethrows -> String {
        if let named = state ?? environment("ROTA_STATE") { return StateFolder.absolute(named) }
        if let configured = try configured() { return StateFolder.absolute(configured) }
        let here = StateFolder.absolute(".rota")
        return FileManager.default.fileExists(atPath: here) ? here : "/var/lib/rota"
    }

    func reader() throws -> LedgerReader {
        let folder = try stateFolder()
        do {
            return try LedgerReader.open(at: folder + "/rota.db")
        } catch LedgerError.missing {
            guard let holder = StateFolder.holder(of: folder) else { throw LedgerError.missing(path: folder + "/rota.db") }
            throw CommandFailure(
                .unwell,
                "process \(holder) schedules there, but its ledger \(folder)/rota.db is gone, and nothing is launched; put it back, or stop it and start anew"
            )
        }
    }
}

/// An environment variable that is set to something.
func environment(_ name: String) -> String? {
    ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
}
