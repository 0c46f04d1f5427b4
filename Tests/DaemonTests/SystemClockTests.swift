import Daemon
import Glibc
import Testing
import Timetable

struct SystemClockTests {
    @Test(.timeLimit(.minutes(1))) func waitingEndsAtTheDeadlineAndNotBefore() {
        let clock = SystemClock()
        let deadline = clock.now() + .milliseconds(30)
        while clock.now() < deadline { clock.wait(until: deadline, descriptors: []) }
        #expect(clock.now() >= deadline)
    }

    @Test(.timeLimit(.minutes(1))) func aDeadlineThatIsOverDoesNotWait() {
        let clock = SystemClock()
        clock.wait(until: .epoch, descriptors: [])
        clock.wait(until: clock.now() - .seconds(1), descriptors: [])
    }

    // catalogue 42, 43: setting the clock to what it shows is a step of length zero, which the kernel tells like any other.
    @Test(.enabled(if: geteuid() == 0, "only root may set the clock"), .timeLimit(.minutes(1))) func aClockThatWasSetIsNoticed()
        async throws
    {
        let clock = SystemClock()
        let done = try Bell()
        let waiter = Task.detached { [clock] in
            var wasSet = false
            while !wasSet { wasSet = clock.wait(until: clock.now() + .seconds(3_600), descriptors: []) }
            done.ring()
        }
        // Until the waiter has heard of it, for nobody tells when it has begun to wait.
        while !clock.wait(until: clock.now() + .milliseconds(20), descriptors: [done.descriptor]), !isReadable(done.descriptor) {
            var now = timespec()
            clock_gettime(CLOCK_REALTIME, &now)
            try #require(clock_settime(CLOCK_REALTIME, &now) == 0)
        }
        await waiter.value
    }

    private func isReadable(_ descriptor: Int32) -> Bool {
        var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&wait, 1, 0) > 0
    }

    @Test(.timeLimit(.minutes(1))) func aBellEndsTheWaitAndIsSilentOnceHeard() throws {
        let clock = SystemClock()
        let bell = try Bell()
        bell.ring()
        clock.wait(until: clock.now() + .seconds(3_600), descriptors: [bell.descriptor])
        bell.hear()
        let deadline = clock.now() + .milliseconds(5)
        while clock.now() < deadline { clock.wait(until: deadline, descriptors: [bell.descriptor]) }
        #expect(clock.now() >= deadline)
    }
}
