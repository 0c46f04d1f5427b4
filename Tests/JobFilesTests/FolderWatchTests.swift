import Glibc
import JobFiles
import Scheduling
import Testing
import Timetable

/// The watch on real folders; nothing waits but poll(2), and that with a bound.
struct FolderWatchTests {
    let files = TemporaryFolder()

    /// What the watch tells once there is something to tell; nothing told within a second is nothing.
    private func changes(_ watch: FolderWatch, within milliseconds: Int32 = 1000) -> FolderWatch.Changes {
        var descriptor = pollfd(fd: watch.descriptor, events: Int16(POLLIN), revents: 0)
        poll(&descriptor, 1, milliseconds)
        return watch.drain()
    }

    @Test func nothingIsToldWhileNothingChanges() throws {
        files.write("a.yaml", "command: x")
        let watch = try FolderWatch(path: files.path)
        #expect(watch.drain() == FolderWatch.Changes())
        #expect(watch.complaint == nil)
    }

    /// A log beside the jobs folder, written all day, wakes nobody.
    @Test func writingBesideTheFolderWakesNobody() throws {
        mkdir("\(files.path)/jobs", 0o755)
        files.write("jobs/a.yaml", "command: x")
        files.write("log", "begun")
        let watch = try FolderWatch(path: files.path + "/jobs")
        let log = open("\(files.path)/log", O_WRONLY | O_APPEND | O_CLOEXEC)
        for _ in 0..<100 { write(log, "line", 4) }
        close(log)
        var descriptor = pollfd(fd: watch.descriptor, events: Int16(POLLIN), revents: 0)
        #expect(poll(&descriptor, 1, 0) == 0)
        files.rename("jobs", to: "away")
        #expect(changes(watch).changed, "but the folder's own coming and going is told")
    }

    @Test func aFileWrittenRenamedOrDeletedIsTold() throws {
        let watch = try FolderWatch(path: files.path)
        files.write("a.yaml", "command: x")
        #expect(changes(watch) == FolderWatch.Changes(changed: true))
        files.rename("a.yaml", to: "b.yaml")
        #expect(changes(watch).changed)
        files.delete("b.yaml")
        #expect(changes(watch).changed)
        files.link("c.yaml", to: "/nonexistent")
        #expect(changes(watch).changed)
        #expect(watch.drain() == FolderWatch.Changes())
    }

    // Failure 64.
    @Test func aFileIsDirtyFromItsFirstWriteToItsClose() throws {
        files.write("a.yaml", "command: one")
        var folder = JobFolder(path: files.path)
        let now = Instant(seconds: 1_700_001_000)
        _ = try folder.read(at: now)
        let watch = try FolderWatch(path: files.path)
        let writer = open("\(files.path)/a.yaml", O_WRONLY | O_TRUNC | O_CLOEXEC)
        write(writer, "command: tw", 11)
        let halfway = changes(watch)
        #expect(halfway.dirty == ["\(files.path)/a.yaml"])
        #expect(try folder.read(at: now, dirty: halfway.dirty).graph[name("a")]?.command == .shell("one"))
        write(writer, "o", 1)
        close(writer)
        let done = changes(watch)
        #expect(done == FolderWatch.Changes(changed: true))
        files.touch("a.yaml", at: TemporaryFolder.written)
        #expect(try folder.read(at: now, dirty: done.dirty).graph[name("a")]?.command == .shell("two"))
    }

    @Test func aCalendarIsToldAsAJobFileIs() throws {
        files.write("holidays.ICS", "x")
        let watch = try FolderWatch(path: files.path)
        let writer = open("\(files.path)/holidays.ICS", O_WRONLY | O_CLOEXEC)
        write(writer, "y", 1)
        #expect(changes(watch).dirty == ["\(files.path)/holidays.ICS"])
        close(writer)
        #expect(changes(watch) == FolderWatch.Changes(changed: true))
    }

    @Test func whatEditorsLeaveBehindIsNotTold() throws {
        files.write("a.yaml.swp", "x")
        files.write(".a.yaml.swp", "x")
        files.write("log.txt", "x")
        let watch = try FolderWatch(path: files.path)
        files.write("a.yaml.swp", "y")
        files.write(".a.yaml.swp", "y")
        files.write("log.txt", "y")
        files.write("a.yaml~", "y")
        #expect(changes(watch, within: 0) == FolderWatch.Changes())
    }

    @Test func newFoldersAreWatchedAndOldOnesForgotten() throws {
        let watch = try FolderWatch(path: files.path)
        files.makeFolder("one")
        files.makeFolder("one/two")
        #expect(changes(watch).changed)
        files.write("one/two/a.yaml", "command: x")
        #expect(changes(watch) == FolderWatch.Changes(changed: true))
        files.rename("one", to: "other")
        #expect(changes(watch).changed)
        let writer = open("\(files.path)/other/two/a.yaml", O_WRONLY | O_CLOEXEC)
        write(writer, "x", 1)
        #expect(changes(watch).dirty == ["\(files.path)/other/two/a.yaml"], "under its new path")
        close(writer)
        _ = changes(watch)
        let away = TemporaryFolder()
        Glibc.rename("\(files.path)/other", "\(away.path)/other")
        #expect(changes(watch).changed)
        away.write("other/two/a.yaml", "command: y")
        #expect(!changes(watch, within: 0).changed)
    }

    @Test func theFolderReplacedByARenameIsWatchedAnew() throws {
        files.makeFolder("jobs")
        files.makeFolder("next")
        files.write("next/a.yaml", "command: x")
        let watch = try FolderWatch(path: "\(files.path)/jobs")
        files.rename("jobs", to: "old")
        #expect(changes(watch).changed)
        files.rename("next", to: "jobs")
        #expect(changes(watch).changed)
        files.write("jobs/a.yaml", "command: y")
        #expect(changes(watch).changed)
    }

    @Test(arguments: ["current", "current/jobs", "hop/jobs"])
    func aLinkSwitchedOnTheWayIsTold(path: String) throws {
        for release in ["one", "two"] {
            files.makeFolder(release)
            files.makeFolder("\(release)/jobs")
        }
        files.link("current", to: "one")
        files.link("hop", to: "current")
        let watch = try FolderWatch(path: "\(files.path)/\(path)")
        files.link("new", to: "two")
        files.rename("new", to: "current")
        #expect(changes(watch).changed)
        files.write("two/\(path.hasSuffix("jobs") ? "jobs/" : "")a.yaml", "command: x")
        #expect(changes(watch).changed)
        files.write("one/jobs/a.yaml", "command: x")
        #expect(!changes(watch, within: 0).changed)
    }

    @Test func aFolderThatComesLaterIsTold() throws {
        let watch = try FolderWatch(path: "\(files.path)/jobs")
        files.makeFolder("jobs")
        #expect(changes(watch).changed)
        files.write("jobs/a.yaml", "command: x")
        #expect(changes(watch).changed)
    }

    @Test func anOverflowMeansThatEverythingMayHaveChanged() throws {
        let watch = try FolderWatch(path: files.path)
        // Two events each; the system keeps 16 384 by default.
        for number in 0..<12_000 {
            files.write("a\(number % 50).yaml", "x")
            files.delete("a\(number % 50).yaml")
        }
        let told = watch.drain()
        #expect(told.changed && told.dirty == [])
        files.write("b.yaml", "x")
        #expect(changes(watch).changed)
    }
}
