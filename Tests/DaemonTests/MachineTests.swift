import Daemon
import Foundation
import Scheduling
import TestSupport
import Testing

/// What there is to be shared out on this machine.
struct MachineTests {
    /// Control groups of version 2 are mounted at `groups`, from `root` on, beside those of version 1, as on hybrid machines.
    private func machine(_ files: [String: String], root: String = "/") throws -> PoolCapacity {
        let folder = try TemporaryFolder()
        let mounts = """
            30 20 0:26 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro
            31 30 0:27 \(root) \(folder.path)/groups rw,nosuid shared:5 - cgroup2 cgroup2 rw
            32 30 0:28 / /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory

            """
        let files = files.merging(["proc/self/mountinfo": mounts]) { $1 }
        for (name, text) in files {
            let parent = (folder.path + "/" + name as NSString).deletingLastPathComponent
            try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
            try folder.write(text, to: name)
        }
        return Machine.capacity(proc: folder.path + "/proc")
    }

    private let eightOf16GiB = [
        "proc/self/status": "Name:\trota\nCpus_allowed:\t00000000,000000ff\nCpus_allowed_list:\t0-7\n",
        "proc/meminfo": "MemTotal:       16777216 kB\nMemFree:          123456 kB\n",
    ]

    @Test func withoutGroupsItIsTheWholeMachine() throws {
        #expect(try machine(eightOf16GiB) == PoolCapacity(milliCPUs: 8_000, memory: 16 << 30))
    }

    @Test func theGroupAndAllAroundItBoundIt() throws {
        let groups = [
            "proc/self/cgroup": "1:name=old:/x\n0::/system.slice/rota.service\n", "groups/cpu.max": "max 100000\n",
            "groups/system.slice/cpu.max": "400000 100000\n", "groups/system.slice/rota.service/cpu.max": "150000 50000\n",
            "groups/system.slice/memory.max": "1073741824\n", "groups/system.slice/rota.service/memory.max": "max\n",
        ]
        #expect(try machine(eightOf16GiB.merging(groups) { $1 }) == PoolCapacity(milliCPUs: 3_000, memory: 1 << 30))
    }

    /// In a container the own group is the root of what is seen.
    @Test func theRootOfWhatIsSeenCounts() throws {
        let groups = ["proc/self/cgroup": "0::/\n", "groups/cpu.max": "50000 100000\n", "groups/memory.max": "268435456\n"]
        #expect(try machine(eightOf16GiB.merging(groups) { $1 }) == PoolCapacity(milliCPUs: 500, memory: 256 << 20))
    }

    /// A container without a name space of groups sees its own as the root, and its full name in /proc.
    @Test func theNameOfTheRootIsNoFolderBelowIt() throws {
        let groups = [
            "proc/self/cgroup": "0::/docker/c1/leaf\n", "groups/cpu.max": "max 100000\n", "groups/leaf/cpu.max": "50000 100000\n",
        ]
        #expect(try machine(eightOf16GiB.merging(groups) { $1 }, root: "/docker/c1").milliCPUs == 500)
    }

    @Test(arguments: ["0::/../other\n", "", "nonsense"]) func whatCannotBeReadBoundsNothing(group: String) throws {
        #expect(try machine(["proc/self/cgroup": group, "groups/cpu.max": "much\n", "proc/meminfo": "MemTotal: ? kB\n"]) == PoolCapacity())
    }

    @Test func thisMachineHasProcessorsAndMemory() {
        let machine = Machine.capacity()
        #expect(machine.milliCPUs.map { $0 > 0 && $0 <= Int64(ProcessInfo.processInfo.activeProcessorCount) * 1000 } == true)
        #expect(machine.memory.map { $0 > 1 << 20 && $0 <= Int64(ProcessInfo.processInfo.physicalMemory) } == true)
    }
}
