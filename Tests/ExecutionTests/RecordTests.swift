import Testing

@testable import Execution

@Suite struct RecordTests {
    @Test func whatIsWrittenIsRead() throws {
        var record = Record()
        record.add("word", "two\nlines \\n and \\")
        record.add("word", "")
        record.add("number", 7)
        record.add("absent", nil as String?)

        let read = try #require(Record(record.bytes(head: "x 1"), head: "x 1"))

        #expect(read.all("word") == ["two\nlines \\n and \\", ""])
        #expect(read["number"] == "7")
        #expect(read["absent"] == nil)
    }

    @Test(arguments: ["", "x 1", "x 1\n", "x 1\na b\n", "x 1\na b\nend", "x 2\nend\n", "end\n"]) func whatIsIncompleteIsAbsent(text: String)
    {
        #expect(Record(Array(text.utf8), head: "x 1") == nil)
    }

    @Test func laterFactsFollowTheEndMark() throws {
        let record = try #require(Record(Array("x 1\na b\nend\nc d\ne f".utf8), head: "x 1"))

        #expect(record["a"] == "b")
        #expect(record["c"] == "d")
        #expect(record["e"] == nil, "a line without its newline may be half a line")
    }
}
