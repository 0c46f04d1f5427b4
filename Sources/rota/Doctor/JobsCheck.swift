import Daemon
import Foundation
import JobFiles
import Scheduling

/// The job files can be read, and who runs the scheduler may do what they ask for.
struct JobsCheck: Check {
    func findings(_ premises: Premises) -> [Finding] {
        let placement = premises.settings.places().placement
        var folder = JobFolder(path: premises.jobsFolder, mindsWriters: false, placement: placement)
        do {
            let reading = try folder.read(at: premises.now)
            return [files(reading, premises), users(reading, premises)].compactMap(\.self)
        } catch {
            return [
                .error(
                    "jobs.folder", "\(error.message)", "name the folder with --jobs, or in the settings; the jobs in force stay in force")
            ]
        }
    }

    private func files(_ reading: Reading, _ premises: Premises) -> Finding {
        let path = premises.jobsFolder
        let text = "\(reading.graph.jobs.count.of("job")) in \(reading.files.of("file")) of \(path)"
        let errors = reading.problems.filter { $0.severity == .error }
        if let first = errors.first {
            return .warning(
                "jobs.folder", "\(text), with \(errors.count.of("error")): \(first)",
                "`rota validate \(path)` tells all; the last good version of each job is in force")
        }
        return .ok("jobs.folder", text)
    }

    /// Only root may become another user.
    private func users(_ reading: Reading, _ premises: Premises) -> Finding? {
        let named = reading.graph.jobs.values.filter { $0.job.user != nil }.map(\.job.name.text).sorted()
        guard let first = named.first else { return nil }
        let owner = (try? FileFacts.of(premises.stateFolder).get().owner) ?? geteuid()
        guard owner == 0 else {
            return .error(
                "jobs.users", "\(named.count.of("job")) (such as \(first)) have `user:`, but \(User.name(of: owner)) runs the scheduler",
                "run it as root, or take `user:` out of them: they cannot start")
        }
        if case .success(let facts) = FileFacts.of(premises.stateFolder), facts.mode & 0o001 == 0 {
            return .error(
                "jobs.users", "\(named.count.of("job")) (such as \(first)) have `user:`, whom \(premises.stateFolder) does not let through",
                "chmod a+x \(premises.stateFolder)")
        }
        return .ok("jobs.users", "\(named.count.of("job")) run as users of their own")
    }
}
