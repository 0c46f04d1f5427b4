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

    struct File: Sendable {
        let path: String
        /// What it held before.
        let known: [Definition]
    }

    /// What files are read with.
    struct Means: Sendable {
        /// Whether a file that somebody may be writing is left alone.
        let mindsWriters: Bool
        let calendars: Calendars
        let placement: Placement?
    }

    init(_ file: File, _ means: Means) {
        switch FileText(path: file.path, mindsWriters: means.mindsWriters) {
        case .text(let text, let stamp):
            var contents = JobFile.contents(of: text, file: file.path, calendars: means.calendars, placement: means.placement)
            // At once, file by file: ten thousand new jobs that go when all are read would leave the memory full of holes.
            contents.share(file.known)
            self = contents.isPutOff ? .awaitsCalendar : .contents(contents, stamp)
        case .unusable(let message, let stamp): self = .unusable(message, stamp)
        case .beingWritten: self = .beingWritten
        }
    }

    /// Reads files, many of them with all processors; returns when all are read, in the order of `files`.
    static func all(_ files: [File], _ means: Means) -> [FileReading] {
        let portion = 200
        let read = { @Sendable (file: File) in FileReading(file, means) }
        guard files.count > portion else { return files.map(read) }
        let portions = Mutex<[Int: [FileReading]]>([:])
        DispatchQueue.concurrentPerform(iterations: (files.count + portion - 1) / portion) { index in
            let part = files[index * portion..<min((index + 1) * portion, files.count)].map(read)
            portions.withLock { $0[index] = part }
        }
        return portions.withLock { read in read.sorted { $0.key < $1.key }.flatMap(\.value) }
    }
}
