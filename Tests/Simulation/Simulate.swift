// Compiled by scripts/simulate together with the core and the simulation, not by SwiftPM.

import Glibc
import TestSupport

/// Plays seeds on all processors until there are none left or the time is over, and ends with 1 when some property did not hold.
@main struct Simulate {
    static func main() async {
        let options = Options(CommandLine.arguments.dropFirst())
        print("from seed \(options.first), \(options.properties.map(\.rawValue).joined(separator: ", "))")
        let clock = ContinuousClock()
        let began = clock.now
        var tally = Tally()
        await withTaskGroup(of: Played.self) { group in
            var next = options.first
            func add() -> Bool {
                guard next <= options.last, options.limit.map({ clock.now - began < $0 }) ?? true else { return false }
                let seed = next
                group.addTask { play(seed, options) }
                next += 1
                return true
            }
            for _ in 0..<max(1, options.processors) where !add() { break }
            while let played = await group.next() {
                tally.add(played)
                if tally.seeds % 1_000 == 0 { print("\(tally.seeds) seeds in \(seconds(clock.now - began)) s") }
                _ = add()
            }
        }
        print("\(tally.seeds) seeds in \(seconds(clock.now - began)) s, \(tally.faulty) with faults")
        exit(tally.faulty == 0 ? 0 : 1)
    }

    struct Played: Sendable {
        let seed: UInt64
        let faults: [(property: SimulationProperty, texts: [String])]
    }

    struct Tally {
        var seeds = 0
        var faulty = 0

        mutating func add(_ played: Played) {
            seeds += 1
            if played.faults.isEmpty { return }
            faulty += 1
            for (property, texts) in played.faults {
                print("seed \(played.seed), \(property.rawValue): \(texts.count) faults")
                for text in texts.prefix(4) { print("  " + text) }
            }
        }
    }

    static func play(_ seed: UInt64, _ options: Options) -> Played {
        let found = options.properties.map { (property: $0, texts: $0.faults(of: seed, jobs: options.jobs, trace: options.traces)) }
        return Played(seed: seed, faults: found.filter { !$0.texts.isEmpty })
    }

    static func seconds(_ duration: Duration) -> Int64 { duration.components.seconds }
}

struct Options: Sendable {
    var first: UInt64 = 1
    var last = UInt64.max
    var limit: Duration?
    var properties = SimulationProperty.allCases
    /// How many jobs the flows of `reference` are made of.
    var jobs: Int?
    var traces = false
    var processors = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))

    /// scripts/simulate has looked at the words already.
    init(_ words: some Sequence<String>) {
        var iterator = words.makeIterator()
        while let word = iterator.next(), let value = iterator.next() {
            switch word {
            case "--from": first = UInt64(value) ?? first
            case "--seeds": last = first + (UInt64(value) ?? 1) - 1
            case "--seconds": limit = Int64(value).map { .seconds($0) }
            case "--property": properties = SimulationProperty(rawValue: value).map { [$0] } ?? properties
            case "--jobs": jobs = Int(value)
            case "--trace": traces = value == "1"
            case "--processors": processors = Int(value) ?? processors
            default: break
            }
        }
        if jobs != nil, properties.count > 1 { properties = [.reference, .referenceWithCrashes] }
    }
}
