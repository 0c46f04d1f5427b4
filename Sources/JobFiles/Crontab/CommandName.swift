/// What people would call a command: the name of the program or script that does the work.
///
/// | command | name |
/// |---|---|
/// | `cd /srv && STAGE=prod /usr/local/bin/backup.sh -v` | `backup` |
/// | `test -x /usr/sbin/anacron \|\| run-parts /etc/cron.daily` | `cron.daily` |
/// | `flock -n /run/lock nice -n 10 python3 /opt/report.py` | `report` |
enum CommandName {
    /// A name that a job can have; `job` when nothing in the text is fit for one.
    static func name(of command: String) -> String {
        sanitised(worker(in: command, depth: 0)?.name ?? "")
    }

    /// A program that a text runs.
    private struct Candidate {
        let name: String
        /// Whether it does the work, rather than prepare it.
        let isWorker: Bool
    }

    private static func worker(in command: String, depth: Int) -> Candidate? {
        let candidates = ShellWords(command).commands.compactMap { candidate($0, depth: depth) }
        return candidates.first(where: \.isWorker) ?? candidates.first
    }

    /// What may stand before the work is done, or after.
    private static let guards: Set<String> = [
        "[", "[[", "test", "cd", "pushd", "command", "type", "which", "hash", "true", "false", ":", "export", "set", "unset", "umask",
        "ulimit", "sleep", "source", ".", "eval", "exit", "return", "read", "shift", "trap", "wait", "mkdir", "date", "echo", "printf",
    ]

    private static let keywords: Set<String> = ["if", "then", "else", "elif", "do", "while", "until", "!", "{", "time"]
    /// Words that end something; what follows them is an operator.
    private static let closers: Set<String> = ["fi", "done", "esac", "}"]

    /// The options that take a value, and how many words stand before the command.
    private static let wrappers: [String: (options: Set<String>, words: Int)] = [
        "sudo": (["-u", "-g", "-h", "-p", "-C", "-T", "-U", "-r", "-t", "-D", "-R", "--user", "--group", "--chdir"], 0),
        "doas": (["-u", "-C"], 0), "runuser": (["-u", "-g", "-G", "--user", "--group"], 0),
        "nice": (["-n", "--adjustment"], 0), "ionice": (["-c", "-n", "-p", "--class", "--classdata"], 0),
        "flock": (["-w", "-E", "--timeout", "--wait", "--conflict-exit-code"], 1),
        "timeout": (["-s", "-k", "--signal", "--kill-after"], 1),
        "env": (["-u", "-C", "-S", "--unset", "--chdir"], 0), "exec": (["-a"], 0), "nohup": ([], 0), "setsid": ([], 0),
        "chronic": ([], 0), "chrt": (["-T", "-P", "-D"], 1), "taskset": ([], 1), "stdbuf": (["-i", "-o", "-e"], 0), "run-one": ([], 0),
        "setlock": ([], 1), "lckdo": (["-W"], 1), "unbuffer": ([], 0), "xvfb-run": (["-s", "-n", "-e", "-f", "-w", "-p"], 0),
        "cronic": ([], 0), "dbus-run-session": ([], 0), "systemd-cat": (["-t", "-p"], 0), "cpulimit": (["-l", "-p", "-e"], 0),
        "busybox": ([], 0), "unshare": ([], 0), "su": (["-s", "-g", "-G", "--shell"], 0),
    ]
    private static let shells: Set<String> = ["sh", "bash", "dash", "ksh", "zsh", "ash"]
    private static let interpreters: Set<String> = [
        "python", "perl", "ruby", "php", "node", "java", "Rscript", "lua", "tclsh", "pwsh", "run-parts",
    ]
    private static let endings = ["sh", "bash", "py", "pl", "rb", "php", "js", "mjs", "ts", "jar", "R", "lua", "tcl", "ps1", "zsh", "ksh"]

    /// nil when no program is named.
    private static func candidate(_ words: [String], depth: Int) -> Candidate? {
        var rest = words[...]
        while let word = rest.first, keywords.contains(word) || isAssignment(word) { rest.removeFirst() }
        guard depth < 8, let word = rest.popFirst(), !closers.contains(word), !word.isEmpty else { return nil }
        let base = baseName(word)
        if base == "su", let command = value(of: "-c", in: rest) { return worker(in: command, depth: depth + 1) }
        if shells.contains(base), let command = valueAfterShortOption("c", in: rest) { return worker(in: command, depth: depth + 1) }
        if base == "flock", let command = value(of: "-c", in: rest) { return worker(in: command, depth: depth + 1) }
        if let wrapper = wrappers[base] {
            skipOptions(&rest, wrapper.options)
            return candidate(Array(rest.dropFirst(wrapper.words)), depth: depth + 1) ?? Candidate(name: base, isWorker: true)
        }
        if shells.contains(base) || isInterpreter(base) {
            // Without a script it is a line of code, such as a pause of random length.
            let script = script(among: rest)
            return Candidate(name: script ?? base, isWorker: script != nil)
        }
        return Candidate(name: base, isWorker: !guards.contains(base))
    }

    private static func isAssignment(_ word: String) -> Bool {
        guard let sign = word.firstIndex(of: "="), let first = word.first, !first.isNumber, sign > word.startIndex else { return false }
        return word[..<sign].allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }

    private static func baseName(_ word: String) -> String { word.split(separator: "/").last.map(String.init) ?? word }

    /// Also `python3.11`, `php8.2`.
    private static func isInterpreter(_ base: String) -> Bool {
        if base == "run-parts" { return true }
        return interpreters.contains(String(base.prefix { $0.isLetter }))
    }

    private static func skipOptions(_ rest: inout ArraySlice<String>, _ takingValues: Set<String>) {
        while let word = rest.first, word.hasPrefix("-") || isAssignment(word) {
            rest.removeFirst()
            if word == "--" { return }
            if takingValues.contains(word) { _ = rest.popFirst() }
        }
    }

    private static func value(of option: String, in rest: ArraySlice<String>) -> String? {
        rest.firstIndex(of: option).flatMap { rest.dropFirst($0 - rest.startIndex + 1).first }
    }

    /// What follows `-c`, `-lc`, `-l -c`.
    private static func valueAfterShortOption(_ letter: Character, in rest: ArraySlice<String>) -> String? {
        let options = rest.prefix { $0.hasPrefix("-") }
        guard let index = options.firstIndex(where: { !$0.hasPrefix("--") && $0.hasSuffix(String(letter)) }) else { return nil }
        return rest[(index + 1)...].first
    }

    /// The script, folder or module that an interpreter is given.
    private static func script(among rest: ArraySlice<String>) -> String? {
        if let module = value(of: "-m", in: rest) { return module }
        // The program itself stands there.
        if let first = rest.first, ["-e", "-c", "-r", "-E", "-ne", "-pe"].contains(first) { return nil }
        let script = rest.first { !$0.hasPrefix("-") && !isAssignment($0) }
        return script.map(baseName)
    }

    /// Without the ending of a script, and with the letters of names only.
    private static func sanitised(_ program: String) -> String {
        var stem = program
        if let dot = program.lastIndex(of: "."), dot > program.startIndex, endings.contains(String(program[program.index(after: dot)...])) {
            stem = String(program[..<dot])
        }
        var name = ""
        for scalar in stem.unicodeScalars {
            let isFit =
                scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "_.-".unicodeScalars.contains(scalar))
            if isFit {
                name.unicodeScalars.append(scalar)
            } else if !name.isEmpty, !name.hasSuffix("-") {
                name.append("-")
            }
        }
        name = String(name.drop { $0 == "-" || $0 == "." }.prefix(100))
        while let last = name.last, last == "-" || last == "." { name.removeLast() }
        return name.isEmpty ? "job" : name
    }
}
