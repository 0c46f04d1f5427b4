import Glibc
internal import Timetable

/// Looks for outcomes between two questions to the cluster: what a keeper wrote into the run's folder needs no controller, so that an end is
/// known within half a second, however seldom the cluster is asked, and whether it answers or not.
///
/// A look costs the file server two questions for a run. No more than `most` runs are looked at in one go, one after the other in turns, so
/// that a thousand open runs cost it as much as a hundred; what the turn comes to too late, the next answer of the cluster tells.
extension SlurmWatch {
    struct Glances: Sendable {
        /// How many folders are looked into at a time.
        static let most = 64
        /// Milliseconds between two looks.
        static let pause: Int64 = 500

        /// Runs that may end at any time: that have begun, or that the cluster was not seen to keep waiting. In the order of their turns.
        var runs: [String] = []
        /// Whose turn is next.
        var next = 0
        var isUnderWay = false
        var at: Int64 = 0

        /// Those whose turn it is.
        mutating func take() -> ArraySlice<String> {
            if next >= runs.count { next = 0 }
            let end = min(next + Self.most, runs.count)
            defer { next = end }
            return runs[next..<end]
        }
    }

    /// When the next look is due; nil when there is nothing to look at, or one is under way.
    var nextGlance: Int64? { glances.runs.isEmpty || glances.isUnderWay ? nil : glances.at }

    mutating func glanceIfDue() {
        guard let due = nextGlance, LocalWatch.steadyTime() >= due else { return }
        let runs = glances.take().filter { tasks[$0]?.stage == .open }
        glances.at = LocalWatch.steadyTime() + Glances.pause
        guard !runs.isEmpty else { return }
        glances.isUnderWay = true
        helpers.glances.post { [place, inbox] in inbox.post(.glanced(Self.endings(of: runs, place))) }
    }

    private static func endings(of runs: [String], _ place: SlurmPlace) -> [String: Ending] {
        var endings: [String: Ending] = [:]
        for run in runs {
            let folder = place.folder(run)
            // Opening it makes a network file system look at the server's.
            let opened = Glibc.open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard opened >= 0 else { continue }
            Glibc.close(opened)
            if let ending = try? folder.outcome() { endings[run] = ending }
        }
        return endings
    }

    mutating func take(_ endings: [String: Ending]) {
        glances.isUnderWay = false
        for (run, ending) in endings {
            guard let task = tasks[run], task.stage == .open, !ending.isOfStoppedKeeper || task.killWanted != nil else { continue }
            // Of a second task of it, or a second life, only the cluster knows.
            mayHaveStrays = true
            tellEnd(run, ending)
        }
    }

    /// Those whose turns come from now on, as an answer of the cluster showed them.
    mutating func renewGlances() {
        // What is fetched comes with such an answer alone.
        guard place.remoteFolder == nil else { return }
        glances.runs = tasks.filter { $0.value.stage == .open && !$0.value.isQueued }.map(\.key)
    }
}
