import Glibc
import TestSupport
import Testing
import Timetable

@testable import Execution

// catalogue 21
@Suite(.timeLimit(.minutes(1))) struct CouldNotStartTests {
    let place: Place

    init() throws {
        place = try Place()
    }

    private func reason(_ words: [String], _ change: (inout Launch) -> Void = { _ in }) async throws -> String {
        var launch = Launch(run: "t-1", job: "test", due: .epoch, words: words, environment: ["PATH": "/usr/bin:/bin"], workdir: place.path)
        change(&launch)
        let ending = await place.end(launch)
        #expect(ending.kind == .couldNotStart)
        #expect(ending.startedAt == nil)
        #expect(ending.exitCode == nil)
        #expect(place.reports.all.count == 1, "no start is told")
        return try #require(ending.reason)
    }

    private func make(_ name: String, _ content: String, mode: mode_t) throws {
        try Files.replace("\(place.path)/\(name)", with: Array(content.utf8))
        chmod("\(place.path)/\(name)", mode)
        // Executing a file that anybody has open for writing is refused for that reason alone.
        try TemporaryFolder.settle("\(place.path)/\(name)")
    }

    @Test func aMissingProgram() async throws {
        #expect(try await reason(["./x.sh"]) == "not-found: ./x.sh: No such file or directory")
    }

    @Test func aWordThatIsNotInThePath() async throws {
        #expect(try await reason(["surely-not-there"]).hasPrefix("not-found: surely-not-there"))
    }

    @Test func aFileThatIsNoProgram() async throws {
        try make("x.sh", "#!/bin/sh\n", mode: 0o600)
        #expect(try await reason(["./x.sh"]).hasPrefix("not-executable:"))
    }

    @Test func aProgramOfAnotherArchitecture() async throws {
        try make("x", "\u{7f}ELF nothing that runs here", mode: 0o700)
        #expect(try await reason(["./x"]).hasPrefix("wrong-format:"))
    }

    @Test func aScriptWithoutItsInterpreter() async throws {
        try make("x", "#!/nowhere/python\n", mode: 0o700)
        #expect(try await reason(["./x"]).hasPrefix("no-interpreter:"))
    }

    @Test func aMissingFolder() async throws {
        #expect(try await reason(["true"]) { $0.workdir = "/nowhere" } == "no-directory: /nowhere: No such file or directory")
    }

    @Test func anUnknownUser() async throws {
        #expect(try await reason(["true"]) { $0.user = "nobody-here" } == "unknown-user: there is no user nobody-here")
    }

    @Test(.enabled(if: isRoot, "only root can become a user who is denied")) func aFolderThatTheUserMayNotEnter() async throws {
        #expect(try await reason(["true"]) { ($0.user, $0.workdir) = ("nobody", "/root") }.hasPrefix("directory-denied: /root"))
    }

    @Test func argumentsThatAreTooLong() async throws {
        let long = String(repeating: "x", count: 200_000)
        #expect(try await reason(["true", long]).hasPrefix("too-long:"))
    }

    @Test func aNulCharacter() async throws {
        #expect(try await reason(["echo", "a\0b"]).hasPrefix("not-valid:"))
    }

    @Test(arguments: ["", "../x", "a/b", ".x", "a b"]) func aRunIdThatIsNoName(run: String) async throws {
        #expect(try await reason(["true"]) { $0.run = run }.hasPrefix("not-valid:"))
    }
}
