import CPlatform
import Glibc
import Synchronization

/// Requests on their way into the executor's thread.
final class Inbox<Request: Sendable>: Sendable {
    /// Readable while there are requests.
    let descriptor: Int32
    private let requests = Mutex<[Request]>([])

    init() throws(SystemError) {
        descriptor = platform_eventfd()
        guard descriptor >= 0 else { throw SystemError("eventfd", "inbox") }
    }

    deinit {
        close(descriptor)
    }

    func post(_ request: Request) {
        requests.withLock { $0.append(request) }
        var one: UInt64 = 1
        // It fails only when it is readable anyway.
        _ = write(descriptor, &one, 8)
    }

    /// All requests since the last call, in their order.
    func take() -> [Request] {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
        return requests.withLock { requests in
            defer { requests = [] }
            return requests
        }
    }
}

/// Opens once, with a result; whoever waits goes on then.
final class Latch: Sendable {
    private let result = Mutex<Result<Void, any Error>?>(nil)
    private let descriptor: Int32

    init() throws(SystemError) {
        descriptor = platform_eventfd()
        guard descriptor >= 0 else { throw SystemError("eventfd", "latch") }
    }

    deinit {
        close(descriptor)
    }

    func open(_ value: Result<Void, any Error>) {
        let isFirst = result.withLock { result in
            defer { result = result ?? value }
            return result == nil
        }
        guard isFirst else { return }
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    func wait() throws {
        while true {
            if let value = result.withLock({ $0 }) { return try value.get() }
            var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            _ = poll(&wanted, 1, -1)
        }
    }
}
