import Daemon
import Execution
import Foundation

/// What the scheduler reads of the machine: /proc, its name, its control groups.
struct MachineCheck: Check {
    func findings(_ premises: Premises) -> [Finding] { [proc(), identity(), groups(premises)] }

    private func proc() -> Finding {
        guard (try? RunFolder.currentBootID()) != nil else {
            return .error("machine.proc", "/proc is not mounted, or not whole: nothing can be launched", "mount -t proc proc /proc")
        }
        let mounts = (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? ""
        let options = mounts.split(separator: "\n").first { $0.contains(" /proc proc ") } ?? ""
        let hides = ["hidepid=1", "hidepid=2", "hidepid=noaccess", "hidepid=invisible"].contains { options.contains($0) }
        guard !hides || User.isRoot else {
            return .ok("machine.proc", "it hides processes of others (hidepid); those of jobs are not among them, for only root starts any")
        }
        return .ok("machine.proc", "/proc tells of all processes that matter")
    }

    private func identity() -> Finding {
        guard StateFolder.machineID().isEmpty else { return .ok("machine.id", "/etc/machine-id names this machine") }
        return .warning(
            "machine.id", "/etc/machine-id is empty or not there, so that a state folder of another machine would not be noticed",
            "make it: `systemd-machine-id-setup`, or mount the host's into the container")
    }

    private func groups(_ premises: Premises) -> Finding {
        let finding = ControlGroups.finding(of: premises.process)
        guard let shortcoming = finding.shortcoming else {
            let controllers = finding.controllers.map(\.rawValue).joined(separator: ", ")
            return .ok("machine.groups", "each run has a control group of its own (\(controllers))")
        }
        return .warning("machine.groups", shortcoming, finding.remedy ?? "see docs/operating.md")
    }
}
