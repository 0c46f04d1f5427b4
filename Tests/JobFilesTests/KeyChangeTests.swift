import JobFiles
import Testing

struct KeyChangeTests {
    private func canonical(_ text: String) throws -> String {
        let (definitions, problems) = JobFile.read(text: text, file: "jobs/a.yaml")
        #expect(problems.isEmpty, "\(problems)")
        return try #require(definitions.first).canonical
    }

    private func changes(_ before: String, _ after: String) throws -> [String] {
        try KeyChange.all(from: canonical(before), to: canonical(after)).map { "\($0.key): \($0.before ?? "-") → \($0.after ?? "-")" }
    }

    @Test func mapsAreComparedKeyByKeyAndListsAsAWhole() throws {
        let before = "command: a\nenv: { A: '1', B: '2' }\nafter: [x, y]\nretries: { limit: 3, delay: PT1M }\n"
        let after = "command: a\nenv: { A: '1', C: '3' }\nafter: [x, { job: y, on: done }]\nretries: { limit: 4, delay: PT1M }\n"
        #expect(
            try changes(before, after) == [
                "after: [x, y] → [x, { job: y, on: done }]", "env.B: 2 → -", "env.C: - → 3", "retries.limit: 3 → 4",
            ])
    }

    @Test func oneScheduleIsShownAsItStandsInTheFile() throws {
        #expect(
            try changes("command: a\nschedule: R/2026-01-01/P1D\n", "command: a\nschedule: [R/2026-01-01/P1D, R/2026-01-01/P1W]\n")
                == ["schedule: R/2026-01-01/P1D → [R/2026-01-01/P1D, R/2026-01-01/P1W]"])
    }

    @Test func whatIsOnlyWrittenOtherwiseIsNoChange() throws {
        #expect(try changes("command: a\npriority: 5\n", "# the same\npriority: '5'\ncommand: \"a\"\n").isEmpty)
    }

    @Test func aRenamingChangesNothingButTheName() throws {
        let (one, other) = (try canonical("name: one\ncommand: a\n"), try canonical("name: other\ncommand: a\n"))
        let third = try canonical("name: other\ncommand: b\n")
        #expect(KeyChange.isRenaming(from: one, to: other))
        #expect(!KeyChange.isRenaming(from: one, to: one) && !KeyChange.isRenaming(from: one, to: third))
    }
}
