import Glibc

extension ControlGroups {
    /// Makes the place for the groups of the runs in the folder `runs`; nil when they can have none.
    ///
    /// Doing it again, in this process or in another, changes nothing.
    init?(for runs: String) {
        var facts = stat()
        guard let surroundings = try? Surroundings(of: getpid()), let base = surroundings.base, let folder = surroundings.finding.runs,
            stat(runs, &facts) == 0, (try? Files.makeFolder(folder, mode: 0o755)) != nil
        else { return nil }
        // Programs look into their own groups for what they may have, whatever our umask.
        chmod(folder, 0o755)
        self.runs = folder
        mark = "\(String(facts.st_dev, radix: 16))-\(String(facts.st_ino, radix: 16))"
        surroundings.handDown(from: base, to: folder)
    }

    /// The group of a run, whether it exists or not.
    func path(of run: String) -> String { "\(runs)/\(run).\(mark)" }
}

extension ControlGroups.Surroundings {
    /// Gives the groups of runs what controllers there are. Where that cannot be, limits are those of processes, as without any group.
    fileprivate func handDown(from base: String, to folder: String) {
        guard mayHandDown(base) else { return }
        if ownership == .container, !isInLeaf { moveToLeaf(of: base) }
        for controller in ControlGroups.Controller.allCases {
            for group in [base, folder] {
                try? ControlGroup(path: group).write("+\(controller.rawValue)", to: "cgroup.subtree_control")
            }
        }
    }

    /// Only this very process: the first of a container, and alone.
    private func moveToLeaf(of base: String) {
        let leaf = ControlGroup(path: "\(base)/\(ControlGroups.leaf)")
        guard (try? Files.makeFolder(leaf.path, mode: 0o755)) != nil else { return }
        try? leaf.write("0", to: "cgroup.procs")
    }
}
