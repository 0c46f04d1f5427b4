/// The work of reading one field of a cron expression.
struct CronFieldReader {
    let field: CronField
    private let hash: UInt64
    /// Bit n stands for n.
    private(set) var numbers: UInt64 = 0
    /// Meaningful for the day of the month only; so its twin for the day of the week.
    private var ofMonth = CronExpression.DaysOfMonth()
    private var ofWeek = CronExpression.DaysOfWeek()
    /// Whether the field begins with `*` or `?`.
    private(set) var isStar = false

    init(field: CronField, seed: String) {
        self.field = field
        hash = stableHash(of: seed, salt: UInt8(field.rawValue))
    }

    var daysOfMonth: CronExpression.DaysOfMonth {
        var days = ofMonth
        (days.days, days.isStar) = (numbers, isStar)
        return days
    }

    var daysOfWeek: CronExpression.DaysOfWeek {
        var days = ofWeek
        (days.days, days.isStar) = (numbers, isStar)
        return days
    }

    /// Reads from the field's first character to the blank behind its last.
    mutating func read(_ scanner: inout TextScanner) throws(ScheduleError) {
        isStar = scanner.isAt("*") || scanner.isAt("?")
        repeat { try readPart(&scanner) } while scanner.take(",")
        guard scanner.peek()?.isBlank ?? true else {
            throw scanner.error("\(scanner.found) cannot stand there in the \(field.name); write for example *, 5, 1-5, */15 or 1,3,5")
        }
    }

    private mutating func readPart(_ scanner: inout TextScanner) throws(ScheduleError) {
        let place = scanner.position
        switch scanner.peek()?.upperCased {
        case UInt8(ascii: "*"):
            scanner.skip()
            try add(field.all, &scanner)
        case UInt8(ascii: "?"):
            guard field.isDay else { throw scanner.error("? can only stand for a day; write * in the \(field.name)") }
            scanner.skip()
            try add(field.all, &scanner)
        case UInt8(ascii: "H") where !(scanner.peek(1)?.isLetter ?? false): try readHash(&scanner)
        case UInt8(ascii: "L") where field.isDay && !(scanner.peek(1)?.isLetter ?? false && !scanner.isNearestWeekday(1)):
            try readLast(&scanner)
        default:
            let number = try readNumber(&scanner)
            if field == .dayOfMonth, scanner.isNearestWeekday(0) {
                scanner.skip()
                ofMonth.nearestWeekday |= 1 << number
            } else if field == .dayOfWeek, scanner.isAt("L") || scanner.isAt("l") {
                scanner.skip()
                ofWeek.last |= 1 << (number % 7)
            } else if field == .dayOfWeek, scanner.take("#") {
                try readNth(number % 7, &scanner)
            } else {
                try readRange(from: number, &scanner, place)
            }
        }
    }

    private mutating func readRange(from first: Int, _ scanner: inout TextScanner, _ place: Int) throws(ScheduleError) {
        guard scanner.take("-") else {
            try add(first...(scanner.isAt("/") ? max(first, field.all.upperBound) : first), &scanner)
            return
        }
        let hyphen = scanner.position - 1
        var last = try readNumber(&scanner)
        if field == .dayOfWeek, last == 0, first > 0 { last = 7 }
        guard first <= last else {
            let written = (scanner.text(place..<hyphen), scanner.text((hyphen + 1)..<scanner.position))
            throw scanner.error(
                at: place, "the range \(written.0)-\(written.1) runs backwards; write \(rangeOverTheEnd(first, last, written))")
        }
        try add(first...last, &scanner)
    }

    /// From `first` to the end of the field and from its beginning to `last`, in the words of the text: `FRI-SAT,SUN-MON`.
    private func rangeOverTheEnd(_ first: Int, _ last: Int, _ written: (first: String, last: String)) -> String {
        let all = field.all
        func word(_ number: Int, like text: String) -> String {
            text.utf8.first?.isLetter ?? false ? field.name(of: number) ?? "\(number)" : "\(number)"
        }
        var parts = [last == all.lowerBound ? written.last : "\(word(all.lowerBound, like: written.last))-\(written.last)"]
        // The second Sunday is the first of the days that follow.
        if first <= all.upperBound {
            parts.insert(first == all.upperBound ? written.first : "\(written.first)-\(word(all.upperBound, like: written.first))", at: 0)
        }
        return parts.joined(separator: ",")
    }

    /// Adds `range`, thinned by the step that may follow.
    private mutating func add(_ range: ClosedRange<Int>, _ scanner: inout TextScanner) throws(ScheduleError) {
        for number in stride(from: range.lowerBound, through: range.upperBound, by: try readStep(&scanner)) {
            numbers |= 1 << (field == .dayOfWeek ? number % 7 : number)
        }
    }

    private func readStep(_ scanner: inout TextScanner) throws(ScheduleError) -> Int {
        guard scanner.take("/") else { return 1 }
        let place = scanner.position
        guard let digits = scanner.digits else { throw scanner.error("a step is expected before \(scanner.foundInField), as in */15") }
        guard let step = scanner.number(), step > 0, step <= field.range.upperBound else {
            throw scanner.error(at: place, "there is no step \(digits) in the \(field.name); it goes from 1 to \(field.range.upperBound)")
        }
        return step
    }

    private func readNumber(_ scanner: inout TextScanner) throws(ScheduleError) -> Int {
        let place = scanner.position
        if scanner.peek()?.isLetter ?? false {
            let letters = (0..<3).compactMap { scanner.peek($0) }
            let isLonger = (scanner.peek(3)?.isLetter ?? false) && scanner.peek(3)?.upperCased != UInt8(ascii: "L")
            if !isLonger, let number = field.number(named: letters) {
                scanner.skip(3)
                return number
            }
            throw scanner.error("\(scanner.found) is no \(field.name); \(hintForName)")
        }
        let range = field.range
        guard let digits = scanner.digits else {
            throw scanner.error(
                "a \(field.name) from \(range.lowerBound) to \(range.upperBound) is expected before \(scanner.foundInField)")
        }
        guard let number = scanner.number(), range.contains(number) else {
            throw scanner.error(
                at: place, "there is no \(field.name) \(digits); write a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private var hintForName: String {
        switch field {
        case .month: "write 1 to 12 or JAN to DEC"
        case .dayOfWeek: "write 0 to 7 or SUN to SAT"
        default: "write a number from \(field.range.lowerBound) to \(field.range.upperBound)"
        }
    }

    /// `L`, `L-n`, `LW`; in the day of the week `L` alone is Saturday, as in Quartz.
    private mutating func readLast(_ scanner: inout TextScanner) throws(ScheduleError) {
        scanner.skip()
        guard field == .dayOfMonth else {
            numbers |= 1 << 6
            return
        }
        if scanner.isNearestWeekday(0) {
            scanner.skip()
            ofMonth.lastWeekday = true
        } else if scanner.take("-") {
            let place = scanner.position
            let digits = scanner.digits ?? scanner.foundInField
            guard let before = scanner.number(), before <= 30 else {
                throw scanner.error(at: place, "up to 30 days can lie before the last, as in L-3, not \(digits)")
            }
            ofMonth.beforeLast |= 1 << before
        } else {
            ofMonth.beforeLast |= 1
        }
    }

    private mutating func readNth(_ weekday: Int, _ scanner: inout TextScanner) throws(ScheduleError) {
        let place = scanner.position
        let digits = scanner.digits ?? scanner.foundInField
        guard let week = scanner.number(), (1...5).contains(week) else {
            throw scanner.error(at: place, "the first to the fifth such day of the month is meant by #1 to #5, not \(digits)")
        }
        ofWeek.nth |= 1 << (weekday * 8 + week)
    }

    /// `H`, `H(n-m)`, `H/s` and `H(n-m)/s`: one number, or every s-th from a number on, drawn from the seed.
    private mutating func readHash(_ scanner: inout TextScanner) throws(ScheduleError) {
        scanner.skip()
        var range = field.drawn
        if scanner.take("(") {
            let place = scanner.position
            let first = try readNumber(&scanner)
            guard scanner.take("-") else { throw scanner.error("a range is expected before \(scanner.foundInField), as in H(0-29)") }
            let last = try readNumber(&scanner)
            guard first <= last else { throw scanner.error(at: place, "the range \(first)-\(last) runs backwards") }
            guard scanner.take(")") else {
                throw scanner.error("a closing parenthesis is expected before \(scanner.foundInField), as in H(0-29)")
            }
            range = first...last
        }
        let isStepped = scanner.isAt("/")
        let step = try readStep(&scanner)
        let first = range.lowerBound + Int(hash % UInt64(isStepped ? min(step, range.count) : range.count))
        for number in stride(from: first, through: isStepped ? range.upperBound : first, by: step) {
            numbers |= 1 << (field == .dayOfWeek ? number % 7 : number)
        }
    }
}

extension TextScanner {
    /// The digits that stand here, for a message; nil when there are none.
    fileprivate var digits: String? {
        let count = digitsAhead
        if count == 0 { return nil }
        return text(position..<position + min(count, 20)) + (count > 20 ? "…" : "")
    }

    /// What stands here, for a message: no further than the field goes.
    fileprivate var foundInField: String { peek()?.isBlank ?? false ? "the end of the field" : found }

    /// Whether a `W` ends the part, `distance` from here.
    fileprivate func isNearestWeekday(_ distance: Int) -> Bool {
        peek(distance)?.upperCased == UInt8(ascii: "W") && !(peek(distance + 1)?.isLetter ?? false)
    }
}
