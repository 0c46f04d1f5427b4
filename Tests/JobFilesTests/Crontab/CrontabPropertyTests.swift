import JobFiles
import Scheduling
import TestSupport
import Testing

/// What holds for every crontab there could be.
struct CrontabPropertyTests {
    @Test(arguments: [1, 2, 3] as [UInt64]) func everyFileReadsBackWithoutAFault(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var count = 0
        for _ in 0..<120 {
            let form: CrontabImport.Form = random.pick([.user, .system])
            let text = (0..<8).map { _ in random.line(form) }.joined(separator: "\n") + "\n"
            let lines = Importing(text, form: form, dialect: random.pick(CronDialect.allCases)).lines
            for line in lines {
                #expect((line.outcome == .job) == (line.job != nil), "\(line)")
                #expect((line.outcome == .notCarriedOver) == line.remarks.contains { $0.severity == .error }, "\(line)")
                guard let imported = line.job else { continue }
                count += 1
                let (definitions, problems) = JobFile.read(text: imported.text, file: "jobs/" + imported.fileName)
                #expect(problems == [], "seed \(seed): \(line.text)\n\(imported.text)")
                let job = try #require(definitions.first?.job, "seed \(seed): \(line.text)")
                #expect(definitions.count == 1 && job.name.text == imported.name && job.schedule != nil)
                #expect(job.environment["PATH"] != nil && job.catchUp == .none && job.overlap == .allow)
            }
            #expect(Set(lines.compactMap(\.job?.name)).count == lines.count { $0.job != nil })
            #expect(Set(lines.map(\.number)).count == lines.count)
        }
        // A generator whose lines are all refused would prove nothing.
        #expect(count > 150, "seed \(seed): \(count)")
    }

    /// No line but blank ones is dropped, whatever its bytes.
    @Test(arguments: [1, 2, 3] as [UInt64]) func anyBytesAreReadAndEveryLineIsToldOf(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let special = Array("\n\r\t #*@%~-/,=\"'\\0159aAZ\0\u{FEFF}\u{85}".utf8) + [0xFF, 0xC3, 0xED, 0xA0]
        for _ in 0..<2_000 {
            let bytes = (0..<random.number(80)).map { _ in random.pick(special) }
            let lines = Importing(bytes: bytes, form: random.pick([.user, .system])).lines
            let written = bytes.split(separator: 0x0A).filter { line in
                !line.allSatisfy { $0 == 0x20 || $0 == 0x09 } && line != [0x0D] && line != [0xEF, 0xBB, 0xBF]
            }
            #expect(lines.count <= written.count && lines.count >= written.count - 4, "\(bytes)")
        }
    }

    @Test func longLinesAreNoHarm() throws {
        for text in [
            "1 1 * * * a " + String(repeating: "x", count: 65_536), "A=" + String(repeating: "y ", count: 40_000) + "\n1 1 * * * a",
        ] {
            #expect(try Importing(text + "\n").jobs().count == 1)
        }
        for text in [
            String(repeating: "1,", count: 40_000) + "1 1 * * * a", String(repeating: "*", count: 70_000),
            String(repeating: "# ", count: 40_000),
        ] {
            #expect(Importing(text + "\n").lines.count == 1)
        }
        #expect(try Importing("1 1 * * * cat%" + String(repeating: "z%", count: 30_000) + "\n").jobs().count == 1)
        #expect(Importing(String(repeating: "1 1 * * * a\n", count: 2_000)).lines.count == 2_000)
    }
}

extension SeededGenerator {
    /// From 0 up to below `limit`.
    mutating func number(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }

    mutating func text(of letters: String, upTo length: Int) -> String {
        let letters = Array(letters.unicodeScalars)
        var text = String.UnicodeScalarView()
        for _ in 0..<number(length) { text.append(pick(letters)) }
        return String(text)
    }

    private static let letters =
        "ab Z09 /.-_'\"\\$`(){}|&;<>#=%,:?!*~@[]+^\t ä→😀\u{1}\u{7}\u{1B}\u{7F}\u{85}\u{A0}\u{2028}\u{FEFF}\u{FFFE}\u{FFFF}\u{300}\u{200D}"

    /// A line that is often right, with a command, a value or a comment that is often strange.
    mutating func line(_ form: CrontabImport.Form) -> String {
        switch number(10) {
        case 0: return "#" + text(of: Self.letters, upTo: 40)
        case 1:
            return pick(["A", "LANG", "B_1", "HOME", "MAILTO", "SHELL", "CRON_TZ", "RANDOM_DELAY", "null", "YES", "on", "PATH"])
                + pick(["=", " = ", "=\""]) + value()
        case 2: return text(of: Self.letters, upTo: 60)
        default:
            let user = form == .system ? pick(["root", "etl", "null", "007", "no"]) + " " : ""
            return times() + " " + user + command()
        }
    }

    private mutating func value() -> String {
        pick([
            "", "/bin/bash", "/srv", "45", "0", "a@x.org,b@y.org", "Asia/Tokyo", "~", "null", "1e3", "'x'\"",
            text(of: Self.letters, upTo: 20),
        ])
    }

    private mutating func times() -> String {
        if number(8) == 0 { return pick(["@daily", "@hourly", "@reboot", "@yearly"]) }
        let fields = [
            ["*", "0", "*/15", "1~9", "5-59/90"], ["*", "3", "0-23/2", "~"], ["*", "1,15", "31"], ["*", "JAN", "2"],
            ["*", "1-5", "sun", "7"],
        ]
        return fields.map { pick($0) }.joined(separator: pick([" ", "\t", "  "]))
    }

    private mutating func command() -> String {
        switch number(4) {
        case 0:
            pick([
                "true", "null", "~", "1", "- a", "? b", "a: b", "a #b", "[x]", "{y}", "&z", "*w", "!v", "|u", ">t", "'s'", "@r", "`q",
                "yes", "2026-01-01",
            ])
        case 1: "cat%" + text(of: Self.letters, upTo: 40)
        default: "a" + text(of: Self.letters, upTo: 60)
        }
    }
}
