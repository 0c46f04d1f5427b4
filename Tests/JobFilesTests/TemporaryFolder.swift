import Glibc
import JobFiles
import Timetable

/// A folder of real files, gone when nobody holds it any more.
final class TemporaryFolder {
    let path: String

    init() {
        var template = Array("/tmp/rota-jobfiles-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { fatalError("no folder can be made in /tmp: errno \(errno)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { remove(path) }

    /// A fixed time far in the past, at which the files of tests were last written.
    static let written = Instant(seconds: 1_700_000_000)

    /// Writes a file whose last change was at `time`.
    func write(_ name: String, _ text: String, at time: Instant = written) {
        write(name, bytes: Array(text.utf8), at: time)
    }

    func write(_ name: String, bytes: [UInt8], at time: Instant = written) {
        guard let file = fopen("\(path)/\(name)", "w") else { fatalError("`\(name)` cannot be written: errno \(errno)") }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
        touch(name, at: time)
    }

    func touch(_ name: String, at time: Instant) {
        let stamp = timespec(tv_sec: Int(time.microseconds / 1_000_000), tv_nsec: Int(time.microseconds % 1_000_000) * 1000)
        utimensat(AT_FDCWD, "\(path)/\(name)", [stamp, stamp], 0)
    }

    func makeFolder(_ name: String) { mkdir("\(path)/\(name)", 0o755) }
    func link(_ name: String, to target: String) { symlink(target, "\(path)/\(name)") }
    func rename(_ name: String, to other: String) { Glibc.rename("\(path)/\(name)", "\(path)/\(other)") }
    func delete(_ name: String) { remove("\(path)/\(name)") }

    private func remove(_ path: String) {
        if unlink(path) == 0 { return }
        chmod(path, 0o755)
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name != ".", name != ".." { remove("\(path)/\(name)") }
            }
            closedir(folder)
        }
        rmdir(path)
    }
}
