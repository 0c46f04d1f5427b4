internal import Scheduling

/// Reads `constraints`, which has one form in both shapes: a list of `[attribute, operator, value]`.
enum ConstraintReader {
    static func constraints(in fields: inout Fields) -> [Constraint] {
        guard let element = fields.element("constraints") else { return [] }
        guard case .list(let rows) = element.content else {
            fields.findings.error(element.place, "`constraints` must be a list such as [[rack, LIKE, \"r[1-3]\"]], not \(element.kind)")
            return []
        }
        let constraints = rows.compactMap { constraint($0, fields.findings) }
        fields.record(
            "constraints", .list(constraints.map { .list([.text($0.attribute), .text($0.operation.rawValue), .text($0.value)]) }))
        return constraints
    }

    private static func constraint(_ row: Element, _ findings: Findings) -> Constraint? {
        guard case .list(let items) = row.content, items.count == 3, let attribute = items[0].text, let name = items[1].text,
            let value = items[2].text
        else {
            findings.error(row.place, "a constraint is a list of three texts such as [rack, LIKE, \"r[1-3]\"]")
            return nil
        }
        guard let operation = Constraint.Operator(rawValue: name) else {
            let known = Constraint.Operator.allCases.map(\.rawValue)
            let advice = suggestion(for: name, among: known).map { "; did you mean `\($0)`?" } ?? "; there are \(known.asWords)"
            findings.error(items[1].place, "unknown operator `\(name.shortened)`\(advice)")
            return nil
        }
        if operation != .equals, (try? Regex(value)) == nil {
            findings.error(items[2].place, "`\(value.shortened)` is no regular expression")
        }
        return Constraint(attribute: attribute, operation: operation, value: value)
    }
}

extension Element {
    /// The text, when it is one.
    var text: String? {
        guard case .text(let text) = content else { return nil }
        return text
    }
}
