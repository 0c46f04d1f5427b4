import JobFiles
import Scheduling
import TestSupport
import Testing

struct DurationFileTests {
    @Test func aMapOfNamesAndDurationsInYAMLOrJSON() {
        let (read, problems) = DurationFile.read(text: "backup: PT10M # long\nreport: PT90S\n", file: "d.yaml")
        #expect(problems.isEmpty && read == ["backup": .seconds(600), "report": .seconds(90)])
        #expect(DurationFile.read(text: "{\"backup\": \"PT1H\"}", file: "d.json").durations == ["backup": .seconds(3600)])
    }

    @Test func everyProblemIsToldInItsPlace() {
        let (read, problems) = DurationFile.read(text: "a: PT10M\nb: 10\nno name: PT1S\n", file: "d.yaml")
        #expect(read == ["a": .seconds(600)])
        #expect(problems.map(\.line) == [2, 3] && problems[0].message.contains("`b`"), "\(problems)")
        #expect(DurationFile.read(text: "PT1S", file: "d.yaml").problems.count == 1)
        #expect(DurationFile.read(path: "/nowhere/d.yaml").problems.count == 1)
    }
}
