import Daemon
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
