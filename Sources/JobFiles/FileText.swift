/// The reading of one text file, whole or not at all.
enum FileText {
    case text(String, FileStamp)
    /// A sentence that says why not.
    case unusable(String, FileStamp?)
    /// Somebody is writing.
    case beingWritten

    /// Reads the file at `path` as `FileBytes` does.
    init(path: String, mindsWriters: Bool) {
        switch FileBytes(path: path, mindsWriters: mindsWriters) {
        case .beingWritten: self = .beingWritten
        case .unusable(let fault, let stamp): self = .unusable(Self.message(of: fault), stamp)
        case .bytes(let bytes, let stamp):
            let text = String(validating: bytes, as: UTF8.self)
            self = text.map { .text($0, stamp) } ?? .unusable("this file is not UTF-8; save it in that encoding", stamp)
        }
    }

    private static func message(of fault: FileBytes.Fault) -> String {
        switch fault {
        case .unreadable(let why): "this file cannot be read (\(why))"
        case .notRegular: "this is no regular file; job files are"
        case .tooLarge: "this file is larger than \(FileBytes.largestSize >> 20) MiB; split it"
        }
    }
}
