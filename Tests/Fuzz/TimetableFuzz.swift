// Compiled by scripts/fuzz together with Sources/Timetable, FuzzedParser.swift and Promises.swift, not by SwiftPM.

import Glibc

/// Named by the environment, so that one binary serves all parsers and each has its own corpus, time and figures.
private let parser: FuzzedParser = {
    let name = getenv("ROTA_FUZZ_PARSER").map { String(cString: $0) } ?? ""
    guard let parser = FuzzedParser(rawValue: name) else { fatalError("ROTA_FUZZ_PARSER names no parser: `\(name)`") }
    return parser
}()

/// Whatever the bytes: no crash, no hang, and what the parsers accept keeps the promises of `Schedule`.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTimetable(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let broken = parser.brokenPromises(Array(UnsafeBufferPointer(start: data, count: size)))
    guard broken.isEmpty else { fatalError("broken promises:\n" + broken.prefix(10).joined(separator: "\n")) }
    return 0
}
