import Glibc
import Synchronization

/// A thread of the system for work that waits in system calls.
///
/// Swift's own threads are few and must not wait, which is why this one is not one of them.
final class OwnThread: Sendable {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private let thread: Mutex<pthread_t?>

    init(_ run: @escaping @Sendable () -> Void) throws(SystemError) {
        let body = Unmanaged.passRetained(Body(run))
        var thread = pthread_t()
        let error = pthread_create(
            &thread,
            nil,
            { body in
                if let body { Unmanaged<Body>.fromOpaque(body).takeRetainedValue().run() }
                return nil
            },
            body.toOpaque()
        )
        guard error == 0 else {
            body.release()
            throw SystemError("pthread_create", "executor", error)
        }
        self.thread = Mutex(thread)
    }

    /// Waits for its end, once; from within itself, it does not wait.
    func join() {
        guard let thread = thread.withLock({ $0.take() }) else { return }
        if pthread_equal(thread, pthread_self()) != 0 {
            pthread_detach(thread)
        } else {
            pthread_join(thread, nil)
        }
    }
}
