extension SlurmProbe {
    /// Throws unless runs can have their folders on the login node: a folder that can be written to, and the tools that fetch what is in it.
    package func remoteFolder() throws(Failure) {
        let settings = commands.settings
        guard let folder = settings.remoteFolder, let host = settings.ssh else { return }
        var script = RemoteScript(in: folder)
        script.add("try() { what=$1; shift; \"$@\" </dev/null >/dev/null 2>&1 || m lacks $what; }")
        script.add("try write test -w .")
        script.add("try find find . -maxdepth 0 -printf %s")
        script.add("try dd dd if=/dev/null iflag=skip_bytes,count_bytes skip=0 count=1 status=none")
        for tool in ["awk", "base64", "grep", "head", "ln", "sort", "xargs"] { script.add("try \(tool) command -v \(tool)") }
        let answer = commands.run(script, on: host)
        if answer.isWithoutFolder { throw Failure(description: "\(host) has no folder \(folder), or you may not enter it") }
        guard answer.isWhole else { throw Failure(description: answer.complaint) }
        let lacks = answer.parts.filter { $0.words.first == "lacks" }.compactMap(\.words.last)
        if lacks.contains("write") { throw Failure(description: "\(folder) on \(host) cannot be written to") }
        if !lacks.isEmpty { throw Failure(description: "\(host) lacks, or has another form of: \(lacks.joined(separator: ", "))") }
    }
}
