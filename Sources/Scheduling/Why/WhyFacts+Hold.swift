import Timetable

/// What somebody's hold did to a run that is not held any more.
extension WhyFacts {
    private struct Hold {
        /// ` by ada`
        var by: String
        let since: Instant
        var until: Instant?
        var releasedBy: String?
    }

    /// Who held it, when and for how long; as long as it is held, what it waits for tells that.
    func tellHolds(of run: Run, _ why: inout Why) {
        for hold in holds {
            guard let until = hold.until ?? run.endedAt else { continue }
            let end = hold.releasedBy.map { "until \($0) released it at \(moment(until))" } ?? "until \(moment(until))"
            why.say(
                .hold, at: hold.since,
                "It was held\(hold.by) from \(moment(hold.since)) \(end), for \(length(from: hold.since, to: until)).")
        }
    }

    /// The row and the request of one step may be noted in either order.
    private var holds: [Hold] {
        var holds: [Hold] = []
        for note in trail {
            if note.kind == "request.release" {
                guard let last = holds.indices.last, holds[last].until ?? note.at == note.at else { continue }
                (holds[last].until, holds[last].releasedBy) = (note.at, note.who)
            } else if note.kind == "run.waiting", case .held(let who) = Cause(note.detail) {
                if holds.isEmpty || holds.last?.until != nil { holds.append(Hold(by: who, since: note.at)) }
            } else if note.kind.hasPrefix("run."), let last = holds.indices.last, holds[last].until == nil {
                holds[last].until = note.at
            }
        }
        return holds
    }
}
