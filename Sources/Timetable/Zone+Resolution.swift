/// The instants at which a clock on the wall shows one time.
enum Resolution: Equatable {
    case once(Instant)
    /// The clock was put back over it.
    case twice(first: Instant, last: Instant)
    /// The clock was put forward over it, by `gap` seconds; `shifted` is where it lands when it is moved later by as much.
    case never(shifted: Instant, gap: Int64)

    /// The instant that stands for the time when neither is left out nor doubled: of two the first, of none the shifted one.
    var earliest: Instant {
        switch self {
        case .once(let instant), .twice(let instant, _), .never(let instant, _): instant
        }
    }

    var latest: Instant {
        switch self {
        case .once(let instant), .twice(_, let instant), .never(let instant, _): instant
        }
    }
}

extension Zone {
    /// When a clock of this zone shows `wall`.
    ///
    /// For times within some 10 000 years of now.
    ///
    /// It tries each span of the zone that could contain the instant: those that reach within 26 hours of `wall` read as UTC.
    func resolve(_ wall: WallTime) -> Resolution {
        let seconds = wall.microseconds.floored(by: WallTime.second)
        let fraction = wall.microseconds - seconds * WallTime.second
        func instant(_ span: ZoneSpan) -> Instant {
            Instant(microseconds: (seconds - span.offset) * WallTime.second + fraction)
        }
        let horizon = seconds + ZoneRules.widestOffset
        var span = rules.span(at: seconds - ZoneRules.widestOffset)
        if span.end > horizon { return .once(instant(span)) }

        var found: (first: Instant, last: Instant)?
        while true {
            let candidate = seconds - span.offset
            if candidate >= span.start, candidate < span.end {
                found = (found?.first ?? instant(span), instant(span))
            }
            guard span.end <= horizon else { break }
            let next = rules.span(at: span.end)
            if found == nil, candidate >= span.end, seconds - next.offset < next.start {
                return .never(shifted: instant(span), gap: next.offset - span.offset)
            }
            span = next
        }
        guard let found else { return .once(instant(span)) }
        return found.first == found.last ? .once(found.first) : .twice(first: found.first, last: found.last)
    }

    /// What a clock of this zone shows at `instant`, which lies within some 10 000 years of now.
    func wall(_ instant: Instant) -> WallTime {
        WallTime(microseconds: instant.microseconds + Int64(offset(at: instant)) * WallTime.second)
    }
}
