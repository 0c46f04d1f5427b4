import Client
import Daemon
import Foundation

/// What the scheduler of a state folder says of itself.
struct SchedulerHealth: Decodable, Sendable {
    let status: String
    let detail: String?

    var isAlive: Bool { status != "not running" }

    /// Asks the scheduler itself: that it answers is the proof that it lives.
    static func ask(_ folder: String) async -> SchedulerHealth {
        do {
            let answer = try await SocketClient(socket: folder + "/rota.sock").send("GET", "/healthz", within: .seconds(5))
            return (try? JSONDecoder().decode(SchedulerHealth.self, from: Data(answer.body.utf8)))
                ?? SchedulerHealth(status: "unclear", detail: answer.body)
        } catch SocketClient.Failure.noScheduler {
            // The lock is the proof of life; the socket is only a file.
            guard let holder = StateFolder.holder(of: folder) else { return SchedulerHealth(status: "not running", detail: nil) }
            if StateFolder.isBeingOpened(folder) {
                return SchedulerHealth(
                    status: "starting", detail: "process \(holder) holds the state folder, and does not listen yet")
            }
            return SchedulerHealth(
                status: "not reachable",
                detail: "process \(holder) holds the state folder, but its socket is gone; restart it to make it anew")
        } catch {
            return SchedulerHealth(status: "not reachable", detail: "\(error)")
        }
    }
}
