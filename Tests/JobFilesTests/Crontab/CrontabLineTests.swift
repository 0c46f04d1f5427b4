import Testing

@testable import JobFiles

/// Lines by the rules of crontab(5): what is a setting, and what times and a command.
struct CrontabLineTests {
    @Test(arguments: [
        ("A=b", "A", "b"), ("  A = b c  ", "A", "b c"), ("A=\" b \"", "A", " b "), ("A='b \"c\"'", "A", "b \"c\""), ("A=", "A", ""),
        ("A = ", "A", ""), ("\"A\"=b", "A", "b"), ("'A' \t= 'b' ", "A", "b"), ("A=b'c'", "A", "b'c'"), ("A=b=c", "A", "b=c"),
        ("A=b # no comment", "A", "b # no comment"), ("A=''", "A", ""), ("5 = x", "5", "x"), ("A=$B:\\%", "A", "$B:\\%"),
    ])
    func aSettingIsReadAsCronReadsIt(_ line: String, _ name: String, _ value: String) throws {
        let setting = try #require(CrontabSetting(line))
        #expect(setting.name == name && setting.value == value)
    }

    @Test(arguments: [
        "* * * * * A=b cmd", "A=\"b\" c", "A='b", "export A=b", "=b", "A", "\"A=b\"", "0 0 * * * x", "@daily A=b", "A B = c", "",
    ])
    func whatIsNoSettingIsNone(_ line: String) {
        #expect(CrontabSetting(line) == nil)
    }

    @Test func theValuesColumnIsWhereItStands() throws {
        #expect(try #require(CrontabSetting("A=b")).column == 3)
        #expect(try #require(CrontabSetting(" ä  =  b")).column == 8)
    }

    @Test func anEntryIsCutAtBlanksAndTheCommandKeepsItsOwn() throws {
        let entry = try CrontabEntry(" 1\t2  3 4 5   cmd  a\tb ", isSystem: false)
        #expect(entry.times.map(\.text) == ["1", "2", "3", "4", "5"])
        #expect(entry.times.map(\.column) == [2, 4, 7, 9, 11])
        #expect(entry.command == CrontabEntry.Word(text: "cmd  a\tb ", column: 15))
        #expect(entry.user == nil && !entry.isQuiet)
    }

    @Test func aSystemsEntryHasAUser() throws {
        let entry = try CrontabEntry("@daily root run it", isSystem: true)
        #expect(entry.times.map(\.text) == ["@daily"])
        #expect(entry.user == CrontabEntry.Word(text: "root", column: 8))
        #expect(entry.command == CrontabEntry.Word(text: "run it", column: 13))
    }

    @Test func aDashBeforeTheMinuteIsNoPartOfIt() throws {
        let entry = try CrontabEntry("-*/15 * * * * root x", isSystem: true)
        #expect(entry.isQuiet && entry.times.first == CrontabEntry.Word(text: "*/15", column: 2))
    }

    @Test(arguments: [
        ("1 2 3 4 5", false, 10), ("@daily", false, 7), ("1 2 3", false, 1), ("1 2 3 4 5 root", true, 15), ("@daily ", true, 8),
        ("* * * * * * x", false, 11), ("* * * * * * root x", true, 11), ("hello", false, 1), ("export A=b", false, 1),
        ("A=\"b\" c", false, 1), ("   -", false, 1),
    ])
    func whatIsNeitherIsToldWithItsColumn(_ line: String, _ isSystem: Bool, _ column: Int) {
        let error = #expect(throws: CrontabRemark.self) { try CrontabEntry(line, isSystem: isSystem) }
        #expect(error?.column == column && error?.severity == .error, "\(String(describing: error))")
    }

    @Test func linesEndAsOnUnixOrOnWindows() {
        let text = CrontabText(Array("a\r\nb\n\nc\r".utf8))
        #expect(text.lines.map(\.text) == ["a", "b", "", "c"])
        #expect(text.lines.map(\.number) == [1, 2, 3, 4])
        #expect(text.hasCarriageReturns && !text.isTerminated && !text.hasByteOrderMark)
        #expect(CrontabText([]).lines.isEmpty && CrontabText([]).isTerminated)
        #expect(CrontabText([0xEF, 0xBB, 0xBF, 0x61]).lines.map(\.text) == ["a"])
    }

    @Test func bytesThatAreNoTextAreToldWithTheirColumn() {
        let text = CrontabText(Array("ok\nä\0b\nx".utf8) + [0xFF] + Array("\n".utf8))
        #expect(text.lines.map { $0.flaw?.column } == [nil, 2, 2])
    }
}
