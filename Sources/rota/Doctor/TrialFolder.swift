import Foundation

/// A folder in which checks try things out: below the state folder where that can be, for it is that disk which matters.
struct TrialFolder: Sendable {
    let path: String
    /// Whether it lies on the file system of the state folder.
    let isInStateFolder: Bool

    /// nil where no folder can be made.
    init?(in stateFolder: String) {
        let own = "/doctor.\(ProcessInfo.processInfo.processIdentifier)"
        let places = [(stateFolder, true), (FileManager.default.temporaryDirectory.path, false)]
        for (folder, isInStateFolder) in places {
            let made: Void? = try? FileManager.default.createDirectory(
                atPath: folder + own, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            guard made != nil else { continue }
            path = folder + own
            self.isInStateFolder = isInStateFolder
            return
        }
        return nil
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
