import Timetable

/// Why an end was the last attempt.
extension WhyFacts {
    func tellRetry(of run: Run, _ why: inout Why) {
        guard let retries = definition?.retries else { return }
        let text: String? =
            switch retries.refusal(of: run) {
            case nil: nil
            case .noFailure: Retries.Occasion(of: run) == .cancelled ? cancelled(retries) : nil
            case .limit where retries.limit == 0: "The job has no `retries`."
            case .limit where retries.limit == 1: "Its one automatic retry is used up."
            case .limit: "All \(retries.limit) of its automatic retries are used up."
            case .on: unnamed(run, retries)
            case .exitCodes: "It is not retried: `retries.exitCodes` does not hold this end."
            }
        if let text { why.say(.retries, text) }
    }

    private func cancelled(_ retries: Retries) -> String {
        let others = retries.limit == 0 ? " (the job has no `retries`)" : ""
        return "It is not retried: somebody cancelled its task, which is as final as a kill\(others); "
            + "a job that is to be tried again then says `cancelled` in `retries.on`."
    }

    private func unnamed(_ run: Run, _ retries: Retries) -> String {
        guard let word = Retries.Occasion(of: run)?.rawValue else { return "It is not retried: `retries.on` does not name this end." }
        let named = Retries.Occasion.allCases.filter(retries.on.contains).map { "`\($0.rawValue)`" }
        return "It is not retried: this end goes by the word `\(word)`, and `retries.on` of the job names \(list(named)) alone."
    }
}
