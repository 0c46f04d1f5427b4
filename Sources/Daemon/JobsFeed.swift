import Foundation
import Glibc
import JobFiles
import Timetable

/// Watches the job folder on a thread of its own, so that reading a hundred thousand files delays no launch.
final class JobsFeed: Sendable {
    private let bell: Bell
    private let rereadBell: Bell
    private let clock: any WallClock
    private let watch: FolderWatch

    /// - Parameter watch: Begun before the folder was first read, so that no change falls in between.
    init(watch: FolderWatch, clock: any WallClock) throws(DaemonError) {
        bell = try Bell()
        rereadBell = try Bell()
        self.watch = watch
        self.clock = clock
    }

    /// Posts a reading whenever the folder has changed, beginning with what changed since `folder` was read at first.
    ///
    /// It also looks without being told: a network file system, or a link that leads out of the folder, tells of no change.
    func start(with folder: JobFolder, lookAgain: Instant?, into mailbox: Mailbox) {
        Thread.detachNewThread { [self] in
            var folder = folder
            var zones: Set<String> = []
            var lookAgain = min(lookAgain ?? .distantFuture, clock.now() + Self.longestPause)
            while !isStopped {
                let wasSet = clock.wait(until: lookAgain, descriptors: [watch.descriptor, bell.descriptor, rereadBell.descriptor])
                let changes = watch.drain()
                let isAsked = rereadBell.isRung
                if isAsked {
                    rereadBell.hear()
                    folder.forgetStamps()
                }
                guard changes.changed || wasSet || isAsked || lookAgain <= clock.now(), !isStopped else { continue }
                lookAgain = clock.now() + look(at: &folder, dirty: changes.dirty, zones: &zones, mailbox)
            }
        }
    }

    /// - Returns: How long to wait for the next look, if nothing tells of a change before.
    ///
    /// - Parameter zones: Names of zones with new rules that no reading has taken yet.
    private func look(at folder: inout JobFolder, dirty: Set<String>, zones: inout Set<String>, _ mailbox: Mailbox) -> Duration {
        do {
            let news = Zone.rereadDatabase()
            zones.formUnion(news.renewed)
            var reading = try folder.read(at: clock.now(), dirty: dirty, newRulesOf: zones.sorted())
            zones = []
            if let complaint = watch.complaint {
                reading.problems.append(Problem(file: folder.path, severity: .warning, message: complaint.message))
            }
            reading.problems += news.unusable.map(Self.problem)
            mailbox.post(reading)
            return reading.lookAgain.map { min($0 - clock.now(), Self.longestPause) } ?? Self.longestPause
        } catch {
            // An unreadable folder keeps everything in force.
            mailbox.post(complaint: error.message)
            return .seconds(1)
        }
    }

    private static func problem(ofZone name: String) -> Problem {
        let message =
            "the time zone `\(name)` is gone from the tz database, or its file is broken; its rules as they were read before hold until the "
            + "scheduler is started again, when jobs that name it will be refused; install tzdata anew"
        return Problem(file: "tz database", severity: .warning, message: message)
    }

    private static let longestPause = Duration.seconds(30)

    func stop() { bell.ring() }

    /// Reads every file anew, and looks at the tz database, without waiting for the next look.
    func reread() { rereadBell.ring() }

    /// The bell rings once in this object's life, and nobody silences it.
    private var isStopped: Bool { bell.isRung }
}
