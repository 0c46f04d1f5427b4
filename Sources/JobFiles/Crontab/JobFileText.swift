internal import Yams

/// Writes a job as a file that is pleasant to read.
///
/// The values are those of docs/job-files.md; nothing is checked here.
struct JobFileText {
    var name: String
    var description: String?
    var cron: String
    var zone: String
    var spread: String?
    var command: CrontabCommand.Job
    var workdir: String?
    var user: String?
    var environment: [(name: String, value: String)] = []
    var addresses: [String] = []
    var isDisabled = false
    /// Lines of a comment at the top.
    var heading: [String] = []

    private static let remarkOnHabits = "# As under cron. Without these two lines: catchUp: latest, overlap: queue."

    /// - Throws: Only what Yams throws for want of memory.
    func text() throws -> String {
        let heading = heading.map { line in "#" + (line.isEmpty ? "" : " ") + Self.comment(line) }
        return try (heading + [Self.text(of: what), Self.remarkOnHabits, Self.text(of: policies)]).joined(separator: "\n") + "\n"
    }

    private var what: [(String, Node)] {
        var pairs = [("name", Self.scalar(name))]
        if let description { pairs.append(("description", Self.scalar(description))) }
        pairs += [("cron", Self.scalar(cron, .doubleQuoted)), ("zone", Self.scalar(zone))]
        if let spread { pairs.append(("spread", Self.scalar(spread))) }
        pairs.append(("command", commandNode))
        if let workdir { pairs.append(("workdir", Self.scalar(workdir))) }
        if let user { pairs.append(("user", Self.scalar(user))) }
        if !environment.isEmpty { pairs.append(("env", variables)) }
        return pairs
    }

    private var variables: Node {
        .mapping(Node.Mapping(environment.map { (Self.scalar($0.name), Self.scalar($0.value)) }, Tag(.map), .block))
    }

    private var policies: [(String, Node)] {
        var pairs = [("catchUp", Self.scalar("none")), ("overlap", Self.scalar("allow"))]
        if !addresses.isEmpty {
            let on = Self.list(["failure", "recovery"].map { Self.scalar($0) })
            let email = addresses.count == 1 ? Self.scalar(addresses[0]) : Self.list(addresses.map { Self.scalar($0) })
            pairs.append(("notify", Self.map([("on", on), ("email", email)], .flow)))
        }
        if isDisabled { pairs.append(("disabled", Self.scalar("true", .plain))) }
        return pairs
    }

    private var commandNode: Node {
        switch command {
        case .text(let text): Self.scalar(text)
        case .words(let words): Self.list(words.map { Self.scalar($0) })
        }
    }

    private static func text(of pairs: [(String, Node)]) throws -> String {
        var text = try serialize(node: map(pairs), indent: 2, width: -1, allowUnicode: true)
        while text.hasSuffix("\n") { text.removeLast() }
        return text
    }

    private static func map(_ pairs: [(String, Node)], _ style: Node.Mapping.Style = .block) -> Node {
        .mapping(Node.Mapping(pairs.map { (scalar($0.0, .plain), $0.1) }, Tag(.map), style))
    }

    private static func list(_ nodes: [Node]) -> Node { .sequence(Node.Sequence(nodes, Tag(.seq), .flow)) }

    /// In quotes where other readers of YAML would take it for a number, a date, or nothing; several lines as a block.
    private static func scalar(_ text: String, _ style: Node.Scalar.Style? = nil) -> Node {
        let isText = Node(text).tag == Tag(.str)
        let usual: Node.Scalar.Style = text.contains("\n") ? .literal : isText ? .any : .singleQuoted
        return .scalar(Node.Scalar(text, Tag(.str), style ?? usual))
    }

    /// Characters that YAML has no place for in a comment are shown as `�`.
    private static func comment(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isFit = scalar == "\t" || !(0xFFFE...0xFFFF).contains(scalar.value) && scalar != "\u{FEFF}"
            scalars.append(isFit ? scalar : "\u{FFFD}")
        }
        return String(scalars).split(separator: "\t", omittingEmptySubsequences: false).map { String($0).onOneLine }.joined(separator: "\t")
    }
}
