import Daemon
import Foundation
import Scheduling
import TestSupport
import Testing
import Timetable

/// A real ledger with real folders of runs, damaged at random: what comes of it is a scheduler that works, or a clear refusal, and never a
/// run that is started again.
///
/// DAMAGE_SEED plays one seed, DAMAGE_SEEDS as many as it says, from 1 on.
struct DamagedLedgerTests {
    private static let seeds: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["DAMAGE_SEED"].flatMap(UInt64.init) { return [seed] }
        return Array(1...(environment["DAMAGE_SEEDS"].flatMap(UInt64.init) ?? 40))
    }()

    // catalogue 34
    @Test(.timeLimit(.minutes(10))) func randomDamageStartsNothingAgain() async throws {
        let base = try await Base()
        var refused: [UInt64] = []
        var rebuilt = 0
        for seed in Self.seeds {
            var random = SeededGenerator(seed: seed)
            let copy = try base.copy()
            let damage = try copy.damage(&random)
            switch await copy.play() {
            case .works: rebuilt += StateFolder.rebuildNotices(in: copy.state).count
            case .refused: refused.append(seed)
            case .fails(let fault): Issue.record("DAMAGE_SEED=\(seed), \(damage): \(fault)")
            }
        }
        guard Self.seeds.count > 1 else { return }
        // A refusal tells where, and is no answer to damage: hardly any is worse than what a rebuild is for.
        #expect(refused.count * 10 <= Self.seeds.count, "refused: \(refused)")
        #expect(rebuilt * 2 >= Self.seeds.count, "rebuilt: \(rebuilt) of \(Self.seeds.count)")
    }
}

/// A state folder as a scheduler leaves it that is killed: three hours of slots, a failure, a flow, a pause.
private final class Base {
    let folder: TemporaryFolder
    static let now = DaemonFixture.start + .seconds(3 * 3_600 + 60)

    init() async throws {
        folder = try TemporaryFolder()
        let place = LocalDaemon(folder.path)
        try FileManager.default.createDirectory(atPath: place.jobs, withIntermediateDirectories: true)
        let mark = "echo $ROTA_JOB $ROTA_DUE $ROTA_ATTEMPT >> \"$MARKS\""
        let hourly = "schedule: R/2026-03-01T01:00:00Z/PT1H\nenv: { MARKS: \(folder.path)/marks }\ncommand: \(mark)"
        var jobs = ["child": "after: [a]\nenv: { MARKS: \(folder.path)/marks }\ncommand: \(mark)\n", "probe": "command: 'true'\n"]
        for name in ["a", "b", "c", "d"] { jobs[name] = hourly + "\n" }
        jobs["failing"] = hourly + "; exit 3\n"
        jobs["paused"] = hourly + "\n"
        for (name, text) in jobs { try folder.write(text, to: "jobs/\(name).yaml") }
        let clock = ManualClock(DaemonFixture.start)
        let ends = Ends()
        let daemon = try place.open(clock, ends)
        let task = Task { await daemon.run() }
        _ = await daemon.request(.pause(.job(JobName("paused")), by: "ada"), who: "test")
        for _ in 1...3 {
            clock.advance(by: .seconds(3_600))
            // a, b, c, d, child and failing.
            for _ in 1...6 { _ = await ends.next() }
        }
        // Between two commits, as a kill finds it: with its write-ahead log.
        _ = await daemon.request(.run(JobName("probe"), parameters: [:]), who: "test")
        _ = await ends.next()
        try FileManager.default.copyItem(atPath: place.state, toPath: folder.path + "/killed")
        daemon.stop()
        await task.value
    }

    func copy() throws -> LocalDaemon {
        let copy = LocalDaemon(folder.path)
        try? FileManager.default.removeItem(atPath: copy.state)
        try FileManager.default.copyItem(atPath: folder.path + "/killed", toPath: copy.state)
        return copy
    }
}

/// What became of a scheduler on a damaged ledger.
private enum Play {
    case works
    case refused
    case fails(String)
}

extension LocalDaemon {
    /// - Returns: What was done, in words.
    fileprivate func damage(_ random: inout SeededGenerator) throws -> String {
        let name = Int.random(in: 0..<3, using: &random) == 0 ? "rota.db" : "rota.db-wal"
        let file = state + "/" + name
        var data = try Data(contentsOf: URL(fileURLWithPath: file))
        let place = data.isEmpty ? 0 : Int.random(in: 0..<data.count, using: &random)
        let words: String
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
            data = data.prefix(place)
            words = "cut at \(place)"
        case 1:
            if !data.isEmpty { data[place] ^= UInt8.random(in: 1...255, using: &random) }
            words = "byte \(place) flipped"
        case 2:
            let page = place / 4_096 * 4_096
            for index in page..<min(page + 4_096, data.count) { data[index] = UInt8.random(in: 0...255, using: &random) }
            words = "page at \(page) of noise"
        case 3:
            let page = place / 4_096 * 4_096
            for index in page..<min(page + 4_096, data.count) { data[index] = 0 }
            words = "page at \(page) of zeros"
        case 4:
            for _ in 0..<64 where !data.isEmpty {
                data[Int.random(in: 0..<data.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            words = "64 bytes of noise"
        default:
            data = Data("something else altogether".utf8)
            words = "replaced"
        }
        try data.write(to: URL(fileURLWithPath: file))
        return "\(name): \(words)"
    }

    /// Starts a scheduler on it, and lets an hour go by.
    fileprivate func play() async -> Play {
        let before = marks()
        let clock = ManualClock(Base.now)
        let ends = Ends()
        let daemon: Daemon
        do {
            daemon = try open(clock, ends)
        } catch {
            // A refusal is fine as long as it tells where.
            return "\(error)".contains(state) ? .refused : .fails("it is refused without a place: \(error)")
        }
        let task = Task { await daemon.run() }
        let answer = await daemon.request(.run(JobName("probe"), parameters: [:]), who: "test")
        if case .accepted = answer { _ = await ends.next() }
        daemon.stop()
        await task.value
        let after = marks()
        if after != before { return .fails("it started \(after.dropFirst(before.count)) once more") }
        return answer.isAccepted ? .works : .fails("it does not work: \(answer)")
    }
}
