import Daemon
import Foundation
import RunHistory
import Timetable

/// A scheduler runs, answers, launches, is of this version and keeps its ledger up to date.
struct SchedulerCheck: Check {
    private let name = "scheduler.health"

    func findings(_ premises: Premises) async -> [Finding] {
        let health = await SchedulerHealth.ask(premises.stateFolder)
        guard health.isAlive else {
            return [.warning(name, "none runs on this state folder", "start one: `rota serve`, or `systemctl start rota`")]
        }
        // Until it listens, the ledger tells of the scheduler before it.
        if StateFolder.isBeingOpened(premises.stateFolder) { return [alive(health, premises)] }
        return [alive(health, premises), version(premises), program(premises), heartbeat(premises)].compactMap(\.self)
    }

    private func alive(_ health: SchedulerHealth, _ premises: Premises) -> Finding {
        let detail = health.detail.map { ": \($0)" } ?? ""
        switch health.status {
        case "scheduling":
            let since = premises.scheduler.map { ", since \($0.startedAt.rfc3339)" } ?? ""
            return .ok(name, "process \(premises.holder.map(String.init) ?? "unknown") schedules\(since)")
        case "starting": return .ok(name, "it is starting")
        case "not reachable": return unreachable(detail, premises)
        default: return .error(name, "\(health.status)\(detail)", "mend that; it tries again each second by itself")
        }
    }

    private func unreachable(_ detail: String, _ premises: Premises) -> Finding {
        if let holder = premises.holder, Self.isStopped(holder) {
            return .error(name, "process \(holder) is stopped, as by Ctrl-Z or a debugger, and launches nothing", "kill -CONT \(holder)")
        }
        let socket = premises.stateFolder + "/rota.sock"
        guard FileFacts.isUsable(socket) || !FileManager.default.fileExists(atPath: socket) else {
            return .warning(name, "\(User.name) may not ask the one that runs", "run this as the user who runs the scheduler, or as root")
        }
        return .error(name, "not reachable\(detail)", "look at its log; restart it: runs live on")
    }

    private static func isStopped(_ process: Int32) -> Bool {
        let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        let state = text.split(separator: ")").last?.split(separator: " ").first
        return state == "T" || state == "t"
    }

    private func version(_ premises: Premises) -> Finding? {
        guard let running = premises.scheduler?.version else { return nil }
        guard running == Version.text else {
            return .warning(
                "scheduler.version", "the one that runs is of version \(running), this program of \(Version.text)",
                "restart it to use the version that is installed: runs live on")
        }
        return .ok("scheduler.version", running)
    }

    /// The program file was replaced under the process, which goes on with what it has in memory.
    private func program(_ premises: Premises) -> Finding? {
        guard let holder = premises.holder, let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(holder)/exe"),
            path.hasSuffix(" (deleted)")
        else { return nil }
        return .warning("scheduler.program", "its program was replaced since it began", "restart it: runs live on")
    }

    private func heartbeat(_ premises: Premises) -> Finding? {
        guard let heartbeat = premises.scheduler?.heartbeatAt else { return nil }
        let age = premises.now - heartbeat
        let text = "written \(age.words) ago"
        guard age < .seconds(60) else {
            return .error(
                "scheduler.heartbeat", text, "it lives, but does not write: look at its log, and whether its process is stopped (`ps`)")
        }
        return .ok("scheduler.heartbeat", text)
    }
}
