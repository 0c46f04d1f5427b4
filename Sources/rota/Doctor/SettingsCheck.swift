import JobFiles

/// The settings file is there if it was named, and says only what is understood.
struct SettingsCheck: Check {
    private let name = "settings.file"

    func findings(_ premises: Premises) -> [Finding] {
        guard let path = premises.settingsPath else { return [.ok(name, "none; every setting has its default")] }
        let errors = premises.settingsProblems.filter { $0.severity == .error }
        if let first = errors.first {
            return [
                .error(name, "\(path) has \(errors.count.of("error")): \(first)", "mend it; `rota serve` refuses the file as a whole")
            ]
        }
        if let warning = premises.settingsProblems.first { return [.warning(name, "\(warning)", "mend it in \(path)")] }
        return [.ok(name, path)]
    }
}
