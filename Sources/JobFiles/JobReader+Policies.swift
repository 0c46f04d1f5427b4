internal import Scheduling
internal import Timetable

/// The policies of a job's runs, and what is promised and told about them.
extension JobReader {
    mutating func readPolicies(of job: inout Job) {
        job.timeout = positive("timeout")
        job.killAfter = fields.duration("killAfter") ?? job.killAfter
        job.retries = retries()
        job.startWithin = positive("startWithin")
        job.catchUp = fields.choice("catchUp", CatchUp.allCases) ?? job.catchUp
        job.maxCatchUp = maxCatchUp(job.catchUp)
        job.overlap = overlap() ?? job.overlap
        job.onUnknown = fields.choice("onUnknown", OnUnknown.allCases) ?? job.onUnknown
        job.softError = fields.flag("softError") ?? false
        job.disabled = fields.flag("disabled") ?? false
    }

    private mutating func maxCatchUp(_ catchUp: CatchUp) -> Int? {
        let most = fields.integer("maxCatchUp", in: 1...100_000)
        if most != nil, catchUp != .all {
            let place = fields.placeOfKey("maxCatchUp")
            fields.findings.warning(place, "`maxCatchUp` has no effect without `catchUp: all`")
        }
        return most
    }

    /// One of four words, or `{ allow: n }`.
    private mutating func overlap() -> Overlap? {
        if let element = fields.element("overlap"), case .map = element.content {
            return fields.map("overlap", known: ["allow"]) { fields in
                if !fields.has("allow") {
                    let advice = "say how many runs may be under way at once, such as { allow: 2 }"
                    fields.findings.error(fields.place, "`overlap.allow` is missing; \(advice)")
                }
                return fields.integer("allow", in: 1...1_000_000).map(Overlap.allowUpTo)
            } ?? nil
        }
        return fields.choice("overlap", among: Overlap.words.map(\.word), or: "{ allow: 2 }").flatMap { word in
            Overlap.words.first { $0.word == word }?.overlap
        }
    }

    mutating func readPromises(of job: inout Job) {
        job.expect = expectation()
        job.expect.zone = job.expect.endBy == nil ? .utc : zone
        job.notify = notification()
        for (key, value) in fields.textMap("labels") ?? [] {
            if key.value.isEmpty { findings.error(key.place, "a label needs a name") }
            job.labels[key.value] = value
        }
    }

    private mutating func positive(_ key: String) -> Duration? {
        guard let duration = fields.duration(key) else { return nil }
        if duration <= .zero {
            findings.error(fields.placeOfValue(key), "`\(key)` must be longer than nothing; take it out to have no limit")
        }
        return duration
    }

    private mutating func retries() -> Retries {
        if let element = fields.element("retries"), case .text = element.content {
            return Retries(limit: fields.integer("retries", in: 0...1_000_000) ?? 0)
        }
        let retries = fields.map("retries", known: ["limit", "delay", "backoff", "maxDelay", "jitter", "on", "exitCodes"]) { fields in
            if !fields.has("limit") { fields.findings.error(fields.place, "`retries.limit` is missing; say how many retries there may be") }
            var retries = Retries(
                limit: fields.integer("limit", in: 0...1_000_000) ?? 0,
                delay: fields.duration("delay") ?? .seconds(60),
                backoff: fields.number("backoff", in: 1...1000, "a number from 1 to 1000") ?? 1,
                maxDelay: fields.duration("maxDelay")
            )
            retries.jitter = fields.number("jitter", in: 0...1, "a part of the wait from 0 to 1") ?? 0
            retries.on = Self.retriedEnds(in: &fields) ?? retries.on
            retries.exitCodes = ExitCodes.read(from: &fields)
            if retries.exitCodes != nil, !retries.on.contains(.failed) {
                let place = fields.placeOfKey("exitCodes")
                fields.findings.warning(place, "`retries.exitCodes` has no effect, for `retries.on` does not name `failed`")
            }
            return retries
        }
        return retries ?? Retries()
    }

    private static func retriedEnds(in fields: inout Fields) -> Set<Retries.Occasion>? {
        guard let texts = fields.texts("on", "an end") else { return nil }
        let known = Retries.Occasion.allCases.map(\.rawValue)
        if texts.isEmpty {
            fields.findings.error(
                fields.placeOfValue("on"), "`retries.on` is an empty list; name \(known.asWords), or write `retries: 0` to retry nothing")
        }
        let ends = texts.compactMap { text in
            if let end = Retries.Occasion(rawValue: text.value) { return end }
            let advice = suggestion(for: text.value, among: known).map { "did you mean `\($0)`?" } ?? "there are \(known.asWords)"
            fields.findings.error(text.place, "unknown end `\(text.value.shortened)`; \(advice)")
            return nil
        }
        return Set(ends)
    }

    private mutating func expectation() -> Expectation {
        let expectation = fields.map("expect", known: ["startWithin", "endBy", "duration"]) { fields in
            var expectation = Expectation()
            expectation.startWithin = fields.duration("startWithin")
            expectation.duration = fields.duration("duration")
            if let text = fields.text("endBy") {
                expectation.endBy = Self.minutes(of: text)
                if expectation.endBy == nil {
                    let place = fields.placeOfValue("endBy")
                    fields.findings.error(place, "`expect.endBy` must be a time of day such as \"06:00\", not `\(text.shortened)`")
                }
            }
            return expectation
        }
        return expectation ?? Expectation()
    }

    /// Minutes after midnight of `06:00`; `24:00` is the end of the day.
    private static func minutes(of text: String) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.count == 2 && $0.allSatisfy { "0123456789".contains($0) } }) else { return nil }
        guard let hour = Int(parts[0]), let minute = Int(parts[1]), minute < 60, hour * 60 + minute <= 24 * 60 else { return nil }
        return hour * 60 + minute
    }

    private mutating func notification() -> Notification {
        let notification = fields.map("notify", known: ["on", "webhook", "email"]) { fields in
            var notification = Notification()
            notification.on = Self.occasions(in: &fields)
            notification.webhook = fields.nonEmptyText("webhook")
            if let webhook = notification.webhook, !webhook.hasPrefix("http://"), !webhook.hasPrefix("https://") {
                let place = fields.placeOfValue("webhook")
                fields.findings.error(place, "`notify.webhook` must begin with https:// or http://, not be `\(webhook.shortened)`")
            }
            for address in fields.texts("email", "an address") ?? [] {
                if !address.value.contains("@") {
                    fields.findings.error(address.place, "`\(address.value.shortened)` is no address; write for example ops@example.org")
                }
                notification.email.append(address.value)
            }
            return notification
        }
        return notification ?? Notification()
    }

    private static func occasions(in fields: inout Fields) -> [Notification.Occasion] {
        let known = Notification.Occasion.allCases.map(\.rawValue)
        return (fields.texts("on", "an occasion") ?? []).compactMap { text in
            if let occasion = Notification.Occasion(rawValue: text.value) { return occasion }
            let advice = suggestion(for: text.value, among: known).map { "did you mean `\($0)`?" } ?? "there are \(known.asWords)"
            fields.findings.error(text.place, "unknown occasion `\(text.value.shortened)`; \(advice)")
            return nil
        }
    }
}
