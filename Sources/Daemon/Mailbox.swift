import Execution
import JobFiles
package import Scheduling
import Synchronization

/// What reaches the loop from other threads, in the order in which it came.
final class Mailbox: Sendable {
    enum Message: Sendable {
        case report(ExecutorReport)
        case definitions(Reading)
        case jobsUnreadable(String)
        case request(Request, CheckedContinuation<RequestAnswer, Never>)
        case stop
    }

    let bell: Bell
    private let messages = Mutex<[Message]>([])

    init() throws(DaemonError) { bell = try Bell() }

    func post(_ message: Message) {
        messages.withLock { $0.append(message) }
        bell.ring()
    }

    /// Everything posted so far; the bell is silent until the next message.
    func takeAll() -> [Message] {
        bell.hear()
        return messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }
}

/// What became of a request, once it is durable.
package enum RequestAnswer: Hashable, Sendable {
    /// The run is in the ledger under this id.
    case accepted(id: String, RunKey)
    case unknownJob(JobName)
    /// In one sentence, with a way out.
    case refused(String)
}
