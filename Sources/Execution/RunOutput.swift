import Glibc
package import Scheduling

/// What a command wrote to $ROTA_OUTPUT: values for those that come after it, and what of the file could not be taken.
package struct RunOutput: Hashable, Sendable {
    package var values: [String: String] = [:]
    /// In words, for the reason of the run; nil when all of it was taken.
    package var fault: String?

    /// Bytes that the file may have.
    package static let limit = 64 << 10

    package init(values: [String: String] = [:], fault: String? = nil) {
        self.values = values
        self.fault = fault
    }

    /// Nothing of a file that cannot be read as it is.
    ///
    /// - Throws: The same error when it says nothing of the file: the next look may find a descriptor, memory, or a disk that answers.
    init(unreadable error: SystemError) throws(SystemError) {
        if [EMFILE, ENFILE, ENOMEM, EIO].contains(error.number) { throw error }
        fault = error.number == ELOOP ? "the file is a symbolic link" : error.description
    }

    /// Reads lines `NAME=value`: the value is all that follows the first `=`, as it stands there. Of a name that comes twice the last counts,
    /// and empty lines are passed over.
    ///
    /// A line that is none is left out, and fails nothing: the command has done its work.
    init(parsing bytes: [UInt8]) {
        var flaws: [String] = []
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.isEmpty {
            switch Self.entry(line) {
            case .success(let (name, value)): values[name] = value
            case .failure(let flaw): flaws.append("line \(index + 1) \(flaw.words)")
            }
        }
        guard let first = flaws.first else { return }
        fault = flaws.count == 1 ? "\(first), and is left out" : "\(flaws.count) lines are left out: \(first)"
    }

    private enum Flaw: Error {
        case noValue, name, text

        var words: String {
            switch self {
            case .noValue: "is no NAME=value"
            case .name: "has no name that may be set (\(ParameterName.rule))"
            case .text: "is no text in UTF-8 without NUL"
            }
        }
    }

    private static func entry(_ line: ArraySlice<UInt8>) -> Result<(String, String), Flaw> {
        guard !line.contains(0), let text = String(validating: line, as: UTF8.self) else { return .failure(.text) }
        guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else { return .failure(.noValue) }
        let name = String(text[..<equals])
        guard ParameterName.isValid(name) else { return .failure(.name) }
        return .success((name, String(text[text.index(after: equals)...])))
    }
}
