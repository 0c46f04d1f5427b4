import Glibc

/// A system call that failed, on what.
package struct SystemError: Error, Hashable, CustomStringConvertible {
    package var call: String
    package var subject: String
    package var number: Int32

    init(_ call: String, _ subject: String, _ number: Int32 = errno) {
        self.call = call
        self.subject = subject
        self.number = number
    }

    package var description: String { "\(word): \(call) \(subject): \(Self.text(number))" }

    /// A stable word for reasons.
    var word: String {
        switch number {
        case ENOSPC, EDQUOT: "no-space"
        case EAGAIN, ENOMEM, EMFILE, ENFILE: "no-resources"
        case EROFS: "read-only"
        case EACCES, EPERM: "not-permitted"
        case ENOENT: "not-found"
        default: "system-error"
        }
    }

    /// What it is, without where.
    var text: String { Self.text(number) }

    private static func text(_ number: Int32) -> String {
        guard let text = strerror(number) else { return "error \(number)" }
        return String(cString: text)
    }
}
