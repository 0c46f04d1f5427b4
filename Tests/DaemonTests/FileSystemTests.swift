import Daemon
import Foundation
import Synchronization
import TestSupport
import Testing

/// What a state folder lies on.
struct FileSystemTests {
    // catalogue 39
    @Test func aDiskOfThisMachineHasLocksThatHold() throws {
        let folder = try TemporaryFolder()
        let found = try StateFolder.fileSystem(of: folder.path)
        #expect(found.locks == .hold && !found.isNetwork && !found.isReadOnly && found.warning == nil)
        #expect(found.free > 0 && found.size >= found.free)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty, "the trial leaves nothing behind")
    }

    // catalogue 39: two containers on one volume may have the same process number.
    @Test func trialsOfLocksAtOnceAreNotInEachOthersWay() throws {
        let folder = try TemporaryFolder()
        let others = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 400) { _ in
            let found = Result { try StateFolder.fileSystem(of: folder.path).locks }
            if (try? found.get()) != .hold { others.withLock { $0.append("\(found)") } }
        }
        #expect(others.withLock(\.self) == [])
    }

    @Test func whatIsInMemoryIsGoneWithTheNextBoot() throws {
        #expect(try StateFolder.fileSystem(of: "/dev/shm").isVolatile)
    }

    @Test func whereNothingCanBeWrittenLocksAreNotTried() throws {
        let found = try StateFolder.fileSystem(of: "/proc")
        guard case .untried = found.locks else {
            Issue.record("\(found.locks)")
            return
        }
    }

    @Test func aFolderThatIsNotThereIsToldByItsName() throws {
        #expect {
            try StateFolder.fileSystem(of: "/nowhere/at/all")
        } throws: { "\($0)".contains("/nowhere/at/all") }
    }
}
