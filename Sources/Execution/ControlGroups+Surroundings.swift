import CPlatform
import Glibc

extension ControlGroups {
    /// What a process sees of control groups: its own, and whether that was given to it.
    struct Surroundings {
        enum Ownership {
            /// The root of the machine, where processes and controllers for others may be together.
            case machine
            /// The root of a container, which may hold processes that are not ours.
            case container
            /// Given by systemd, which starts the next scheduler in it, too.
            case delegated
        }

        /// The group that is ours, nil when there is none.
        var base: String?
        var ownership = Ownership.delegated
        /// Whether the process is in `leaf` below the base.
        var isInLeaf = false
        private var process: pid_t
        private var group: String?
        private var mount: String?

        init(of process: pid_t) throws(SystemError) {
            self.process = process
            guard let path = try Self.path(of: "\(process)"), let mount = try Self.mount() else { return }
            self.mount = mount.point
            guard let inside = Self.path(path, below: mount.root) else { return }
            let group = inside == "/" ? mount.point : mount.point + inside
            self.group = group
            isInLeaf = inside.hasSuffix("/\(ControlGroups.leaf)")
            let candidate = isInLeaf ? String(group.dropLast(ControlGroups.leaf.utf8.count + 1)) : group
            if candidate == mount.point {
                // Only the root of all has no type.
                ownership = Files.exists("\(candidate)/cgroup.type") ? .container : .machine
                base = candidate
            } else if Self.isDelegated(candidate) {
                base = candidate
            }
        }

        var finding: Finding {
            guard let mount else {
                return Finding(
                    shortcoming: "no control groups of version 2 are mounted, so runs have none of their own",
                    remedy: "start the machine with `systemd.unified_cgroup_hierarchy=1`, or mount them (`mount -t cgroup2`)"
                )
            }
            guard let base else {
                return Finding(
                    shortcoming: "the control group \(group ?? mount) was not given to the scheduler, so runs have none of their own",
                    remedy: "start it as a systemd unit with `Delegate=yes` and `DelegateSubgroup=\(ControlGroups.leaf)`"
                )
            }
            guard Self.isWritable(base), Self.isWritable("\(base)/cgroup.procs") else {
                return Finding(
                    shortcoming: "groups cannot be made in \(base): \(SystemError("access", base))",
                    remedy: "let the scheduler's user write to it; in a container, mount /sys/fs/cgroup writable"
                )
            }
            return controllersFinding(base)
        }

        private func controllersFinding(_ base: String) -> Finding {
            var finding = Finding(runs: "\(base)/\(ControlGroups.folder)")
            let offered = Self.words("\(base)/cgroup.controllers")
            let wanted: [Controller] = [.memory, .pids]
            let missing = wanted.filter { !offered.contains($0.rawValue) }
            if !mayHandDown(base) {
                finding.shortcoming = "limits of memory and processes hold for each process, not for a whole run, as \(handingDownFault)"
                finding.remedy = handingDownRemedy
            } else {
                finding.controllers = Controller.allCases.filter { offered.contains($0.rawValue) }
                guard !missing.isEmpty else { return finding }
                let names = missing.map(\.rawValue).joined(separator: " and ")
                finding.shortcoming = "\(base) lacks the controller \(names), so those limits hold for each process, not for a whole run"
                finding.remedy = "start the machine with `systemd.unified_cgroup_hierarchy=1`; in a unit, set `Delegate=yes`"
            }
            return finding
        }

        /// Whether controllers can be given to the groups of runs.
        ///
        /// A group that does so may hold no process itself. In a unit that rules it out without a group for the scheduler: systemd would
        /// start the next scheduler in the unit's own group, beside the runs that live on, and the kernel would refuse it there.
        func mayHandDown(_ base: String) -> Bool {
            switch ownership {
            case .machine: true
            case .container: isInLeaf || Self.words("\(base)/cgroup.procs").allSatisfy { $0 == "\(process)" }
            case .delegated: isInLeaf
            }
        }

        private var handingDownFault: String {
            ownership == .delegated
                ? "the unit has no group of its own for the scheduler" : "other processes are in the same control group as the scheduler"
        }

        private var handingDownRemedy: String {
            ownership == .delegated
                ? "add `DelegateSubgroup=\(ControlGroups.leaf)` to the unit (systemd 254 or later)"
                : "let the scheduler be the only process in its group, as the first one of a container is"
        }
    }
}

extension ControlGroups {
    /// The folders of this process's group and of all around it, the outermost first; only that when its own lies outside of what is seen,
    /// and none where no groups of version 2 are mounted.
    ///
    /// - Parameter proc: Where the kernel tells of processes.
    package static func around(proc: String = "/proc") -> [String] {
        guard let mount = try? Surroundings.mount(in: proc) else { return [] }
        let own = try? Surroundings.path(of: "self", in: proc)
        let names = (own.flatMap { Surroundings.path($0, below: mount.root) } ?? "/").split(separator: "/").map(String.init)
        return (0...names.count).map { ([mount.point] + names.prefix($0)).joined(separator: "/") }
    }
}

extension ControlGroups.Surroundings {
    /// The group of a process as /proc tells it, from the root of what we see; nil when there is no version 2.
    fileprivate static func path(of process: String, in proc: String = "/proc") throws(SystemError) -> String? {
        let file = "\(proc)/\(process)/cgroup"
        guard let bytes = try Files.read(file) else { throw SystemError("open", file, ENOENT) }
        let line = lines(bytes).first { $0.hasPrefix("0::/") }
        return line.map { String($0.dropFirst(3)) }
    }

    /// Where groups of version 2 are mounted, and which of them is to be seen there as the root.
    fileprivate static func mount(in proc: String = "/proc") throws(SystemError) -> (root: String, point: String)? {
        let bytes = try Files.read("\(proc)/self/mountinfo") ?? []
        for line in lines(bytes) {
            // id, parent, device, root, mount point, options, any number of tags, a dash, type.
            let words = line.split(separator: " ")
            guard let dash = words.firstIndex(of: "-"), dash > 5, dash + 1 < words.count, words[dash + 1] == "cgroup2" else { continue }
            return (String(words[3]), String(words[4]))
        }
        return nil
    }

    fileprivate static func path(_ path: String, below root: String) -> String? {
        if path.hasPrefix("/..") { return nil }
        if root == "/" { return path }
        guard path == root || path.hasPrefix(root + "/") else { return nil }
        return path == root ? "/" : String(path.dropFirst(root.utf8.count))
    }

    private static func lines(_ bytes: [UInt8]) -> [String] {
        bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }

    static func words(_ file: String) -> Set<String> {
        let bytes = (try? Files.read(file)) ?? nil
        return Set(String(decoding: bytes ?? [], as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init))
    }

    /// The mark that systemd leaves on a group that it handed over, the second where it may not set the first.
    private static func isDelegated(_ group: String) -> Bool {
        ["trusted.delegate", "user.delegate"].contains { name in
            var value: UInt8 = 0
            return getxattr(group, name, &value, 1) == 1 && value == UInt8(ascii: "1")
        }
    }

    private static func isWritable(_ path: String) -> Bool {
        faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0
    }
}
