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
        #expect(!place.reports.all.contains { if case .started = $0 { true } else { false } })
        return try #require(ending.reason)
    }

    private func make(_ name: String, _ content: String, mode: mode_t) throws {
        try make(name, Array(content.utf8), mode: mode)
    }

    private func make(_ name: String, _ content: [UInt8], mode: mode_t) throws {
        try Files.replace("\(place.path)/\(name)", with: content)
        chmod("\(place.path)/\(name)", mode)
        // Executing a file that anybody has open for writing is refused for that reason alone.
        try TemporaryFolder.settle("\(place.path)/\(name)")
    }

    @Test(arguments: ["\u{7f}ELF nothing that runs here", "true\n", ""]) func aFileOfNoKnownFormat(content: String) async throws {
        try make("x", content, mode: 0o700)
        #expect(try await reason(["./x"]) == "wrong-format: ./x: Exec format error")
    }

    /// The header of an ELF program: 64 bits, for a processor by its number.
    private func program(machine: UInt8, isBig: Bool = false) -> [UInt8] {
        var header: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, isBig ? 2 : 1, 1] + Array(repeating: 0, count: 9)
        header += isBig ? [0, 2, 0, machine, 0, 0, 0, 1] : [2, 0, machine, 0, 1, 0, 0, 0]
        return header + Array(repeating: 0, count: 40)
    }

    @Test(arguments: [(UInt8(243), false), (22, true)]) func aProgramOfAnotherArchitecture(machine: UInt8, isBig: Bool) async throws {
        // RISC-V and s390x, neither of which runs these tests yet.
        try make("x", program(machine: machine, isBig: isBig), mode: 0o700)
        #expect(try await reason(["./x"]) == "wrong-architecture: ./x is a program for another processor")
        #expect(
            try await reason(["x"]) {
                $0.run = "t-2"; $0.environment = ["PATH": place.path]
            }.hasPrefix("wrong-architecture: x "))
    }

    @Test func aBrokenProgramOfOurOwnArchitecture() async throws {
        let own = try #require(try Files.read(Place.keeper(), limit: 20))
        try make("x", program(machine: own[18]), mode: 0o700)
        #expect(try await reason(["./x"]).hasPrefix("wrong-format:"))
    }

    @Test func aScriptWithoutItsInterpreter() async throws {
        try make("x", "#!/nowhere/python\n", mode: 0o700)
        #expect(try await reason(["./x"]).hasPrefix("no-interpreter:"))
    }

    @Test func aUserWhomOnlyRootCanBecome() async throws {
        var launch = place.shell("t-1", "true")
        launch.user = "daemon"
        let ending = try await Unprivileged(place).end(launch)

        #expect(ending.kind == .couldNotStart)
        #expect(ending.reason == "not-permitted: cannot become user daemon, as only root can: Operation not permitted")
    }

    @Test(.enabled(if: isRoot, "only root can become a user who is denied")) func aFolderThatTheUserMayNotEnter() async throws {
        #expect(try await reason(["true"]) { ($0.user, $0.workdir) = ("nobody", "/root") }.hasPrefix("directory-denied: /root"))
    }
}
