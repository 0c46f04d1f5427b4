/// What `sbatch` would say of an option, said before anything is submitted.
extension SlurmDemand {
    static func optionFlaw(_ name: String, _ value: String, on executor: String) -> Objection? {
        let key = "slurm.\(name)"
        if let fault = SlurmOption.fault(of: name) ?? SlurmOption.fault(of: name, value: value) {
            return Objection(key: key, message: "`\(key)` cannot be asked of the executor `\(executor)`: \(fault)")
        }
        guard SlurmOption.form(of: name) == nil else { return nil }
        return Objection(key: key, message: "`\(key)`: \(SlurmOption.doubt(of: name))", isWarning: true)
    }
}
