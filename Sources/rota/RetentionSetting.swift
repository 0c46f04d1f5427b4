import Daemon
import JobFiles
import RunHistory
import Timetable

extension SettingsDocument.Retention {
    init(_ rule: RetentionRule) { self.init(runs: rule.runs.asSetting, logs: rule.logs.asSetting) }
}

extension RetentionRule {
    /// What is not written has its default: 90 days for runs, 30 for what they wrote.
    init(_ settings: Settings.Retention) {
        self.init(runs: Self.age(settings.runs, days: 90), logs: Self.age(settings.logs, days: 30))
    }

    private static func age(_ keeping: Settings.Keeping?, days: Int) -> Duration? {
        switch keeping {
        case .atLeast(let age): age
        case .forever: nil
        case nil: .seconds(days * 86_400)
        }
    }
}

extension Duration? {
    /// As it stands in a settings file: `P90D`, `PT36H`, `PT1.5S`, `never`.
    fileprivate var asSetting: String {
        guard let microseconds = self?.wholeMicroseconds else { return "never" }
        for (unit, letter) in [(86_400_000_000, "D"), (3_600_000_000, "H"), (60_000_000, "M"), (1_000_000, "S")] as [(Int64, String)]
        where microseconds % unit == 0 {
            return (letter == "D" ? "P" : "PT") + "\(microseconds / unit)" + letter
        }
        return "PT\(Double(microseconds) / 1_000_000)S"
    }
}
