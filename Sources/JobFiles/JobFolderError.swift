/// Why a jobs folder cannot be read at all; what was in force stays in force.
package enum JobFolderError: Error, Hashable, Sendable {
    case missing(String)
    case notAFolder(String)
    /// The operating system's own words.
    case unreadable(String, String)
    case unwatchable(String, String)

    /// What is wrong and a way out, in one sentence.
    package var message: String {
        switch self {
        case .missing(let path): "the jobs folder `\(path.shortened)` does not exist; create it, or name another one with --jobs"
        case .notAFolder(let path): "`\(path.shortened)` is not a folder; --jobs takes the folder in which the job files are"
        case .unreadable(let path, let why):
            "the jobs folder `\(path.shortened)` cannot be read (\(why)); give the user of the scheduler the right to read and enter it"
        case .unwatchable(let path, let why):
            "changes in the jobs folder `\(path.shortened)` cannot be watched (\(why)); raise the limits below /proc/sys/fs/inotify"
        }
    }
}

extension JobFolderError: CustomStringConvertible {
    package var description: String { message }
}
