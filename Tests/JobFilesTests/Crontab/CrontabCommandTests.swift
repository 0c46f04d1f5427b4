import Foundation
import Glibc
import Testing

@testable import JobFiles

/// Commands and what they read, down to the byte, with a real shell.
struct CrontabCommandTests {
    // As do_command.c of Vixie's cron and of cronie does it.
    @Test(arguments: [
        ("date +\\%F", "date +%F", ""), ("a%b", "a", "b\n"), ("a%", "a", ""), ("a%%", "a", "\n"), ("a%b%c%", "a", "b\nc\n"),
        ("a\\%b%c\\%d", "a%b", "c%d\n"),
        ("a \\n b", "a \\n b", ""), ("a%\\n\\\\x", "a", "\\n\\\\x\n"), ("%x", "", "x\n"), ("a\\", "a\\", ""), ("a%b\\\\%c", "a", "b\\%c\n"),
        ("a % b ", "a ", " b \n"),
    ])
    func percentSignsMeanWhatTheyMeanToCron(_ written: String, _ text: String, _ input: String) {
        for dialect in CronDialect.allCases {
            let command = CrontabCommand(written, dialect: dialect)
            #expect(command.text == text && command.input == input, "\(command)")
        }
    }

    @Test func theCronsDifferInBackslashes() {
        #expect(CrontabCommand("a\\\\b \\\\\\% c", dialect: .vixie).text == "a\\b \\% c")
        #expect(CrontabCommand("a\\\\b \\\\\\% c", dialect: .cronie).text == "a\\\\b \\\\% c")
    }

    @Test func withoutInputTheTextIsTheCommand() {
        let command = CrontabCommand("cd /srv && ./a.sh | b", dialect: .vixie)
        #expect(command.job(shell: "/bin/sh") == .text("cd /srv && ./a.sh | b"))
        #expect(command.job(shell: "/bin/bash") == .words(["/bin/bash", "-c", "cd /srv && ./a.sh | b"]))
    }

    @Test func inputIsAHereDocument() {
        let command = CrontabCommand("mail -s \"It's 10pm\" joe%Joe,%%Where are your kids?%", dialect: .vixie)
        #expect(command.job(shell: "/bin/sh") == .text("mail -s \"It's 10pm\" joe <<'END'\nJoe,\n\nWhere are your kids?\nEND\n"))
        #expect(CrontabCommand("cat%END%END2", dialect: .vixie).job(shell: "/bin/sh") == .text("cat <<'END3'\nEND\nEND2\nEND3\n"))
        #expect(CrontabCommand("a; cat%b", dialect: .vixie).job(shell: "/bin/sh") == .text("exec /bin/sh -c 'a; cat' <<'END'\nb\nEND\n"))
        #expect(CrontabCommand("cat%b", dialect: .vixie).job(shell: "/opt/a b") == .text("exec '/opt/a b' -c 'cat' <<'END'\nb\nEND\n"))
    }

    private static let commands = [
        "cat", "cat -A", "read first; echo \"<$first>\"; cat", "cat; exit 3", "cat && echo 'it'\\''s' \"$HOME\"",
        "{ read x; cat; } | tail -n 2", "cat # a comment",
        "(cat) 2>&1", "if read x; then echo \"[$x]\"; fi", "for i in 1 2; do read x; echo $i $x; done", "exec cat",
        "while read x; do echo \"$x.\"; done", "x=1 cat",
        "cat -", "echo `cat`", "echo \"$(cat)\"", "printf '\\%s|' a b; cat", "echo a\\;b; cat", "cat | cat", "! cat",
    ]
    private static let inputs = [
        "a", "", "a%b", "%", "%%a%%", "END", "END%END2%END", "'", "\"", "$HOME `id` $(id)", "a\\b\\\\c", "\\%d", "  two  blanks ",
        "ä→Ёж😀\u{81}\u{88}", "EOF'", "#", "<<X",
        "\ttab", "-n", "\\\\%\\\\", "e\u{301}",
    ]

    @Test(arguments: commands) func theShellSeesWhatCronWouldGiveIt(_ text: String) throws {
        for (index, input) in Self.inputs.enumerated() {
            let command = CrontabCommand("\(text)%\(input)", dialect: .cronie)
            // Each shell has an `echo` of its own, so cron is asked with the same one.
            let shell = index.isMultiple(of: 4) ? "/bin/bash" : "/bin/sh"
            let underCron = try Shell.run([shell, "-c", command.text], input: command.input)
            let asJob = try Shell.run(command.job(shell: shell), input: "")
            #expect(asJob == underCron, "\(text) % \(input)")
        }
    }
}

/// A real process with an input, for what only a shell knows.
enum Shell {
    struct Result: Equatable {
        let output: [UInt8]
        let status: Int32
    }

    static func run(_ job: CrontabCommand.Job, input: String) throws -> Result {
        switch job {
        case .text(let text): try run(["/bin/sh", "-c", text], input: input)
        case .words(let words): try run(words, input: input)
        }
    }

    static func run(_ words: [String], input: String) throws -> Result {
        let folder = TemporaryFolder()
        folder.write("input", input)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, folder.path + "/input", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, folder.path + "/output", O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        let settings = ["PATH=/usr/bin:/bin", "HOME=/nowhere", "LC_ALL=C.UTF-8"]
        let variables: [UnsafeMutablePointer<CChar>?] = settings.map { strdup($0) }
        defer { for text in arguments + variables { free(text) } }
        var child = pid_t()
        #expect(posix_spawn(&child, words[0], &actions, nil, arguments + [nil], variables + [nil]) == 0)
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 && errno == EINTR {}
        return Result(output: [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.path + "/output"))), status: status)
    }
}
