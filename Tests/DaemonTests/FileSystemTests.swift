import Daemon
import Foundation
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
