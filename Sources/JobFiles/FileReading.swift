import Dispatch
import Synchronization

/// One file read and understood.
enum FileReading: Sendable {
    case contents(JobFile.Contents, FileStamp)
    /// A sentence that says why there is nothing to understand.
    case unusable(String, FileStamp?)
    case beingWritten

    init(path: String, mindsWriters: Bool) {
        self =
            switch FileText(path: path, mindsWriters: mindsWriters) {
            case .text(let text, let stamp): .contents(JobFile.contents(of: text, file: path), stamp)
            case .unusable(let message, let stamp): .unusable(message, stamp)
            case .beingWritten: .beingWritten
            }
    }

    /// Reads many files with all processors; returns when all are read.
    static func all(_ files: [(key: String, path: String)], mindsWriters: Bool) -> [String: FileReading] {
        let portion = 200
        let read = Mutex<[String: FileReading]>([:])
        DispatchQueue.concurrentPerform(iterations: (files.count + portion - 1) / portion) { index in
            let part = files[index * portion..<min((index + 1) * portion, files.count)].map { key, path in
                (key, FileReading(path: path, mindsWriters: mindsWriters))
            }
            read.withLock { read in
                for (key, reading) in part { read[key] = reading }
            }
        }
        return read.withLock { $0 }
    }
}
