import Foundation
import Glibc
import JobFiles
import Timetable

/// Watches the job folder on a thread of its own, so that reading a hundred thousand files delays no launch.
final class JobsFeed: Sendable {
    private let bell: Bell
    private let clock: any WallClock
    private let watch: FolderWatch

    /// - Parameter watch: Begun before the folder was first read, so that no change falls in between.
    init(watch: FolderWatch, clock: any WallClock) throws(DaemonError) {
        bell = try Bell()
        self.watch = watch
        self.clock = clock
    }

    /// Posts a reading whenever the folder has changed, beginning with what changed since `folder` was read at first.
    func start(with folder: JobFolder, lookAgain: Instant?, post: @escaping @Sendable (Mailbox.Message) -> Void) {
        Thread.detachNewThread { [self] in
            var folder = folder
            var lookAgain = lookAgain
            while !isStopped {
                clock.wait(until: lookAgain, descriptors: [watch.descriptor, bell.descriptor])
                let changes = watch.drain()
                let isTime = lookAgain.map { $0 <= clock.now() } ?? false
                guard changes.changed || isTime, !isStopped else { continue }
                // An unreadable folder keeps everything in force; the watch or the next look tells when it is back.
                do {
                    let reading = try folder.read(at: clock.now(), dirty: changes.dirty)
                    lookAgain = reading.lookAgain
                    post(.definitions(reading))
                } catch {
                    lookAgain = clock.now() + .seconds(1)
                    post(.jobsUnreadable("\(error)"))
                }
            }
        }
    }

    func stop() { bell.ring() }

    /// The bell rings once in this object's life, and nobody silences it.
    private var isStopped: Bool {
        var wait = pollfd(fd: bell.descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&wait, 1, 0) > 0
    }
}
