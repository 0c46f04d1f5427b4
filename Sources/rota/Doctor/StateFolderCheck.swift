import Foundation

/// The state folder and what lies in it belong to one user, and nobody else may put anything there or read its secrets.
struct StateFolderCheck: Check {
    func findings(_ premises: Premises) -> [Finding] {
        let path = premises.stateFolder
        var findings = [length(of: path)].compactMap(\.self)
        switch FileFacts.of(path) {
        case .failure(let missing) where missing.isAbsent: return findings + [absent(path)]
        case .failure(let missing):
            return findings + [
                .error("state.folder", "\(path) cannot be looked at (\(missing.words))", "run this as the user who runs the scheduler")
            ]
        case .success(let facts):
            findings.append(folder("state.folder", path, facts))
            guard facts.isFolder else { return findings }
            if case .success(let runs) = FileFacts.of(path + "/runs") { findings.append(folder("state.runs", path + "/runs", runs)) }
            return findings + secrets(in: path, ownedBy: facts.owner) + [lock(path, premises.holder)]
        }
    }

    /// Before the first start it is only asked whether the folder can be made.
    private func absent(_ path: String) -> Finding {
        var parent = path
        repeat {
            parent = URL(fileURLWithPath: parent).deletingLastPathComponent().path
        } while !FileManager.default.fileExists(atPath: parent)
        guard FileFacts.isWritable(parent) else {
            return .error(
                "state.folder", "\(path) is not there, and \(User.name) cannot make it in \(parent)",
                "make it for the user who runs the scheduler, or name another with --state")
        }
        return .warning(
            "state.folder", "\(path) is not there yet", "`rota serve` makes it; if there should be one, name it with --state")
    }

    private func folder(_ name: String, _ path: String, _ facts: FileFacts) -> Finding {
        guard facts.isFolder else { return .error(name, "\(path) is no folder", "take it away, or name another with --state") }
        guard facts.mode & 0o022 == 0 else {
            return .error(
                name, "other users may write to \(path) (mode \(facts.modeText)): they could put a ledger or a token in the place of ours",
                "chmod go-w \(path)")
        }
        guard facts.isOurs || User.isRoot else {
            return .warning(
                name, "\(path) belongs to \(facts.ownerName), this is \(User.name): not everything can be seen",
                "run this as \(facts.ownerName) or as root")
        }
        guard facts.isOurs == false || FileFacts.isWritable(path) else {
            return .error(name, "\(path) cannot be written by \(facts.ownerName)", "chmod u+rwx \(path), or mount it writable")
        }
        return .ok(name, "\(path), of \(facts.ownerName), mode \(facts.modeText)")
    }

    /// What only the owner may read or use.
    private func secrets(in path: String, ownedBy owner: UInt32) -> [Finding] {
        let files = [("state.token", "token"), ("state.socket", "rota.sock"), ("state.ledger", "rota.db")]
        return files.compactMap { name, file in
            guard case .success(let facts) = FileFacts.of("\(path)/\(file)") else { return nil }
            guard facts.mode & 0o077 == 0 else {
                return .error(name, "other users may use \(path)/\(file) (mode \(facts.modeText))", "chmod 600 \(path)/\(file)")
            }
            guard facts.owner == owner else {
                return .error(
                    name, "\(path)/\(file) belongs to \(facts.ownerName), the folder to \(User.name(of: owner))",
                    "chown \(User.name(of: owner)) \(path)/\(file)")
            }
            return .ok(name, "\(file), mode \(facts.modeText)")
        }
    }

    private func length(of path: String) -> Finding? {
        guard (path + "/rota.sock").utf8.count > 107 else { return nil }
        return .error(
            "state.path", "\(path)/rota.sock has more than 107 bytes, which no socket can have", "name a shorter state folder with --state")
    }

    private func lock(_ path: String, _ holder: Int32?) -> Finding {
        .ok("state.lock", holder.map { "held by process \($0)" } ?? "held by nobody")
    }
}
