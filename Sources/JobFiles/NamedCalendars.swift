internal import Timetable

/// The calendars that the jobs of one file name, and what became of them.
final class NamedCalendars {
    private let calendars: Calendars
    /// The folder of the file, with a solidus at its end; nil when no path can stand there.
    private let folder: String?
    /// As they are opened; also of those that could not be read.
    private(set) var paths: Set<String> = []
    /// Whether one of them is not to be read now.
    private(set) var isPutOff = false

    /// - Parameter file: The path of the job file; nil for a canonical text, in which calendars stand whole.
    init(_ calendars: Calendars, besides file: String?) {
        self.calendars = calendars
        folder = file.map { file in file.lastIndex(of: "/").map { String(file[...$0]) } ?? "" }
    }

    static func isCalendar(_ path: String) -> Bool { path.suffix(4).lowercased() == ".ics" }

    /// Whether the text is the path of a file, and of no calendar; days have no dot behind a letter.
    static func isOtherFile(_ path: String) -> Bool {
        guard let first = path.unicodeScalars.first, !isCalendar(path) else { return false }
        return "./~".unicodeScalars.contains(first) || first.properties.isAlphabetic && path.utf8.contains(UInt8(ascii: "."))
    }

    /// The calendar in the file at `path`, which is relative to the folder of the job file.
    ///
    /// nil when it is being written; then nothing is to be said of the job file either.
    func calendar(at path: String, zone: Zone) throws(CalendarFileError) -> HolidayCalendar? {
        guard let folder else { throw CalendarFileError(path: path, fault: .missing) }
        let path = path.hasPrefix("/") ? path : folder + path
        paths.insert(path)
        switch calendars.calendar(at: path, zone: zone) {
        case .success(let calendar): return calendar
        case .failure(let fault): throw CalendarFileError(path: path, fault: fault)
        case nil:
            isPutOff = true
            return nil
        }
    }

    func calendar(text: String, zone: Zone) throws(HolidayFileError) -> HolidayCalendar {
        try calendars.calendar(text: text, zone: zone)
    }
}
