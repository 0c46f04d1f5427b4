import Execution

extension SlurmCheck {
    /// Options of the settings go along with each task: one that is refused is that of all.
    func options(_ settings: SlurmSettings) -> [Finding] {
        let name = name("options", settings)
        return settings.options.sorted { $0.key < $1.key }.compactMap { option, value in
            let key = "executors.\(settings.name).options.\(option)"
            if let fault = SlurmOption.fault(of: option, value: value) {
                return .error(name, "`sbatch` would refuse every task: \(fault)", "mend \(key) in the settings")
            }
            guard SlurmOption.form(of: option) == nil else { return nil }
            return .warning(name, SlurmOption.doubt(of: option), "try `sbatch --\(option)=… --test-only` there; else take \(key) out")
        }
    }
}
