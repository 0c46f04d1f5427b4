import Glibc

/// Children that we did not start: in a container the first process inherits those whose parents died, and they stay in the table of
/// processes until it asks how they ended.
struct Orphans {
    /// Milliseconds between looks.
    private static let pause: Int64 = 1000

    private let parent: pid_t
    /// Which had ended, and been asked by nobody, at the last look.
    private var ended: Set<ProcessTable.Entry> = []
    /// The steady time of the next look.
    private(set) var nextLook: Int64 = 0

    /// nil when the process does not inherit any.
    init?(of process: pid_t) {
        guard process == 1 else { return nil }
        parent = process
    }

    /// Lets those go that had ended before the last look. Children that a part of this program started are asked within that time by it.
    mutating func look(at time: Int64) {
        guard time >= nextLook else { return }
        nextLook = time + Self.pause
        let found = ((try? ProcessTable.every()) ?? []).filter { $0.parent == parent && $0.isZombie }
        for process in ended.intersection(found) { waitpid(process.pid, nil, WNOHANG) }
        ended = Set(found)
    }
}
