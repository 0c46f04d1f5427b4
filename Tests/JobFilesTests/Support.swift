import JobFiles
import Scheduling
import Testing

/// The one job of a text that must be without errors.
func job(_ text: String, file: String = "jobs/test.yaml", sourceLocation: SourceLocation = #_sourceLocation) throws -> Job {
    let (definitions, problems) = JobFile.read(text: text, file: file)
    #expect(problems.filter { $0.severity == .error } == [], sourceLocation: sourceLocation)
    #expect(definitions.count == 1, sourceLocation: sourceLocation)
    return try #require(definitions.first?.job, sourceLocation: sourceLocation)
}

/// What is wrong with a text, as users read it.
func problems(_ text: String, file: String = "jobs/test.yaml") -> [String] {
    JobFile.read(text: text, file: file).problems.map(\.description)
}

func name(_ text: String) -> JobName {
    guard let name = JobName(text) else { fatalError("`\(text)` is no name of a job") }
    return name
}
