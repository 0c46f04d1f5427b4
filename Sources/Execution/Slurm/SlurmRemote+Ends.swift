import Glibc
internal import Scheduling

/// Taking claims over there, and removing what is not wanted any more.
extension SlurmRemote {
    /// Takes the claim, so that nothing is begun; what a keeper has already is told to end, if there is a word for it.
    ///
    /// - Parameter isNew: Whether nobody but this scheduler may have asked for it.
    func close(_ run: String, as ending: Ending, word: String?, isNew: Bool) throws(SystemError) -> SlurmWatch.Closing {
        let mirror = place.folder(run)
        if let ended = try mirror.outcome(), !ended.isOfStoppedKeeper { return .ended(ended) }
        // Nobody over there was ever asked for it.
        if isNew, !Files.exists(mirror.markFile) { return try closeHere(mirror, ending) }
        let answer = self.run(try closing(run, ending, word))
        if answer.isWithoutFolder { return .failed(SystemError("cd", "\(host):\(folder)", ENOENT)) }
        let said = answer.parts.map(\.words)
        if said.contains(["taken"]) {
            DurableStep.runCancelled.passed()
            return try closeHere(mirror, ending)
        }
        guard said.contains(["told"]) else { return .unreached("ssh: \(answer.complaint)") }
        if word != nil { DurableStep.killWritten.passed() }
        return .told
    }

    /// Readers learn from it that nothing will come, and later looks that a task of it is not wanted.
    private func closeHere(_ mirror: RunFolder, _ ending: Ending) throws(SystemError) -> SlurmWatch.Closing {
        _ = try Files.makeFolder(mirror.path, mode: 0o700)
        try mirror.writeOutcome(ending)
        return .ended(ending)
    }

    func closing(_ run: String, _ ending: Ending, _ word: String?) throws(SystemError) -> RemoteScript {
        let there = folder(run)
        let claim = try there.cancellation(reason: ending.reason ?? "", as: ending.kind, bootID: place.bootID)
        var script = script()
        script.add("run=./\(run.shellWord)")
        script.add(#"mkdir -p "$run" || return 0"#)
        // Whatever ended is fetched with its output.
        script.add(#"[ ! -e "$run/outcome" ] || { m told; return 0; }"#)
        script.add(Self.claims)
        script.add(#"clear_void_claim "$run""#)
        // Without room for a claim there is none.
        script.add(
            #"{ cat > "$run/claim.$$" || { rm -f "$run/claim.$$"; return 0; }; }"#, reading: String(decoding: claim, as: UTF8.self))
        // A link that was made, and of which the server's answer was lost, is told from somebody else's.
        script.add(#"ln "$run/claim.$$" "$run/claim" 2>/dev/null; taken=0; [ ! "$run/claim" -ef "$run/claim.$$" ] || taken=1"#)
        script.add(#"rm -f "$run/claim.$$"; [ $taken = 0 ] || { m taken; return 0; }"#)
        if let word {
            script.add(
                #"{ cat > "$run/kill.$$" || { rm -f "$run/kill.$$"; return 0; }; }"#,
                reading: String(decoding: there.kill(reason: word), as: UTF8.self))
            script.add(#"mv -f "$run/kill.$$" "$run/kill" || return 0"#)
        }
        script.add("m told")
        return script
    }

    /// Removes what is over there of ended runs.
    ///
    /// - Returns: Why of some of them it could not be removed.
    func remove(_ data: RunData, of runs: [String]) -> [String: String] {
        let names = runs.filter { RunFolder.isName($0) }
        var script = script()
        let removal =
            switch data {
            case .output: #"rm -f "$run"/stdout* "$run"/stderr* "$run/index""#
            // In one step it is gone for everybody who looks.
            case .everything: #"{ [ ! -e "$run" ] || mv -f "$run" "$run.removed"; } && rm -rf "$run.removed" "$run".replaced-*"#
            }
        script.add(
            #"while read -r name; do [ -n "$name" ] || continue; run=./$name; { \#(removal); } || b kept "$name"; done"#,
            reading: names.joined(separator: "\n"))
        let answer = self.run(script, extraTime: .seconds(60))
        guard answer.isWhole else {
            let reason = answer.isWithoutFolder ? absence : "ssh: \(answer.complaint)"
            return Dictionary(runs.map { ($0, reason) }) { first, _ in first }
        }
        let kept = answer.parts.filter { $0.words.first == "kept" }.compactMap(\.words.last)
        return Dictionary(kept.map { ($0, "folder: \(host) could not remove \(folder)/\($0)") }) { first, _ in first }
    }
}
