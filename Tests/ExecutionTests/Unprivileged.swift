import Foundation
import Glibc
import TestSupport

@testable import Execution

/// An executor whose keepers are not root, whoever runs the tests: root's give themselves up for `nobody` first.
final class Unprivileged {
    private let reports = Reports()
    private let executor: LocalExecutor

    init(_ place: Place) throws {
        var keeper = try Place.keeper()
        if isRoot {
            // Where anybody may execute it, beside what makes it somebody else's.
            let copy = "\(place.path)/keeper"
            try FileManager.default.copyItem(atPath: keeper, toPath: copy)
            keeper = "\(place.path)/unprivileged"
            let text = """
                #!/bin/sh
                /bin/chown -R nobody "$1"
                exec /usr/bin/setpriv --reuid=nobody --regid=nogroup --clear-groups \(copy) "$1"

                """
            try Data(text.utf8).write(to: URL(fileURLWithPath: keeper))
            for path in [copy, keeper] {
                chmod(path, 0o755)
                try TemporaryFolder.settle(path)
            }
        }
        let reports = reports
        executor = try LocalExecutor(runs: place.runs, keeper: keeper, node: "node-1") { reports.add($0) }
    }

    deinit {
        executor.shutdown()
    }

    func end(_ launch: Launch) async -> Ending {
        executor.launch([launch])
        return await reports.ending(of: launch.run)
    }
}
