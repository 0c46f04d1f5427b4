import Scheduling
import Testing

/// `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`. catalogue 70.
struct JobNameTests {
    @Test(arguments: ["a", "Z", "0", "_", "a.b-c_d", "a..b", String(repeating: "x", count: 128)]) func theseAreNames(text: String) {
        #expect(JobName(text)?.text == text)
    }

    @Test(
        arguments: [
            "", ".a", "-a", "a b", "a/b", "../a", "a\n", "a\0", "ä", "a\u{301}", "🙂", "a:b", "`a`", "<a>",
            String(repeating: "x", count: 129),
        ])
    func theseAreNone(text: String) {
        #expect(JobName(text) == nil)
    }
}
