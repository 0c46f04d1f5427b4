import JobFiles
import Scheduling
import Testing

/// rota.yaml.
struct SettingsTests {
    private func problems(_ text: String) -> [String] { Settings.read(text: text, file: "rota.yaml").problems.map(\.description) }

    @Test func everySettingIsRead() {
        let (settings, problems) = Settings.read(
            text: """
                state: /var/lib/rota
                jobs: /etc/rota/jobs
                listen: 127.0.0.1:4400
                pools: { local: 64, warehouse: 4 }
                executors:
                  local: { type: local }
                retention: { runs: P90D, logs: P30D }
                """, file: "rota.yaml")
        #expect(problems == [])
        #expect(settings.state == "/var/lib/rota" && settings.jobs == "/etc/rota/jobs" && settings.listen == "127.0.0.1:4400")
        #expect(settings.pools == ["local": PoolCapacity(runs: 64), "warehouse": PoolCapacity(runs: 4)])
        #expect(settings.executors == ["local": .local])
        #expect(settings.retention.runs == .atLeast(.seconds(90 * 86_400)))
        #expect(settings.retention.logs == .atLeast(.seconds(30 * 86_400)))
    }

    @Test func whatIsKeptForEverIsRemovedNever() {
        let retention = Settings.read(text: "retention: { runs: never }", file: "rota.yaml").settings.retention
        #expect(retention.runs == .forever && retention.logs == nil)
    }

    @Test func aPoolMayHaveProcessorsAndMemoryToo() {
        let text = "pools: { local: { runs: 64, cpus: 7.5, memory: 16GB }, p: { memory: 1GiB }, q: {} }"
        let settings = Settings.read(text: text, file: "rota.yaml").settings
        #expect(problems(text) == [])
        #expect(
            settings.pools == [
                "local": PoolCapacity(runs: 64, milliCPUs: 7_500, memory: 16_000_000_000), "p": PoolCapacity(memory: 1 << 30),
                "q": PoolCapacity(),
            ])
        let machine = PoolCapacity(runs: 64, milliCPUs: 2_000, memory: 8 << 30)
        #expect(settings.pools["p"]?.completed(by: machine) == PoolCapacity(runs: 64, milliCPUs: 2_000, memory: 1 << 30))
    }

    @Test func aPoolMayStartSoManyInASecond() {
        let text = "pools: { local: { runs: 64, maxStartsPerSecond: 10 } }"
        #expect(Settings.read(text: text, file: "rota.yaml").settings.pools == ["local": PoolCapacity(runs: 64, maxStartsPerSecond: 10)])
        #expect(problems(text) == [])
        #expect(
            problems("pools: { p: { maxStartsPerSecond: 0 } }") == [
                "rota.yaml:1:35: error: `pools.p.maxStartsPerSecond` must be a whole number from 1 to 100000, not `0`"
            ])
    }

    @Test func everySettingIsOptional() {
        #expect(Settings.read(text: "# nothing\n", file: "rota.yaml").settings == Settings())
        #expect(problems("# nothing\n") == [])
        #expect(problems("listen: '[::1]:4400'") == [])
    }

    @Test(arguments: [
        ("jobz: x", "1:1: error: unknown key `jobz`; did you mean `jobs`?"),
        ("state: [x]", "1:8: error: `state` must be a text, not a list"),
        ("listen: 4400", "1:9: error: `listen` must be an address and a port such as 127.0.0.1:4400, not `4400`"),
        ("listen: host:99999", "1:9: error: `listen` must be an address and a port such as 127.0.0.1:4400, not `host:99999`"),
        (
            "pools: { a: many }",
            "1:13: error: `pools.a` must be a whole number from 0 to 1000000, or a map such as { runs: 64, cpus: 8, memory: 16GB }, not `many`"
        ),
        ("pools: { a: { cpu: 4 } }", "1:15: error: unknown key `pools.a.cpu`; did you mean `cpus`?"),
        ("pools: { a: { cpus: 0 } }", "1:21: error: `pools.a.cpus` must be a number of processors above 0, not `0`"),
        ("pools: { a: { memory: 16G } }", "1:23: error: `pools.a.memory` must be an amount such as 512MB"),
        ("pools: 4", "1:8: error: `pools` must be a map of capacities such as { warehouse: 4 }, not `4`"),
        ("executors: { hpc: { type: slurn } }", "1:27: error: unknown type `slurn`; there are `local` or `slurm`"),
        ("executors: { hpc: {} }", "1:14: error: `executors.hpc.type` is missing; there are `local` or `slurm`"),
        ("retention: { run: P1D }", "1:14: error: unknown key `retention.run`; did you mean `runs`?"),
        ("retention: { runs: ever }", "1:20: error: `retention.runs`: "),
        ("retention: { runs: [never] }", "1:20: error: `retention.runs` must be a duration such as PT1H, not a list"),
        ("[a]", "1:2: error: the settings must be a map of keys such as `jobs: /etc/rota/jobs`, not `a`"),
    ])
    func aMistakeIsToldWithItsPlace(text: String, expected: String) {
        let told = problems(text)
        #expect(told.count == 1 && told.first?.hasPrefix("rota.yaml:" + expected) == true, "\(told)")
    }

    @Test func aMissingFileIsToldAsAProblem() {
        let problems = Settings.read(path: "/nonexistent/rota.yaml").problems
        #expect(problems.map(\.description) == ["/nonexistent/rota.yaml:1:1: error: this file cannot be read (No such file or directory)"])
    }
}
