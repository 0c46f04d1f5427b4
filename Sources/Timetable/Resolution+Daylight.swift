extension Resolution {
    func later(by elapsed: Int64) -> Resolution {
        guard elapsed != 0 else { return self }
        func later(_ instant: Instant) -> Instant { Instant(microseconds: instant.microseconds + elapsed) }
        return switch self {
        case .once(let instant): .once(later(instant))
        case .twice(let first, let last): .twice(first: later(first), last: later(last))
        case .never(let shifted, let gap): .never(shifted: later(shifted), gap: gap)
        }
    }

    /// The slots that a rule makes of the time: none, one or two.
    func slots(_ rule: DaylightRule) -> (first: Instant?, second: Instant?) {
        switch (self, rule.gap, rule.fold) {
        case (.once(let instant), _, _): (instant, nil)
        case (.never(let shifted, _), .shift, _): (shifted, nil)
        case (.never, .skip, _): (nil, nil)
        case (.twice(let first, _), _, .first): (first, nil)
        case (.twice(_, let last), _, .last): (last, nil)
        case (.twice(let first, let last), _, .both): (first, last)
        }
    }
}

/// What a change of the clock did to a slot.
package enum ClockChange: Hashable, Sendable {
    /// The local time that the schedule asks for does not exist that day; the slot is later by the length of the gap.
    case shifted(by: Duration)
    /// The local time comes twice that day; the slot is the first or the second of them.
    case firstOfTwo, lastOfTwo
}

extension Resolution {
    /// What happened to the slot at `due`, which is one of `slots`.
    func change(at due: Instant) -> ClockChange? {
        switch self {
        case .once: nil
        case .never(_, let gap): .shifted(by: .seconds(gap))
        case .twice(let first, _): due == first ? .firstOfTwo : .lastOfTwo
        }
    }
}
