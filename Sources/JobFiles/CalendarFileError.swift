internal import Timetable

/// Why a calendar that a job file names gives no exceptions.
struct CalendarFileError: Error {
    let path: String
    let fault: Fault

    enum Fault: Error, Hashable, Sendable {
        case missing
        case unusable(FileBytes.Fault)
        case broken(HolidayFileError)
    }

    /// What is wrong, and what would be right, in one sentence.
    var message: String {
        let path = path.shortened
        return switch fault {
        case .missing: "there is no file `\(path)`; the path of a calendar is relative to the folder of the job file"
        case .unusable(.unreadable(let why)):
            "the calendar `\(path)` cannot be read (\(why)); give the user of the scheduler the right to read it"
        case .unusable(.notRegular): "`\(path)` is no regular file; name a file in the iCalendar format"
        case .unusable(.tooLarge):
            "the calendar `\(path)` is larger than \(FileBytes.largestSize >> 20) MiB; take out the events that are long past"
        case .broken(let error): "the calendar `\(path)`, line \(error.line): \(error.message)"
        }
    }
}
