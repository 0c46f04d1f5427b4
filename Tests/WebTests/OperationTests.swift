import Foundation
import Scheduling
import TestSupport
import Testing

/// mark-success, skip, hold, release and backfills over `/api/v1`.
struct OperationTests {
    /// Nothing of it comes while a test runs.
    private let yearly = ["yearly.yaml": "schedule: R/2020-01-01T00:00:00Z/P1Y\ncommand: 'true'\n"]

    private func object(_ answer: String) throws -> [String: Any] {
        let body = try #require(answer.components(separatedBy: "\r\n\r\n").last)
        return try #require(try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any], "\(answer)")
    }

    private func begun(_ fixture: WebFixture) async throws -> String {
        let answer = try await fixture.get("/api/v1/jobs/plain/run", method: "POST")
        return try #require(try object(answer)["id"] as? String)
    }

    @Test func aSlotIsSkippedHeldAndReleased() async throws {
        let fixture = try await WebFixture(jobs: yearly)
        let path = "/api/v1/jobs/yearly"
        let skip = try await fixture.get(path + "/skip", method: "POST", body: #"{"due":"2100-01-01T00:00:00Z","by":"ada"}"#)
        #expect(status(skip) == 202 && skip.contains(#""due":"2100-01-01T00:00:00Z""#), "\(skip)")
        #expect(
            try await fixture.get("/api/v1/orders").contains(
                #""by":"ada (token)","due":"2100-01-01T00:00:00Z","job":"yearly","kind":"skip""#))
        let again = try await fixture.get(path + "/skip", method: "POST", body: #"{"due":"2100-01-01T00:00:00Z"}"#)
        #expect(try status(again) == 200 && object(again)["changed"] as? Bool == false)
        #expect(status(try await fixture.get(path + "/hold", method: "POST")) == 202, "the next slot")
        let release = try object(try await fixture.get(path + "/release", method: "POST"))
        #expect(release["orders"] as? Int == 1 && release["runs"] as? Int == 0, "all holds, and no skip")
        #expect(release["job"] as? String == "yearly")
        #expect(status(try await fixture.get(path + "/release", method: "POST", body: #"{"due":"2100-01-01T00:00:00Z"}"#)) == 200)
        #expect(try await fixture.get("/api/v1/orders").hasSuffix("[]"))
        try await fixture.stop()
    }

    @Test func aRunIsMarkedAsSucceeded() async throws {
        let fixture = try await WebFixture()
        let id = try await begun(fixture)
        #expect(status(try await fixture.get("/api/v1/runs/\(id)/mark-success", method: "POST")) == 409, "it runs")
        #expect(status(try await fixture.get("/api/v1/runs/\(id)/hold", method: "POST")) == 409)
        _ = try await fixture.get("/api/v1/runs/\(id)/kill", method: "POST")
        while !Task.isCancelled, try await !fixture.get("/api/v1/runs?state=killed").contains(id) { await Task.yield() }
        let mark = try await fixture.get("/api/v1/jobs/plain/mark-success", method: "POST", body: #"{"by":"ada"}"#)
        #expect(try status(mark) == 202 && object(mark)["attempt"] as? Int == 2, "\(mark)")
        #expect(try await fixture.get("/api/v1/runs?state=succeeded").contains("marked by ada (token)"))
        #expect(status(try await fixture.get("/api/v1/jobs/plain/mark-success", method: "POST")) == 200, "already")
        #expect(status(try await fixture.get("/api/v1/jobs/heavy/mark-success", method: "POST")) == 409, "it has no run")
        #expect(status(try await fixture.get("/api/v1/runs/\(id)/retry", method: "POST", body: #"{"downstream":true}"#)) == 202)
        try await fixture.stop()
    }

    @Test func aBackfillIsBegunReadAndCancelled() async throws {
        let fixture = try await WebFixture(jobs: yearly)
        let begin = try await fixture.get(
            "/api/v1/jobs/yearly/backfill", method: "POST", body: #"{"from":"2020-01-01T00:00:00Z","to":"2025-01-01T00:00:00Z","by":"ada"}"#
        )
        #expect(status(begin) == 202, "\(begin)")
        #expect(try object(begin)["backfill"] as? Int == 1 && object(begin)["slots"] as? Int == 6)
        #expect(try object(begin)["job"] as? String == "yearly")
        let one = try object(try await fixture.get("/api/v1/backfills/1"))
        #expect(one["state"] as? String == "running" && one["slots"] as? Int == 6 && one["by"] as? String == "ada (token)", "\(one)")
        let cancel = try object(try await fixture.get("/api/v1/backfills/1/cancel", method: "POST", body: #"{"kill":true}"#))
        #expect(cancel["withdrawn"] as? Int == 5 && cancel["active"] as? Int == 0 && cancel["job"] as? String == "yearly")
        while !Task.isCancelled, try await !fixture.get("/api/v1/backfills").contains(#""state":"cancelled""#) { await Task.yield() }
        #expect(try await fixture.get("/api/v1/runs?job=yearly&state=skipped").contains("backfill cancelled by token"))
        let again = try await fixture.get("/api/v1/backfills/1/cancel", method: "POST")
        #expect(try status(again) == 200 && object(again)["changed"] as? Bool == false && object(again)["job"] as? String == "yearly")
        try await fixture.stop()
    }

    @Test(arguments: [
        ("/api/v1/runs/nothing/mark-success", "", 404), ("/api/v1/jobs/nobody/mark-success", "", 404),
        ("/api/v1/jobs/yearly/skip", "", 400),
        ("/api/v1/jobs/yearly/skip", #"{"due":"soon"}"#, 400), ("/api/v1/jobs/yearly/skip", #"{"due":"2100-01-02T00:00:00Z"}"#, 409),
        ("/api/v1/jobs/nobody/hold", "", 404), ("/api/v1/jobs/plain/hold", "", 409), ("/api/v1/runs/nothing/release", "", 404),
        ("/api/v1/jobs/yearly/backfill", "", 400), ("/api/v1/jobs/yearly/backfill", #"{"from":"2020-01-01T00:00:00Z","max":3}"#, 400),
        ("/api/v1/jobs/yearly/backfill", #"{"from":"2020-01-01T00:00:00Z","to":"2100-01-01T00:00:00Z"}"#, 409),
        ("/api/v1/jobs/yearly/backfill", #"{"from":"2020-01-01T00:00:00Z","maxRunning":0}"#, 409),
        ("/api/v1/jobs/off/backfill", #"{"from":"2020-01-01T00:00:00Z"}"#, 409), ("/api/v1/backfills/7/cancel", "", 404),
        ("/api/v1/runs/nothing/retry", #"{"downstreams":true}"#, 400),
    ])
    func badOperationsGetA4xx(_ path: String, _ body: String, _ expected: Int) async throws {
        let fixture = try await WebFixture(jobs: yearly)
        let answer = try await fixture.get(path, method: "POST", body: body)
        #expect(status(answer) == expected && answer.contains("problem+json"), "\(answer)")
        #expect(try await fixture.get("/api/v1/orders").hasSuffix("[]"))
        #expect(try await fixture.get("/api/v1/backfills").hasSuffix("[]"))
        #expect(status(try await fixture.get("/api/v1/backfills?limit=0")) == 400)
        try await fixture.stop()
    }
}
