import CPlatform
import Glibc

extension RunFolder {
    /// What the command left in $ROTA_OUTPUT; nothing when it wrote none.
    ///
    /// The folder belongs to the job's user, who may put anything there: a link to what only the scheduler may read, a pipe that nobody
    /// writes to, a file without end. Only a plain file of the folder's own owner is read, and never more of it than may be taken.
    ///
    /// - Throws: What the machine could not do, and may do another time: the values must not be lost with it.
    func handedOn() throws(SystemError) -> RunOutput {
        let file = open(outputFile, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return RunOutput() }
            return try RunOutput(unreadable: SystemError("open", outputFile))
        }
        defer { close(file) }
        var facts = stat()
        var folder = stat()
        guard fstat(file, &facts) == 0, lstat(outputFolder, &folder) == 0 else {
            return try RunOutput(unreadable: SystemError("stat", outputFile))
        }
        guard facts.st_mode & S_IFMT == S_IFREG else { return RunOutput(fault: "the file is no regular file") }
        guard facts.st_uid == folder.st_uid else { return RunOutput(fault: "the file belongs to somebody else than the job's user") }
        do {
            let bytes = try Files.read(file, outputFile, limit: RunOutput.limit + 1)
            if bytes.count > RunOutput.limit {
                return RunOutput(fault: "the file has more than \(RunOutput.limit >> 10) KiB, and is left out")
            }
            return RunOutput(parsing: bytes)
        } catch {
            return try RunOutput(unreadable: error)
        }
    }
}
