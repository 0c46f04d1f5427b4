package import Scheduling
import Timetable

/// The wire shape of an answer to "why?", for `rota why --json` and the REST API alike: keys are added, never changed.
///
/// `state` is null as long as nothing was decided, `at` where no moment can be named.
package struct WhyDocument: Encodable, Sendable {
    private let why: Why

    package init(_ why: Why) { self.why = why }

    private enum Key: String, CodingKey { case job, due, isSlot, state, reasons, commands }
    private enum ReasonKey: String, CodingKey { case rule, text, at }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(why.job.text, forKey: .job)
        try container.encode(why.due.rfc3339, forKey: .due)
        try container.encode(why.isSlot, forKey: .isSlot)
        try container.encode(why.state?.rawValue, forKey: .state)
        var reasons = container.nestedUnkeyedContainer(forKey: .reasons)
        for reason in why.reasons {
            var one = reasons.nestedContainer(keyedBy: ReasonKey.self)
            try one.encode(reason.rule.rawValue, forKey: .rule)
            try one.encode(reason.text, forKey: .text)
            try one.encode(reason.at?.rfc3339, forKey: .at)
        }
        try container.encode(why.commands, forKey: .commands)
    }
}
