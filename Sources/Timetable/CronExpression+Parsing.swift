extension CronExpression {
    /// Reads five fields, or six with the second first, separated by blanks; or one of the words `@yearly`, `@annually`, `@monthly`,
    /// `@weekly`, `@daily`, `@midnight` and `@hourly`.
    ///
    /// A field is a list of parts: `*`, `n`, `n-m`, each with a step `/n` if need be (`n/s` goes on to the field's end), `?` for a day
    /// field that does not matter, `H`, `H(n-m)` and `H/s` for numbers drawn from `seed`, in the day of the month `L`, `L-n`, `nW` and
    /// `LW`, in the day of the week `nL` and `n#m`. Months and weekdays have their English names of three letters; 0 and 7 are Sunday.
    /// An expression that can never come true is an error.
    init(parsing text: String, seed: String) throws(ScheduleError) {
        self.init(text: text)
        var scanner = TextScanner(text)
        scanner.skipBlanks()
        if scanner.isAt("@") {
            try readWord(scanner, seed: seed)
        } else {
            try readFields(&scanner, seed: seed)
        }
    }

    private mutating func readWord(_ scanner: TextScanner, seed: String) throws(ScheduleError) {
        let start = scanner.position
        let end = scanner.bytes[start...].firstIndex(where: \.isBlank) ?? scanner.bytes.count
        let meaning: String
        switch scanner.text(start..<min(end, start + 40)) {
        case "@yearly", "@annually": meaning = "0 0 1 1 *"
        case "@monthly": meaning = "0 0 1 * *"
        case "@weekly": meaning = "0 0 * * 0"
        case "@daily", "@midnight": meaning = "0 0 * * *"
        case "@hourly": meaning = "0 * * * *"
        case "@reboot": throw scanner.error("@reboot names no time; start such a command with the machine's service manager")
        case "@every":
            let length = scanner.text(end..<min(scanner.bytes.count, end + 60)).split { $0 == " " || $0 == "\t" }.joined()
            let period = Period.guess(length).flatMap { (try? RepeatingInterval(parsing: "R/\($0)")) == nil ? nil : $0 }
            let example = period.map { "write the interval R/\($0)" } ?? "write an interval, for example R/PT1H30M"
            throw scanner.error("@every is no cron word here; \(example)")
        default: throw scanner.error("there is no word \(scanner.found); write @yearly, @monthly, @weekly, @daily or @hourly")
        }
        var rest = scanner
        rest.skip(end - start)
        rest.skipBlanks()
        guard rest.isAtEnd else {
            let word = String(decoding: rest.bytes[rest.position...].prefix { !$0.isBlank }, as: UTF8.self).beginning(40)
            throw rest.error("nothing may follow \(scanner.text(start..<end)); remove `\(word)`, and write a time zone under `zone`")
        }
        var fields = TextScanner(meaning)
        try readFields(&fields, seed: seed)
    }

    private mutating func readFields(_ scanner: inout TextScanner, seed: String) throws(ScheduleError) {
        let starts = scanner.fieldStarts
        if scanner.bytes.dropFirst(scanner.position).starts(with: "R/".utf8) {
            guard scanner.position == 0 else { throw scanner.error(at: 0, "remove the blank before the interval") }
            throw scanner.error("this is a repeating interval, not a cron expression; leave out `cron:`")
        }
        guard starts.count == 5 || starts.count == 6 else { throw Self.fieldCountError(scanner, starts) }
        var field = starts.count == 6 ? CronField.second : .minute
        for start in starts {
            scanner.skip(start - scanner.position)
            var reader = CronFieldReader(field: field, seed: seed)
            try reader.read(&scanner)
            store(reader, field)
            field = CronField(rawValue: field.rawValue + 1) ?? field
        }
        guard canComeTrue else {
            let day = starts[starts.count - 3]
            throw scanner.error(at: day, "such a day never comes; no month named here is that long")
        }
    }

    private static func fieldCountError(_ scanner: TextScanner, _ starts: [Int]) -> ScheduleError {
        if starts.count == 7 {
            return scanner.error(at: starts[6], "a seventh field for the year is not known; leave it out, and write five fields or six")
        }
        let place = starts.count > 6 ? starts[6] : nil
        return scanner.error(
            at: place,
            "a cron expression has five fields (minute, hour, day, month, weekday) or six with the second first, not \(starts.count)")
    }

    private mutating func store(_ reader: CronFieldReader, _ field: CronField) {
        switch field {
        case .second: seconds = reader.numbers
        case .minute: (minutes, minutesAreStar) = (reader.numbers, reader.isStar)
        case .hour: (hours, hoursAreStar) = (reader.numbers, reader.isStar)
        case .month: months = reader.numbers
        case .dayOfMonth: dayOfMonth = reader.daysOfMonth
        case .dayOfWeek: dayOfWeek = reader.daysOfWeek
        }
    }

    /// The calendar repeats itself after 400 years, so what does not come by then never does.
    private var canComeTrue: Bool {
        let start = CivilDate(year: 2000, month: 1, day: 1).dayNumber
        return wall(from: Int64(start) * 86_400).map { $0 < Int64(start + 146_097) * 86_400 } ?? false
    }
}

extension TextScanner {
    fileprivate mutating func skipBlanks() {
        while let byte = peek(), byte.isBlank { skip() }
    }

    /// Where words separated by blanks begin, from here on.
    fileprivate var fieldStarts: [Int] {
        (position..<bytes.count).filter { !bytes[$0].isBlank && ($0 == position || bytes[$0 - 1].isBlank) }
    }
}

extension UInt8 {
    var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}
