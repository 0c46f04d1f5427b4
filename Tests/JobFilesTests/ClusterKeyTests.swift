import JobFiles
import Scheduling
import Testing

/// `gres`, `slurm` and the causes in `retries.on`: what a job says of clusters.
struct ClusterKeyTests {
    @Test(arguments: [
        ("gpu:2", ["gpu:2"]), ("gpu", ["gpu"]), ("'gpu:a100:2, mps:100'", ["gpu:a100:2", "mps:100"]),
        ("[gpu:2, tmp:5G]", ["gpu:2", "tmp:5G"]),
        ("{ gpu: 2 }", ["gpu:2"]), ("{ gpu:a100: 1, mps: 50 }", ["gpu:a100:1", "mps:50"]), ("[]", []),
    ])
    func genericResourcesHaveSeveralForms(text: String, resources: [String]) throws {
        #expect(try job("command: x\ngres: \(text)").gres == resources)
    }

    @Test func theFormsOfOneThingAreOneVersion() throws {
        let texts = ["{ gpu: 2 }", "gpu:2", "[gpu:2]"]
        #expect(Set(try texts.map { try job("name: a\ncommand: x\ngres: \($0)").version }).count == 1)
    }

    @Test func theCanonicalTextOfAJobForAClusterIsReadAgainAsTheSameJob() throws {
        let keys = "gres: { gpu: 2 }\nslurm: { nice: 100, exclusive: true }\nretries: { limit: 1, on: [preempted] }"
        let text = "name: a\ncommand: x\nrunOn: hpc\n" + keys
        let definition = try #require(JobFile.read(text: text, file: "a.yaml").definitions.first)
        #expect(definition.canonical.contains(#""gres":["gpu:2"]"#))
        #expect(definition.canonical.contains(#""slurm":{"exclusive":true,"nice":"100"}"#))
        #expect(Definition.parse(canonical: definition.canonical) == definition.job)
        #expect(
            KeyChange.all(from: definition.canonical, to: definition.canonical.replacing("100", with: "200"))
                == KeyChange.all(from: #"{"slurm":{"nice":"100"}}"#, to: #"{"slurm":{"nice":"200"}}"#), "told option by option")
    }

    @Test(arguments: [
        ("gres: 'gpu:'", ["2:7: error: `gpu:` is no generic resource; write its name, and how many: gpu, gpu:2, gpu:a100:2"]),
        ("gres: [gpu:2, '--x']", ["2:15: error: `--x` is no generic resource; write its name, and how many: gpu, gpu:2, gpu:a100:2"]),
        ("gres: gpu:a:b", ["2:7: error: `gpu:a:b` is no generic resource; write its name, and how many: gpu, gpu:2, gpu:a100:2"]),
        ("gres: { gpu: many }", ["2:14: error: `gres.gpu` must be a whole number from 1 to 1000000 such as 2, not `many`"]),
        ("gres: { gpu: [1] }", ["2:14: error: `gres.gpu` must be a whole number from 1 to 1000000 such as 2, not a list"]),
        ("gres: [[gpu]]", ["2:8: error: `gres` must hold a resource such as gpu:2, not a list"]),
        ("slurm: nice", ["2:8: error: `slurm` must be a map of options such as { nice: 100, exclusive: true }, not `nice`"]),
        ("slurm: { --nice: 1 }", ["2:10: error: `--nice` is no name of an option; write it without dashes"]),
        (
            "slurm: { 'nice=1 x': 1 }",
            ["2:10: error: `nice=1 x` is no name of an option; names are written as after `--`, such as `mail-type`"]
        ),
        ("slurm: { nice: }", ["2:10: error: `slurm.nice` has no value; write one, or true for an option without one"]),
        ("slurm: { exclusive: false }", ["2:21: error: `slurm.exclusive`: an option that is not wanted is left out; take it out"]),
        ("slurm: { nice: [1] }", ["2:16: error: `slurm.nice` must be a text or true, not a list"]),
        (
            "retries: { limit: 1, on: prempted }",
            ["2:26: error: unknown end `prempted`; did you mean `preempted`?"]
        ),
    ])
    func aBadValueIsToldWithItsPlace(line: String, expected: [String]) {
        #expect(problems("command: x\n" + line) == expected.map { "jobs/test.yaml:" + $0 })
    }

    @Test func everyCauseMayBeNamed() throws {
        let words = Retries.Occasion.allCases.map(\.rawValue)
        #expect(words.count == 9)
        let named = try job("command: x\nretries: { limit: 1, on: [\(words.joined(separator: ", "))] }").retries.on
        #expect(named == Set(Retries.Occasion.allCases))
        #expect(try job("command: x\nretries: 1").retries.on == Set(Retries.Occasion.allCases).subtracting([.cancelled]))
    }
}
