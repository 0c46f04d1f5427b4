import Testing

@testable import JobFiles

/// Times of cron as cron lines of ours.
struct CrontabTimesTests {
    private func times(_ text: String) throws -> CrontabTimes {
        try CrontabTimes(CrontabEntry(text + " x", isSystem: false).times)
    }

    @Test(arguments: [
        "0 2 * * *", "*/15 0-23/2 1,15 JAN-jun mon,WED-fri", "09,39 * * * *", "0 0 13 * 5", "@hourly", "@daily", "@midnight", "@weekly",
        "@monthly", "@yearly", "@annually", "0 0 */31 * */7", "59 23 31 12 7", "0 0 * * sat-sun",
    ])
    func whatBothSayStaysAsItIs(_ text: String) throws {
        let times = try times(text)
        #expect(times.cron == text && times.remarks.isEmpty)
    }

    @Test(arguments: [
        ("*/60 * * * *", "0 * * * *"), ("0 */24 * * *", "0 0 * * *"), ("5-59/90 * * * *", "5 * * * *"), ("0 0 */40 * 1", "0 0 */31 * 1"),
        ("0 0 1 */13 *", "0 0 1 1 *"), ("0 0 * * */9", "0 0 * * */7"), ("0 0 5-31/40 * 1", "0 0 5 * 1"),
        ("10~40 3 * * *", "H(10-40) 3 * * *"),
        ("~ ~ * * *", "H(0-59) H(0-23) * * *"), ("0 0 ~ ~ ~", "0 0 H(1-31) H(1-12) H(0-6)"),
        ("0~9/10 20~ * * mon~fri", "H(0-9)/10 H(20-23) * * H(mon-fri)"),
        ("1,5~9 ~6 * * *", "1,H(5-9) H(0-6) * * *"),
    ])
    func whatOnlyCronSaysIsRewrittenAndTold(_ text: String, _ expected: String) throws {
        let times = try times(text)
        #expect(times.cron == expected)
        #expect(!times.remarks.isEmpty && times.remarks.allSatisfy { $0.severity == .note })
    }

    @Test(arguments: ["5/15 * * * *", "0 0 L * *", "0 0 15W * *", "0 0 * * 5#2", "0 0 ? * 1", "H 3 * * *", "H(0-9) 3 * * *"])
    func whatOnlyRotaSaysIsTakenAndTold(_ text: String) throws {
        let times = try times(text)
        #expect(times.cron == text)
        #expect(times.remarks.map(\.severity) == [.warning])
    }

    @Test(arguments: [
        ("0 0 30 2 *", 5, "never comes"), ("  60 0 * * *", 3, "0 to 59"), ("0 22-4 * * *", 3, "22-23,0-4"),
        ("0 0 * * monday", 9, "SUN to SAT"),
        ("0  0 31\t4,6 *", 6, "never comes"), ("0 1,25 * * *", 5, "0 to 23"), ("@fortnightly", 1, "@weekly"), ("@Daily", 1, "@daily"),
        ("1~2~3 * * * *", 1, "10~40"), ("40~10 * * * *", 3, "backwards"), ("*/0 * * * *", 3, "1 to 59"),
    ])
    func whatNobodyCanFollowIsToldWithItsColumn(_ text: String, _ column: Int, _ advice: String) {
        let error = #expect(throws: CrontabRemark.self) { try times(text) }
        #expect(error?.column == column && error?.message.contains(advice) == true, "\(String(describing: error))")
    }

    @Test func rebootIsToldWithWhatToDo() {
        let error = #expect(throws: CrontabRemark.self) { try times("@reboot") }
        #expect(error?.message.contains("system manager") == true)
    }
}
