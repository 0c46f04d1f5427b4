import Scheduling
import Timetable

extension SimulationScript {
    /// The life that `seed` draws, with other edits: of parents and joins, renames, removals and returns, whatever is under way.
    package init(editingFlowsOf seed: UInt64) {
        let plain = SimulationScript(seed: seed)
        var edit = FlowEdit(seed: seed, files: plain.first)
        var edits: [(at: Instant, files: [Job])] = []
        let span = (plain.end - plain.begin).wholeMicroseconds
        let moments = (0..<edit.draw.pick([4, 8, 16])).map { _ in Int64.random(in: 1...span, using: &edit.draw) }
        for moment in moments.sorted() {
            // Several at once, as a checkout brings them.
            for _ in 0..<edit.draw.pick([1, 1, 3]) { edit.play() }
            edits.append((plain.begin + .microseconds(moment), edit.files))
        }
        self.init(plain, edits: edits)
    }
}

/// Job files that somebody goes on editing.
private struct FlowEdit {
    var draw: SeededGenerator
    var files: [Job]
    private var removed: [Job] = []

    init(seed: UInt64, files: [Job]) {
        draw = SeededGenerator(seed: seed &* 2_862_933_555_777_941_757)
        self.files = files
    }

    mutating func play() {
        guard let place = files.indices.randomElement(using: &draw) else { return bringBack() }
        switch draw.pick([0, 0, 0, 1, 1, 2, 2, 3, 4, 5]) {
        case 0: editParents(of: place)
        case 1: rename(place)
        case 2: remove(place)
        case 3: bringBack()
        case 4: editJoin(of: place)
        default: editSchedule(of: place)
        }
    }

    /// Takes a parent away, changes what is asked of it, or adds one; now and then one that makes a circle, which takes all of it out of force.
    private mutating func editParents(of place: Int) {
        let name = files[place].name
        var after = files[place].after
        switch draw.pick([0, 1, 2, 2]) {
        case 0 where !after.isEmpty: after.remove(at: Int.random(in: after.indices, using: &draw))
        case 1 where !after.isEmpty: after[Int.random(in: after.indices, using: &draw)].on = draw.pick(EdgeCondition.allCases)
        default:
            let others = files.map(\.name).filter { other in
                other != name && !after.contains { $0.parent == other } && (draw.once(in: 12) || number(of: other) < number(of: name))
            }
            if let parent = others.randomElement(using: &draw) {
                after.append(Edge(parent: parent, on: draw.pick([.success, .success, .done])))
            }
        }
        replace(place, after: after)
    }

    /// Its children follow, or name a job that is not there any more.
    private mutating func rename(_ place: Int) {
        let old = files[place].name
        let new = JobName((old.text.hasPrefix("j") ? "k" : "j") + old.text.dropFirst()) ?? old
        guard !files.contains(where: { $0.name == new }) else { return }
        let job = files[place]
        files[place] = TestSupport.job(new, job.schedule, after: job.after) { $0.takePolicies(from: job) }
        if draw.once(in: 5) { return }
        for child in files.indices {
            let after = files[child].after.map { $0.parent == old ? Edge(parent: new, on: $0.on) : $0 }
            if after != files[child].after { replace(child, after: after) }
        }
    }

    private mutating func remove(_ place: Int) {
        let job = files.remove(at: place)
        removed.append(job)
        if draw.once(in: 5) { return }
        for child in files.indices {
            let after = files[child].after.filter { $0.parent != job.name }
            if after != files[child].after { replace(child, after: after) }
        }
    }

    private mutating func bringBack() {
        guard let place = removed.indices.randomElement(using: &draw) else { return }
        let job = removed.remove(at: place)
        if !files.contains(where: { $0.name == job.name }) { files.append(job) }
    }

    private mutating func editJoin(of place: Int) {
        let job = files[place]
        files[place] = TestSupport.job(job.name, job.schedule, after: job.after) { edited in
            edited.takePolicies(from: job)
            edited.join = job.after.isEmpty || job.join == .latest ? nil : .latest
        }
    }

    /// Gives a schedule to a member, or takes it from a head.
    private mutating func editSchedule(of place: Int) {
        let job = files[place]
        let schedule = job.schedule == nil ? files.compactMap(\.schedule).randomElement(using: &draw) : nil
        files[place] = TestSupport.job(job.name, schedule, after: job.after) { $0.takePolicies(from: job) }
    }

    private mutating func replace(_ place: Int, after: [Edge]) {
        let job = files[place]
        files[place] = TestSupport.job(job.name, job.schedule, after: after) { edited in
            edited.takePolicies(from: job)
            if after.isEmpty { edited.join = nil }
        }
    }

    private func number(of name: JobName) -> Int { Int(name.text.dropFirst()) ?? 0 }
}

extension Job {
    /// Everything but name, schedule and parents.
    fileprivate mutating func takePolicies(from other: Job) {
        let (name, schedule, after) = (name, schedule, after)
        self = other
        (self.name, self.schedule, self.after) = (name, schedule, after)
    }
}
