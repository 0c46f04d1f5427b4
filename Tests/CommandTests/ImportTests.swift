import Foundation
import Glibc
import TestSupport
import Testing

/// `rota import crontab`: the real program on real files.
struct ImportTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var jobs: String { folder.path + "/jobs" }

    /// Imports a text from standard input, into the folder of this test.
    private func importing(_ crontab: String, _ arguments: String...) throws -> Program.Result {
        try folder.write(crontab, to: "stdin")
        let words = ["\(Program.products)/rota", "import", "crontab", "-", "--into", jobs, "--zone", "Europe/Berlin"] + arguments
        return try Program.run("/bin/sh", ["-c", "exec \"$@\" < '\(folder.path)/stdin'", "sh"] + words)
    }

    private func imported(_ arguments: [String]) throws -> Program.Result {
        try Program.run("rota", ["import", "crontab"] + arguments + ["--into", jobs])
    }

    private var written: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: jobs)) ?? []).sorted() }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func aCrontabBecomesJobsThatAreValid() throws {
        let result = try importing("MAILTO=ops@example.org\n# Nightly\n30 2 * * 1-5 ./backup.sh\n@daily mail root%hello%\n")
        #expect(result.status == 0 && result.stderr.isEmpty, "\(result.stderr)")
        #expect(written == ["backup.yaml", "mail.yaml"])
        #expect(
            result.stdout.contains("crontab:3  30 2 * * 1-5 ./backup.sh  → \(jobs)/backup.yaml (zone Europe/Berlin)"), "\(result.stdout)")
        #expect(result.stdout.contains("2 jobs in \(jobs), 1 setting, 0 not carried over"))
        #expect(result.stdout.contains("Next: rota validate \(jobs);") && !result.stdout.contains("\u{1B}"))
        #expect(try folder.read("jobs/backup.yaml").contains("description: Nightly\n"))
        #expect(try Program.run("rota", ["validate", jobs]).stdout == "2 jobs in 2 files: 0 errors, 0 warnings\n")
    }

    @Test func filesAreForTheirOwnerAndTheFolderForAll() throws {
        #expect(try importing("1 1 * * * a\n").status == 0)
        try #expect(mode(jobs) == 0o755 && mode(jobs + "/a.yaml") == 0o600)
        #expect(written == ["a.yaml"])
    }

    @Test func whatCannotBeCarriedOverIsListedAndTheRestIsWritten() throws {
        let result = try importing("@reboot start\n1 1 30 2 * never\nROTA_X=1\n1 1 * * * a\n0 25 * * * b\n")
        #expect(result.status == 1 && written == ["a.yaml"])
        #expect(result.stderr == "error: 4 lines could not be carried over; why is told above\n")
        for place in ["crontab:1:1: error: ", "crontab:2:5: error: ", "crontab:3:1: error: ", "crontab:5:3: error: "] {
            #expect(result.stdout.contains("\n" + place) || result.stdout.hasPrefix(place), "\(place) in \(result.stdout)")
        }
    }

    @Test func nothingIsOverwrittenUnlessAsked() throws {
        try folder.write("mine\n", to: "jobs/b.yaml")
        let refused = try importing("1 1 * * * a\n1 1 * * * b\n")
        #expect(
            refused.status == 73 && refused.stderr.contains("\(jobs)/b.yaml") && refused.stderr.contains("--force"), "\(refused.stderr)")
        #expect(!refused.stderr.contains("a.yaml") && written == ["b.yaml"])
        #expect(try folder.read("jobs/b.yaml") == "mine\n")
        #expect(try importing("1 1 * * * a\n1 1 * * * b\n", "--force").status == 0)
        #expect(try folder.read("jobs/b.yaml").contains("\ncommand: b\n") && written == ["a.yaml", "b.yaml"])
    }

    @Test func aNameThatIsTakenInTheFolderIsTold() throws {
        try folder.write("# mine\n\nname: a\ncommand: x\n", to: "jobs/mine/other.yaml")
        let result = try importing("1 1 * * * a\n1 1 * * * b\n")
        #expect(result.status == 0 && written == ["a.yaml", "b.yaml", "mine"])
        let told = "crontab:1:1: warning: there is a job `a` already, in \(jobs)/mine/other.yaml:3; "
        #expect(result.stdout.contains(told) && !result.stdout.contains("`b`"), "\(result.stdout)")
        #expect(result.stdout.contains("owner only (0600)"))
        try folder.remove("jobs/mine/other.yaml")
        #expect(!(try importing("1 1 * * * a\n", "--force")).stdout.contains("warning"))
    }

    /// A limit on the size of files stands for a full disk.
    @Test func whatCannotBeWrittenWholeLeavesNothingBehind() throws {
        try folder.write("1 1 * * * a\n1 1 * * * b \(String(repeating: "x", count: 100_000))\n", to: "long")
        let script = "trap '' XFSZ; ulimit -f 16; exec \"$1\" import crontab \"$2\" --into \"$3\" --zone UTC"
        let full = try Program.run("/bin/sh", ["-c", script, "sh", "\(Program.products)/rota", folder.path + "/long", jobs])
        #expect(full.status == 73 && full.stderr.contains("b.yaml") && full.stderr.contains("nothing is left"), "\(full.stderr)")
        #expect(written.isEmpty, "\(written)")
        try FileManager.default.createDirectory(atPath: jobs + "/b.yaml", withIntermediateDirectories: true)
        let late = try imported([folder.path + "/long", "--zone", "UTC", "--force"])
        #expect(late.status == 73 && late.stderr.contains("nothing is left") && written == ["b.yaml"], "\(late.stderr)")
    }

    @Test func aDryRunPrintsTheFilesAndWritesNone() throws {
        let result = try importing("1 1 * * * a\n2 2 * * * b\n", "--dry-run", "--disabled")
        #expect(result.status == 0 && written.isEmpty)
        #expect(result.stdout.hasPrefix("# From crontab, line 1:\n") && result.stdout.contains("\n---\n# From crontab, line 2:\n"))
        #expect(result.stdout.contains("disabled: true\n") && result.stderr.contains("→ \(jobs)/a.yaml"))
        try folder.write(result.stdout, to: "both/all.yaml")
        #expect(try Program.run("rota", ["validate", folder.path + "/both"]).stdout.hasPrefix("2 jobs in 1 file: 0 errors"))
    }

    @Test func theJSONHasStableKeys() throws {
        let result = try importing("# c\nMAILTO=a@example.org\n1 1 * * * a\n@reboot b\n", "--json")
        #expect(result.status == 1)
        let report = try #require(try JSONSerialization.jsonObject(with: Data(result.stdout.utf8)) as? [String: Any])
        #expect(report.keys.sorted() == ["folder", "leftOut", "lines"])
        let lines = try #require(report["lines"] as? [[String: Any]])
        #expect(lines.map { $0["outcome"] as? String } == ["comment", "setting", "job", "notCarriedOver"])
        #expect(lines.map { $0["line"] as? Int } == [1, 2, 3, 4] && lines.allSatisfy { $0["file"] as? String == "crontab" })
        #expect(
            lines[2]["job"] as? String == "a" && lines[2]["path"] as? String == "\(jobs)/a.yaml"
                && lines[2]["text"] as? String == "1 1 * * * a")
        let remarks = try #require(lines[3]["remarks"] as? [[String: Any]])
        #expect(remarks.first?["severity"] as? String == "error" && remarks.first?["column"] as? Int == 1)
    }

    @Test func aFolderOfTheSystemIsReadAsCronReadsIt() throws {
        try folder.write("5 * * * * root /usr/bin/true\n", to: "etc/crontab")
        try folder.write("1 1 * * * root cd / && run-parts --report /etc/cron.daily\n", to: "etc/cron.d/daily")
        try folder.write("1 1 * * * root x\n", to: "etc/cron.d/daily.dpkg-old")
        try folder.write("", to: "etc/cron.d/.placeholder")
        let result = try imported([folder.path + "/etc/cron.d", folder.path + "/etc/crontab", "--zone", "UTC"])
        #expect(result.status == 0 && written == ["cron.daily.yaml", "true.yaml"], "\(result.stdout)")
        #expect(result.stdout.contains("daily.dpkg-old  left out: ") && result.stdout.contains(".placeholder  left out: "))
        #expect(try folder.read("jobs/true.yaml").contains("\nuser: root\n"))
    }

    @Test func ofAFolderOnlyRegularFilesAreReadAndTheOthersToldOf() throws {
        let crontabs = folder.path + "/crontabs"
        try folder.write("1 1 * * * a\n", to: "crontabs/good")
        #expect(mkfifo(crontabs + "/pipe", 0o600) == 0)
        let leavesOut = try imported([crontabs, "--zone", "UTC"])
        #expect(leavesOut.status == 0 && leavesOut.stdout.contains("crontabs/pipe  left out: it is a pipe"), "\(leavesOut.stdout)")
        #expect(written == ["a.yaml"])
        #expect(symlink("/nowhere", crontabs + "/dangling") == 0)
        let result = try imported([crontabs, "--zone", "UTC", "--force"])
        #expect(result.status == 1 && result.stdout.contains("crontabs/dangling  left out: it cannot be read ("), "\(result.stdout)")
        #expect(result.stderr == "error: 1 file could not be read; why is told above\n" && written == ["a.yaml"])
    }

    @Test func aPipeThatIsNamedIsRead() throws {
        let pipe = folder.path + "/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        let script = "printf '1 1 * * * a\\n' > \"$1\" & exec \"$2\" import crontab \"$1\" --into \"$3\" --zone UTC"
        #expect(try Program.run("/bin/sh", ["-c", script, "sh", pipe, "\(Program.products)/rota", jobs]).status == 0)
        #expect(written == ["a.yaml"])
    }

    @Test func namesOfFilesAreHarmlessForATerminal() throws {
        try folder.write("1 1 * * * a\n", to: "crontabs/bad\u{1B}[31m")
        try folder.write("1 1 * * * a\n", to: "crontabs/.hid\u{1B}[31mden")
        let arguments = ["import", "crontab", folder.path + "/crontabs", "--into", jobs + "\u{1B}[31m", "--zone", "UTC"]
        let result = try Program.run("rota", arguments)
        #expect(result.status == 0 && !result.stdout.contains("\u{1B}") && result.stdout.contains("left out"), "\(result.stdout)")
        let again = try Program.run("rota", arguments)
        #expect(again.status == 73 && !again.stderr.contains("\u{1B}"), "\(again.stderr)")
        let missing = try imported(["\u{1B}[31m"])
        #expect(missing.status == 66 && !missing.stderr.contains("\u{1B}"), "\(missing.stderr)")
    }

    @Test func theFormCanBeForced() throws {
        let wrong = try importing("1 1 * * * root /bin/x\n")
        #expect(wrong.status == 1 && wrong.stdout.contains("--system"), "\(wrong.stdout)")
        #expect(try importing("1 1 * * * root /bin/x\n", "--system").status == 0)
        try folder.write("1 1 * * * /bin/y\n", to: "etc/cron.d/y")
        let path = folder.path + "/etc/cron.d/y"
        let other = try imported([path])
        #expect(other.status == 1 && other.stdout.contains("--no-system"))
        #expect(try imported([path, "--no-system"]).status == 0)
        #expect(written == ["x.yaml", "y.yaml"])
    }

    @Test func aCrontabOfTheSpoolIsItsUsers() throws {
        try folder.write("1 1 * * * a\n", to: "var/spool/cron/crontabs/root")
        #expect(try imported([folder.path + "/var/spool/cron/crontabs"]).status == 0)
        #expect(try folder.read("jobs/a.yaml").contains("\nuser: root\n"))
        #expect(try importing("1 1 * * * b\n", "--user", "root").status == 0)
        #expect(try folder.read("jobs/b.yaml").contains("\nuser: root\n"))
    }

    @Test func badDaysHaveTheirExitCodes() throws {
        #expect(try Program.run("rota", ["import", "crontab"]).status == 64)
        #expect(try Program.run("rota", ["import", "crontab", "-", "-"]).status == 64)
        #expect(try Program.run("rota", ["import", "crontab", "-", "--cron", "fcron"]).status == 64)
        let zone = try Program.run("rota", ["import", "crontab", "-", "--zone", "Europe/Berln"])
        #expect(zone.status == 64 && zone.stderr.contains("Europe/Berlin"), "\(zone.stderr)")
        let missing = try imported([folder.path + "/nowhere"])
        #expect(missing.status == 66 && missing.stderr.contains("nowhere") && written.isEmpty)
        let unwritable = try importing("1 1 * * * a\n", "--into", "/dev/null/jobs")
        #expect(unwritable.status == 73 && unwritable.stderr.contains("--into"), "\(unwritable.stderr)")
    }
}
