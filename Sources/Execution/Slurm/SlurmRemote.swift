import Glibc
internal import Scheduling

/// The folders of runs that lie on the login node, where nodes see them and this machine does not.
///
/// Of each run there are two folders. The one over there is the real one: the keeper has its claim, its output and its outcome in it. The one
/// in the state folder is its mirror, in which the scheduler notes what it asks for before it asks, and into which each look at the cluster
/// copies what is new over there: first the output, then its index, and the outcome when nothing else is missing. So every reader finds here
/// what it finds of any other run, needs no connection, and may take an outcome for the sign that the rest is complete; and a look that was
/// cut off anywhere is made up for by the next, which asks for what the mirror has not. The claim is not copied: here nobody could hold
/// its lock, without which readers take a run for over.
///
/// What happens over there is a script for each occasion (`sh -s`), all that a run needs with it: a submission of several runs, one look at all
/// open ones, the taking of a claim, the removal of folders. Doing any of them twice is harmless.
struct SlurmRemote: Sendable {
    let commands: SlurmCommands
    let host: String
    /// Of the runs' folders, over there.
    let folder: String
    let place: SlurmPlace

    func script() -> RemoteScript { RemoteScript(in: folder) }

    func run(_ script: RemoteScript, extraTime: Duration = .zero, parting: Duration = .zero) -> RemoteAnswer {
        commands.run(script, on: host, extraTime: extraTime, parting: parting)
    }

    /// A run's folder over there, of which only the names mean something here.
    func folder(_ run: String) -> RunFolder { RunFolder(runs: folder, run: run) }

    /// Words of a script: a claim without its end was cut off by a reset of the machine, and nobody has the run by it. What cannot be read
    /// is somebody's.
    static let claims = #"""
        clear_void_claim() {
            [ -e "$1/claim" ] || return 0
            LC_ALL=C grep -qx end "$1/claim" 2>/dev/null
            [ $? != 1 ] || rm -f "$1/claim"
        }
        """#

    var absence: String { "folder: \(host) has no folder \(folder), or may not enter it" }

    // MARK: what nodes execute

    /// A part of a script that ends it with `bare` when the programs are not there.
    static func check(_ programs: SlurmPlace.Programs) -> String {
        let paths = [programs.keeper, programs.script].map { "[ -x \($0.shellWord) ]" }
        return "\(paths.joined(separator: " && ")) || { m bare; return 0; }"
    }

    /// Puts them there.
    ///
    /// - Returns: nil when they are there, else why they are not.
    func provide(_ programs: SlurmPlace.Programs) throws(SystemError) -> String? {
        guard let bytes = try Files.read(place.keeper, limit: 1 << 30) else { throw SystemError("open", place.keeper, ENOENT) }
        let answer = run(provision(of: programs, keeper: bytes), extraTime: .seconds(30))
        if answer.isWhole { return nil }
        return answer.isWithoutFolder ? absence : "programs: \(answer.complaint)"
    }

    /// What is there under its name is whole: a disk that is full leaves nothing that somebody might execute.
    func provision(of programs: SlurmPlace.Programs, keeper bytes: [UInt8]) -> RemoteScript {
        var script = script()
        script.add("umask 022\nmkdir -p bin && chmod 755 bin || return 0")
        script.add(
            #"""
            put() {
                if cat > "$1.$$"; then
                    [ "$(wc -c < "$1.$$")" -ne "$2" ] || { chmod 755 "$1.$$" && mv -f "$1.$$" "$1" && return 0; }
                    echo "$1 could not be written whole" >&2
                fi
                rm -f "$1.$$"
                return 1
            }
            """#)
        let (keeper, task) = (programs.keeper.shellWord, programs.script.shellWord)
        script.add("{ base64 -d | put \(keeper) \(bytes.count) || return 0; }", reading: Self.base64(bytes))
        script.add("{ put \(task) \(SlurmPlace.taskScript.utf8.count) || return 0; }", reading: SlurmPlace.taskScript)
        return script
    }

    /// As `base64 -d` reads it, in lines.
    private static func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count / 3 * 4 + bytes.count / 57 + 8)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let number = (0..<3).reduce(0) { $0 << 8 | ($1 < group.count ? Int(bytes[start + $1]) : 0) }
            for place in 0..<4 { text.append(place <= group.count ? digits[number >> (18 - 6 * place) & 63] : UInt8(ascii: "=")) }
            if (start / 3 + 1).isMultiple(of: 19) { text.append(UInt8(ascii: "\n")) }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension SlurmPlace {
    /// What lies over there; nil where this machine sees the folders itself.
    func remote(_ commands: SlurmCommands) -> SlurmRemote? {
        guard let remoteFolder, let host = commands.settings.ssh else { return nil }
        return SlurmRemote(commands: commands, host: host, folder: remoteFolder, place: self)
    }
}
