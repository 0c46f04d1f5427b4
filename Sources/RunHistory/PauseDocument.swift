package import Scheduling
import Timetable

/// The wire shape of a pause, for the commands and the REST API alike: keys are added, never changed.
///
/// `scope` is `job`, `label` or `everything`; `job`, `label` and `value` are null where they do not apply.
package struct PauseDocument: Encodable, Sendable {
    private let pause: Pause

    package init(_ pause: Pause) { self.pause = pause }

    private enum Key: String, CodingKey { case scope, job, label, value, by, since }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        let (scope, job, label, value): (String, String?, String?, String?) =
            switch pause.scope {
            case .job(let name): ("job", name.text, nil, nil)
            case .label(let key, let value): ("label", nil, key, value)
            case .everything: ("everything", nil, nil, nil)
            }
        try container.encode(scope, forKey: .scope)
        try container.encode(job, forKey: .job)
        try container.encode(label, forKey: .label)
        try container.encode(value, forKey: .value)
        try container.encode(pause.by, forKey: .by)
        try container.encode(pause.since.rfc3339, forKey: .since)
    }
}
