import Glibc
package import Timetable

/// What the folder of a run tells of it, for a ledger that lost the run's row.
package struct RunFacts: Hashable, Sendable {
    package enum Standing: Hashable, Sendable {
        case ended(Ending)
        /// Its command began, and no end of it is known.
        case begun(at: Instant)
        /// The intent was durable; whether the command began, and whether anybody ever will begin it, recovery finds out.
        case handedOver
    }

    /// As it was handed over.
    package var launch: Launch
    package var bootID: String?
    package var killWanted: String?
    package var standing: Standing
}

extension RunFolder {
    /// Hands over the names of all entries of `runs`, in no order, each for the time of the call: there may be millions.
    package static func forEachName(in runs: String, _ body: (UnsafeRawBufferPointer) -> Void) throws {
        guard let entries = opendir(runs) else {
            if errno == ENOENT { return }
            throw SystemError("opendir", runs)
        }
        defer { closedir(entries) }
        errno = 0
        while let entry = readdir(entries) {
            withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                body(UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.firstIndex(of: 0) ?? bytes.endIndex)]))
            }
            errno = 0
        }
        guard errno == 0 else { throw SystemError("readdir", runs) }
    }

    /// nil when it does not say what it is the folder of: without a whole `run`, nobody can know. A file that is torn counts as absent.
    package func facts() throws -> RunFacts? {
        guard let record = try record(runFile, head: Self.runHead) else { return nil }
        let kill = try self.record(killFile, head: "rota-kill 1").map { $0["reason"] ?? "" }
        return RunFacts(launch: launch(record), bootID: record["boot"], killWanted: kill, standing: try standing())
    }

    /// The outcome is looked for last: a keeper that ends between the two looks has left it.
    private func standing() throws(SystemError) -> RunFacts.Standing {
        let claim: Claim?
        do {
            claim =
                switch try claimState() {
                case .held(let claim), .free(let claim): claim
                case .absent: nil
                }
        } catch  where error.number == EPROTO {
            // Somebody holds it, and it does not tell who.
            claim = nil
        }
        if let ending = try outcome() { return .ended(ending) }
        return claim?.startedAt.map { .begun(at: $0) } ?? .handedOver
    }
}
