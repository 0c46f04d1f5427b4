/// The runs that have not ended, by their keys.
///
/// Each stands in a box of its own: a run is large, and a table of a hundred thousand that grows would be copied for so long that an answer
/// comes late.
struct OpenRuns: Sendable {
    private final class Box: Sendable {
        let run: Run

        init(_ run: Run) { self.run = run }
    }

    private var boxes: [RunKey: Box] = [:]

    var values: some Sequence<Run> { boxes.values.lazy.map(\.run) }

    subscript(key: RunKey) -> Run? {
        get { boxes[key]?.run }
        set { boxes[key] = newValue.map(Box.init) }
    }
}
