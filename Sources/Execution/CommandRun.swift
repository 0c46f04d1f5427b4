import CPlatform
import Glibc

/// How a command ended that was asked for an answer, and what it said.
struct CommandAnswer: Hashable, Sendable {
    enum End: Hashable, Sendable {
        case exited(Int)
        /// 0 when nobody knows by what it ended.
        case signaled(Int)
        /// It was killed, with all that it started, because its time was over.
        case tookTooLong
        /// It was killed because nobody wants the answer any more.
        case notWanted
        /// There never was a process.
        case notStarted(SystemError)
    }

    var end: End
    /// Its output, as it wrote it.
    var bytes: [UInt8]
    var errors: String
    /// Whether all that it wrote to its output is here.
    var isWhole: Bool

    init(end: End, bytes: [UInt8], errors: String = "", isWhole: Bool = true) {
        self.end = end
        self.bytes = bytes
        self.errors = errors
        self.isWhole = isWhole
    }

    init(end: End, output: String = "", errors: String = "") {
        self.init(end: end, bytes: Array(output.utf8), errors: errors)
    }

    var output: String { String(decoding: bytes, as: UTF8.self) }
    var hasSucceeded: Bool { end == .exited(0) && isWhole }
}

/// One command that is run to its end for what it answers: without a shell, within a time.
struct CommandRun {
    /// The program, looked up in our PATH unless it is a path, and its arguments.
    var words: [String]
    var environment: [String: String]
    var limit: Duration
    /// What it finds to read.
    var input: [UInt8] = []
    /// Bytes of its output that are kept.
    var outputLimit = 64 << 20
    /// A descriptor that is readable once nobody wants the answer any more; the command gets `parting` then.
    var stop: Int32?
    var parting: Duration = .zero

    private static let errorLimit = 64 << 10
    /// Milliseconds in which what a command left behind may still write.
    private static let drainTime: Int64 = 500

    /// Waits for the end.
    func answer() -> CommandAnswer {
        do throws(SystemError) {
            var pipes = try Pipes(outputLimit: outputLimit, errorLimit: Self.errorLimit)
            defer { pipes.close() }
            let child = try spawn(pipes)
            pipes.closeWritingEnds()
            return wait(for: child, &pipes)
        } catch {
            return CommandAnswer(end: .notStarted(error))
        }
    }

    private func spawn(_ pipes: Pipes) throws(SystemError) -> pid_t {
        var pid: pid_t = 0
        let file = words.first ?? ""
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (arguments + variables).forEach { free($0) } }
        let input = try inputFile()
        defer { if input >= 0 { close(input) } }
        let error = platform_run(&pid, file, &arguments, &variables, input, pipes.output.write, pipes.errors.write)
        guard error == 0 else { throw SystemError("spawn", file, error) }
        return pid
    }

    /// A file and no pipe: a command that reads late, or never, holds nobody up. -1 when there is nothing to read.
    private func inputFile() throws(SystemError) -> Int32 {
        guard !input.isEmpty else { return -1 }
        let file = platform_memory_file()
        guard file >= 0 else { throw SystemError("memfd_create", "input") }
        do throws(SystemError) {
            try Files.write(input, to: file, "input")
            guard lseek(file, 0, SEEK_SET) == 0 else { throw SystemError("lseek", "input") }
        } catch {
            close(file)
            throw error
        }
        return file
    }

    private func wait(for child: pid_t, _ pipes: inout Pipes) -> CommandAnswer {
        let process = platform_pidfd_open(child)
        defer { if process >= 0 { close(process) } }
        // Without a descriptor of it, nobody could wait for it and its time at once.
        var end: CommandAnswer.End? = process < 0 ? .notWanted : nil
        var deadline = LocalWatch.steadyTime() + limit.wholeMilliseconds
        var isStopped = false
        while end == nil || pipes.areOpen {
            let left = deadline - LocalWatch.steadyTime()
            guard left > 0, process >= 0 else { break }
            var files = [pipes.output.read, pipes.errors.read, end == nil ? process : -1, isStopped ? -1 : stop ?? -1]
                .map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            _ = poll(&files, 4, Int32(clamping: left))
            pipes.take()
            if files[2].revents != 0 {
                end = Self.reap(process)
                deadline = min(deadline, LocalWatch.steadyTime() + Self.drainTime)
            }
            if files[3].revents != 0 {
                isStopped = true
                deadline = min(deadline, LocalWatch.steadyTime() + parting.wholeMilliseconds)
            }
        }
        if end == nil || process < 0 {
            end = isStopped || process < 0 ? .notWanted : .tookTooLong
            Self.kill(child, process)
        }
        return CommandAnswer(
            end: end ?? .notWanted, bytes: pipes.output.bytes, errors: pipes.errors.text, isWhole: pipes.output.isWhole)
    }

    private static func reap(_ process: Int32) -> CommandAnswer.End {
        var end = platform_end()
        guard platform_pidfd_reap(process, &end) == 1 else { return .signaled(0) }
        return end.exited == 1 ? .exited(Int(end.status)) : .signaled(Int(end.status))
    }

    /// Its whole group; one that even KILL does not end at once, because a server does not answer, is not waited for.
    private static func kill(_ child: pid_t, _ process: Int32) {
        Glibc.kill(-child, SIGKILL)
        guard process >= 0 else {
            waitpid(child, nil, 0)
            return
        }
        var files = [pollfd(fd: process, events: Int16(POLLIN), revents: 0)]
        _ = poll(&files, 1, 1000)
        var end = platform_end()
        _ = platform_pidfd_reap(process, &end)
    }
}

extension CommandRun {
    /// One stream of the command on its way to us; the rest of one that is too long is read and dropped.
    struct Stream {
        var read: Int32 = -1
        var write: Int32 = -1
        var bytes: [UInt8] = []
        let limit: Int
        var isWhole = true

        init(limit: Int) throws(SystemError) {
            var pipe: [Int32] = [-1, -1]
            guard platform_answer_pipe(&pipe) == 0 else { throw SystemError("pipe", "answer") }
            (read, write) = (pipe[0], pipe[1])
            self.limit = limit
        }

        var text: String { String(decoding: bytes, as: UTF8.self) }

        mutating func take() {
            var chunk = [UInt8](repeating: 0, count: 64 << 10)
            while read >= 0 {
                let count = Glibc.read(read, &chunk, chunk.count)
                if count < 0 && errno == EINTR { continue }
                if count < 0 && errno == EAGAIN { return }
                guard count > 0 else { return closeReadingEnd() }
                let room = max(0, limit - bytes.count)
                if count > room { isWhole = false }
                bytes.append(contentsOf: chunk[..<min(count, room)])
            }
        }

        mutating func closeReadingEnd() {
            if read >= 0 { Glibc.close(read) }
            read = -1
        }

        mutating func closeWritingEnd() {
            if write >= 0 { Glibc.close(write) }
            write = -1
        }
    }

    private struct Pipes {
        var output: Stream
        var errors: Stream

        init(outputLimit: Int, errorLimit: Int) throws(SystemError) {
            output = try Stream(limit: outputLimit)
            do {
                errors = try Stream(limit: errorLimit)
            } catch {
                output.closeReadingEnd()
                output.closeWritingEnd()
                throw error
            }
        }

        var areOpen: Bool { output.read >= 0 || errors.read >= 0 }

        mutating func take() {
            output.take()
            errors.take()
        }

        mutating func closeWritingEnds() {
            output.closeWritingEnd()
            errors.closeWritingEnd()
        }

        mutating func close() {
            closeWritingEnds()
            output.closeReadingEnd()
            errors.closeReadingEnd()
        }
    }
}

extension Duration {
    var wholeMilliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
