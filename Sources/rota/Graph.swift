import ArgumentParser
import RunHistory
import Scheduling

struct Graph: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Draws which job comes after which.",
        discussion: """
            EXAMPLES
              rota graph
              rota graph report                         with what is above and below it
              rota graph --format dot | dot -Tsvg > graph.svg
              rota graph --format mermaid
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, dot, mermaid
    }

    @Argument(help: "Only this job with its ancestors and descendants.")
    var job: JobArgument?

    @Option(help: "text, dot (Graphviz) or mermaid.")
    var format = Format.text

    @Flag(help: "Prints a JSON object with nodes and edges.")
    var json = false

    @OptionGroup var place: Place

    private struct Document: Encodable {
        struct Edge: Encodable {
            let parent: String
            let child: String
            let on: String
        }

        let nodes: [String]
        let edges: [Edge]
    }

    func run() throws {
        let reader = try place.reader()
        let graph = JobGraph.build(try reader.jobs().compactMap(\.job)).graph
        var names = graph.order
        if let job {
            guard graph[job.name] != nil else { throw reader.unknown(job.name.text) }
            let family = graph.family(of: job.name)
            names = names.filter(family.contains)
        }
        if json {
            let arrows = names.flatMap { child in
                edges(to: child, in: graph, among: names).map {
                    Document.Edge(parent: $0.parent.text, child: child.text, on: $0.on.rawValue)
                }
            }
            return try Terminal.json(Document(nodes: names.map(\.text), edges: arrows))
        }
        switch format {
        case .text: printText(names, graph)
        case .dot: printDot(names, graph)
        case .mermaid: printMermaid(names, graph)
        }
    }

    private func edges(to child: JobName, in graph: JobGraph, among names: [JobName]) -> [Edge] {
        let names = Set(names)
        return (graph[child]?.after ?? []).filter { names.contains($0.parent) }
    }

    /// Each job once, below its deepest parent.
    private func printText(_ names: [JobName], _ graph: JobGraph) {
        var depth: [JobName: Int] = [:]
        var below: [JobName: [JobName]] = [:]
        var roots: [JobName] = []
        for name in names {
            let parents = edges(to: name, in: graph, among: names).map(\.parent)
            guard let deepest = parents.max(by: { (depth[$0] ?? 0) < (depth[$1] ?? 0) }) else {
                roots.append(name)
                continue
            }
            depth[name] = (depth[deepest] ?? 0) + 1
            below[deepest, default: []].append(name)
        }
        func show(_ name: JobName, _ indent: String, _ mark: String) {
            let after = edges(to: name, in: graph, among: names)
            let words = after.map { $0.on == .success ? $0.parent.text : "\($0.parent) (\($0.on.rawValue))" }.joined(separator: ", ")
            let isPlain = after.count == 1 && after[0].on == .success
            print(indent + mark + name.text + (words.isEmpty || isPlain ? "" : "  ← " + words))
            let children = below[name] ?? []
            let inner = indent + (mark.isEmpty ? "" : mark == "└─ " ? "   " : "│  ")
            for (index, child) in children.enumerated() { show(child, inner, index == children.count - 1 ? "└─ " : "├─ ") }
        }
        for root in roots { show(root, "", "") }
    }

    /// Names hold no character that either language takes for its own.
    private func printDot(_ names: [JobName], _ graph: JobGraph) {
        print("digraph rota {\n  rankdir=LR;\n  node [shape=box];")
        for name in names { print("  \"\(name)\";") }
        for name in names {
            for edge in edges(to: name, in: graph, among: names) {
                print("  \"\(edge.parent)\" -> \"\(name)\"" + (edge.on == .success ? ";" : " [label=\"\(edge.on.rawValue)\"];"))
            }
        }
        print("}")
    }

    private func printMermaid(_ names: [JobName], _ graph: JobGraph) {
        print("flowchart LR")
        let number = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        for name in names { print("  n\(number[name] ?? 0)[\"\(name)\"]") }
        for name in names {
            for edge in edges(to: name, in: graph, among: names) {
                let arrow = edge.on == .success ? "-->" : "-->|\(edge.on.rawValue)|"
                print("  n\(number[edge.parent] ?? 0) \(arrow) n\(number[name] ?? 0)")
            }
        }
    }
}

extension JobGraph {
    /// The job with all its ancestors and descendants.
    fileprivate func family(of name: JobName) -> Set<JobName> {
        func walk(_ next: (JobName) -> [JobName]) -> Set<JobName> {
            var seen: Set<JobName> = [name]
            var open = [name]
            while let current = open.popLast() { open += next(current).filter { seen.insert($0).inserted } }
            return seen
        }
        return walk { self.children[$0] ?? [] }.union(walk { (self[$0]?.after ?? []).map(\.parent) })
    }
}
