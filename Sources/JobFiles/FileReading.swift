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

    /// Reads files, many of them with all processors; returns when all are read, in the order of `paths`.
    static func all(_ paths: [String], mindsWriters: Bool) -> [FileReading] {
        let portion = 200
        guard paths.count > portion else { return paths.map { FileReading(path: $0, mindsWriters: mindsWriters) } }
        let portions = Mutex<[Int: [FileReading]]>([:])
        DispatchQueue.concurrentPerform(iterations: (paths.count + portion - 1) / portion) { index in
            let part = paths[index * portion..<min((index + 1) * portion, paths.count)].map {
                FileReading(path: $0, mindsWriters: mindsWriters)
            }
            portions.withLock { $0[index] = part }
        }
        return portions.withLock { read in read.sorted { $0.key < $1.key }.flatMap(\.value) }
    }
}
