import Foundation
import Scheduling
import Timetable

/// Promises and breaches in text columns, as JSON; null where there are none. Instants are microseconds.
enum PromiseText {
    private struct Stored: Codable {
        var startBy: Int64?
        var endBy: Int64?
        var duration: Int64?
    }

    private struct StoredOfMember: Codable {
        var endBy: Int64
        var broken: Bool
    }

    static func of(_ promises: Promises) -> String? {
        if promises.isEmpty { return nil }
        let stored = Stored(
            startBy: promises.startBy?.microseconds, endBy: promises.endBy?.microseconds, duration: promises.duration?.wholeMicroseconds)
        return text(stored)
    }

    static func promises(_ text: String?) throws -> Promises {
        guard let stored = try JSONText.value(text, as: Stored.self) else { return Promises() }
        return Promises(
            startBy: stored.startBy.map(Instant.init(microseconds:)), endBy: stored.endBy.map(Instant.init(microseconds:)),
            duration: stored.duration.map { .microseconds($0) })
    }

    static func of(_ breaches: Set<Breach>) -> String? {
        breaches.isEmpty ? nil : text(breaches.map(\.rawValue).sorted())
    }

    static func breaches(_ text: String?) throws -> Set<Breach> {
        Set((try JSONText.value(text, as: [String].self) ?? []).compactMap(Breach.init))
    }

    static func of(_ promises: [JobName: FlowPromise]) -> String? {
        JSONText.of(
            Dictionary(uniqueKeysWithValues: promises.map { ($0.text, StoredOfMember(endBy: $1.endBy.microseconds, broken: $1.isBroken)) }))
    }

    static func members(_ text: String?) throws -> [JobName: FlowPromise] {
        let stored = try JSONText.value(text, as: [String: StoredOfMember].self) ?? [:]
        return Dictionary(
            uniqueKeysWithValues: stored.compactMap { name, promise in
                JobName(name).map { ($0, FlowPromise(endBy: Instant(microseconds: promise.endBy), isBroken: promise.broken)) }
            })
    }

    private static func text(_ value: some Encodable) -> String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) }
    }
}
