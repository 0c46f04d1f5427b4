import Dispatch
import Synchronization

/// One file read and understood.
enum FileReading: Sendable {
    case contents(JobFile.Contents, FileStamp)
    /// A sentence that says why there is nothing to understand.
    case unusable(String, FileStamp?)
    case beingWritten
    /// It names a calendar that is not to be read now; `Calendars.lookAgain` tells when it may be.
    case awaitsCalendar

    init(path: String, mindsWriters: Bool, calendars: Calendars) {
        switch FileText(path: path, mindsWriters: mindsWriters) {
        case .text(let text, let stamp):
            let contents = JobFile.contents(of: text, file: path, calendars: calendars)
            self = contents.isPutOff ? .awaitsCalendar : .contents(contents, stamp)
        case .unusable(let message, let stamp): self = .unusable(message, stamp)
        case .beingWritten: self = .beingWritten
        }
    }

    /// Reads files, many of them with all processors; returns when all are read, in the order of `paths`.
    static func all(_ paths: [String], mindsWriters: Bool, calendars: Calendars) -> [FileReading] {
        let portion = 200
        let read = { @Sendable (path: String) in FileReading(path: path, mindsWriters: mindsWriters, calendars: calendars) }
        guard paths.count > portion else { return paths.map(read) }
        let portions = Mutex<[Int: [FileReading]]>([:])
        DispatchQueue.concurrentPerform(iterations: (paths.count + portion - 1) / portion) { index in
            let part = paths[index * portion..<min((index + 1) * portion, paths.count)].map(read)
            portions.withLock { $0[index] = part }
        }
        return portions.withLock { read in read.sorted { $0.key < $1.key }.flatMap(\.value) }
    }
}
