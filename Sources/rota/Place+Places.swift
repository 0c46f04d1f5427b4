import Daemon
import Foundation
import RunHistory

/// Which executors and pools job files are held against.
extension Place {
    /// Those of the settings file; without one nothing is known of them.
    func places() throws -> Places {
        let unknown = Places(capacities: [:], areComplete: false)
        guard let path = settingsPath() else { return unknown }
        // The scheduler's own file may be for its user alone; whoever checks job files need not be that.
        guard isSettingsFileNamed || FileManager.default.isReadableFile(atPath: path) else { return unknown }
        return try settings().places()
    }

    /// Those of the scheduler that runs on the ledger or ran there last, unless a settings file is asked for.
    func places(of reader: LedgerReader?) throws -> Places {
        guard !isSettingsFileNamed, let text = try reader?.scheduler()?.settings, let document = SettingsDocument(text: text),
            let executors = document.executors
        else { return try places() }
        let engines = executors.compactMap { executor in executor.engine.map { (executor.name, $0) } }
        return Places(
            engines: Dictionary(engines) { first, _ in first }, capacities: document.capacities,
            areComplete: engines.count == executors.count)
    }

    private var isSettingsFileNamed: Bool { config != nil || environment("ROTA_CONFIG") != nil }
}
