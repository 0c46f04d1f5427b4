import Execution

extension SlurmCheck {
    /// Where this machine sees nothing of it, the login node is asked.
    func remoteFolder(_ path: String, _ settings: SlurmSettings) -> Finding {
        let name = name("folder", settings)
        do throws(SlurmProbe.Failure) {
            try SlurmProbe(settings).remoteFolder()
            return .ok(name, "\(path) on \(settings.ssh ?? "the login node"); nodes must see it under this path")
        } catch {
            return .error(
                name, "runs cannot have their folders there: \(error)",
                "make the folder on a file system that all nodes have, or name another with executors.\(settings.name).remoteFolder")
        }
    }
}
