/// What one check found, and what to do about it.
struct Finding: Hashable, Encodable {
    /// The worst comes last.
    enum Status: String, Comparable, Encodable, CaseIterable {
        case ok, warning, error

        static func < (left: Status, right: Status) -> Bool {
            (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
        }
    }

    /// Stable, as scripts look for it: `<group>.<thing>`.
    let name: String
    let status: Status
    let finding: String
    /// nil when all is well.
    let advice: String?

    var group: Substring { name.prefix { $0 != "." } }
    var thing: Substring { name.dropFirst(group.count + 1) }

    static func ok(_ name: String, _ finding: String) -> Finding {
        Finding(name: name, status: .ok, finding: finding, advice: nil)
    }

    /// Works, but not as well as it could, or not for long.
    static func warning(_ name: String, _ finding: String, _ advice: String) -> Finding {
        Finding(name: name, status: .warning, finding: finding, advice: advice)
    }

    /// Something does not work, or is not safe.
    static func error(_ name: String, _ finding: String, _ advice: String) -> Finding {
        Finding(name: name, status: .error, finding: finding, advice: advice)
    }

    private enum Key: String, CodingKey { case name, status, finding, advice }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encode(status, forKey: .status)
        try container.encode(finding, forKey: .finding)
        try container.encode(advice, forKey: .advice)
    }
}

/// Looks at one thing that a scheduler depends on.
///
/// It changes nothing that is there. What it makes to try things out, in `Premises.trial` and, for locks, a file in the state folder itself,
/// is gone when it is done. It finds out what it can when it may not see everything.
protocol Check: Sendable {
    func findings(_ premises: Premises) async -> [Finding]
}
