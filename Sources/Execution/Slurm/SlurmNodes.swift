import Glibc
import Scheduling

/// The nodes of a cluster with what they have, against which constraints are held that Slurm has no word for.
struct SlurmNodes: Hashable, Sendable {
    struct Node: Hashable, Sendable {
        var name: String
        var features: [String]
    }

    var nodes: [Node]

    static let format = "%N|%f"

    /// Of sinfo, which shows a node once for each of its partitions.
    init(_ text: String) {
        var seen: Set<String> = []
        nodes = text.split(whereSeparator: \.isNewline).compactMap { line in
            let parts = line.split(separator: "|", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, seen.insert(String(parts[0])).inserted else { return nil }
            let features = parts[1] == "(null)" ? [] : parts[1].split(separator: ",").map { String($0) }
            return Node(name: String(parts[0]), features: features)
        }
    }

    /// The nodes on which a run with these constraints may not be; nil when it may be on none.
    func excluded(by constraints: [Constraint]) -> [String]? {
        let excluded = nodes.filter { node in !constraints.allSatisfy { $0.allows(node) } }.map(\.name)
        return excluded.count == nodes.count ? nil : excluded
    }
}

extension Constraint {
    /// Of the name of the node, else of its features.
    var isOfNodeName: Bool { SlurmDemand.Attribute(attribute) == .node }

    /// Whether sbatch can be told so in a word.
    var hasWordInSlurm: Bool { operation == .equals }

    fileprivate func allows(_ node: SlurmNodes.Node) -> Bool {
        let values = isOfNodeName ? [node.name] : node.features
        return switch operation {
        case .equals: values.contains(value)
        case .like: values.contains { Self.matches($0, value) }
        case .unlike: !values.contains { Self.matches($0, value) }
        }
    }

    /// Whether the whole text is of that form, an extended regular expression of POSIX.
    private static func matches(_ text: String, _ pattern: String) -> Bool {
        var expression = regex_t()
        guard regcomp(&expression, "^(\(pattern))$", REG_EXTENDED | REG_NOSUB) == 0 else { return false }
        defer { regfree(&expression) }
        return regexec(&expression, text, 0, nil, 0) == 0
    }
}
