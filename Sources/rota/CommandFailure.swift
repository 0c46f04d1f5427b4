import Client
import Daemon
import Execution
import Glibc
import JobFiles
import RunHistory
import Web

/// Why a command ends without having done what it was asked: one line to stderr, and the exit code that scripts look at.
struct CommandFailure: Error {
    let code: Code
    let message: String

    enum Code: Int32 {
        /// The thing asked about is not well.
        case unwell = 1
        case usage = 64
        case damagedLedger = 65
        case noJobsFolder = 66
        case noScheduler = 69
        case ourFault = 70
        case portTaken = 71
        case stateNotWritable = 73
        case outputLost = 74
        case heldByAnother = 75
        case newerLedger = 76
        case notAllowed = 77
    }

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// nil for what the argument parser says itself.
    init?(of error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as DurableStep.Crash.NotAStep: self.init(.usage, error.description)
        case let error as LedgerError: self.init(Code(error), error.description)
        case let error as DaemonError: self.init(Code(error), error.description)
        case let error as JobFolderError: self.init(.noJobsFolder, error.description)
        case let error as WebServer.Failure: self.init(.portTaken, error.description)
        case let error as SocketClient.Failure: self.init(Code(error), error.description)
        default: return nil
        }
    }

    func exit() -> Never {
        Terminal.complain("error: \(message)")
        Glibc.exit(code.rawValue)
    }
}

extension CommandFailure.Code {
    init(_ error: LedgerError) {
        self =
            switch error {
            case .missing: .noScheduler
            case .notReadable: .notAllowed
            case .notWritable, .noRoom, .readOnly, .unsettled: .stateNotWritable
            case .corrupt, .vanished: .damagedLedger
            case .newerSchema: .newerLedger
            case .foreignMachine: .heldByAnother
            case .failed: .ourFault
            }
    }

    init(_ error: DaemonError) {
        self =
            switch error {
            case .stateNotWritable, .socketPathTooLong, .noLocks: .stateNotWritable
            case .heldByAnother: .heldByAnother
            case .ledger(let error): CommandFailure.Code(error)
            case .jobs: .noJobsFolder
            case .keeperMissing, .recovery, .system: .ourFault
            }
    }

    init(_ error: SocketClient.Failure) {
        self =
            switch error {
            case .pathTooLong: .stateNotWritable
            case .noScheduler: .noScheduler
            case .notAllowed: .notAllowed
            case .brokenOff: .ourFault
            }
    }
}
