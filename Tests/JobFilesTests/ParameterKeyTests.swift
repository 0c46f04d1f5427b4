import JobFiles
import Scheduling
import Testing

/// `params`, read and refused.
struct ParameterKeyTests {
    @Test func aNameHasAValueOrIsToBeGiven() throws {
        let job = try job("command: x\nparams: { REGION: eu, DAY: null, EMPTY: '', ON: NO, TILDE: ~ }")
        #expect(job.parameters == ["REGION": "eu", "DAY": nil, "EMPTY": "", "ON": "NO", "TILDE": nil])
        #expect(try JobFilesTests.job("command: x").parameters.isEmpty)
    }

    /// What the ledger keeps is read back as it was, the null included.
    @Test func aDefinitionKeepsThem() throws {
        let read = JobFile.read(text: "command: x\nparams: { REGION: eu, DAY: null }", file: "jobs/test.yaml")
        let definition = try #require(read.definitions.first)
        #expect(definition.canonical.contains(#""params":{"DAY":null,"REGION":"eu"}"#))
        #expect(Definition.parse(canonical: definition.canonical)?.parameters == ["REGION": "eu", "DAY": nil])
    }

    @Test(
        arguments: [
            (
                "schedule: R/PT1H\nparams: { A: null }",
                [
                    "3:11: error: `params.A` must be given, but nobody gives it to a run that the schedule makes due; write a value for `null`"
                ]
            ),
            (
                "after: p\nparams: { A: null, B: x }",
                ["3:11: error: `params.A` must be given, but nobody gives it to a run that parents make due; write a value for `null`"]
            ),
            ("params: [A]", ["2:9: error: `params` must be a map such as { REGION: eu, DAY: null }, not a list"]),
            ("params: { A: [x] }", ["2:14: error: `params.A` must be a text, or null for one that must be given, not a list"]),
            (
                "params:\n  A:",
                ["3:3: error: `params.A` has no value; write one, \"\" for an empty text, or null for one that must be given"]
            ),
            ("params: { ROTA_DAY: x }", ["2:11: error: `ROTA_DAY` is no name of a parameter: \(ParameterName.rule)"]),
            ("params: { A-B: x }", ["2:11: error: `A-B` is no name of a parameter: \(ParameterName.rule)"]),
            (
                "env: { A: x }\nparams: { A: y }",
                ["3:11: warning: `A` stands in `env` as well, and the one in `params` counts"]
            ),
        ])
    func whatCannotBeIsToldWithItsPlace(_ lines: String, _ expected: [String]) {
        #expect(problems("command: x\n" + lines) == expected.map { "jobs/test.yaml:" + $0 })
    }
}
