/// Reads `gres`: `gpu:2`, several with commas or as a list, or a map such as `{ gpu: 2 }`.
enum GenericResources {
    static func read(from fields: inout Fields) -> [String] {
        guard let element = fields.element("gres") else { return [] }
        let resources: [Placed<String>]
        if case .map(let members) = element.content {
            resources = members.compactMap { resource($0, fields.findings) }
        } else {
            resources = (fields.texts("gres", "a resource such as gpu:2") ?? []).flatMap { text in
                text.value.split(separator: ",", omittingEmptySubsequences: false).map { Placed(value: $0.trimmed, place: text.place) }
            }
        }
        for resource in resources where !isResource(resource.value) {
            fields.findings.error(
                resource.place, "`\(resource.value.shortened)` is no generic resource; write its name, and how many: gpu, gpu:2, gpu:a100:2"
            )
        }
        fields.record("gres", .list(resources.map { .text($0.value) }))
        return resources.map(\.value)
    }

    private static func resource(_ member: Element.Member, _ findings: Findings) -> Placed<String>? {
        guard case .text(let text) = member.value.content, let count = Int(text), (1...1_000_000).contains(count) else {
            findings.error(
                member.value.place,
                "`gres.\(member.key.shortened)` must be a whole number from 1 to 1000000 such as 2, not \(member.value.kind)")
            return nil
        }
        return Placed(value: "\(member.key):\(count)", place: member.place)
    }

    /// `name[:type][:count]`, as `sbatch --gres` takes it; of a count with a unit as well.
    private static func isResource(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(mayStand) }) else { return false }
        guard let first = parts[0].utf8.first, first >= UInt8(ascii: "A") else { return false }
        return parts.count < 3 || parts[2].utf8.first.map { $0 <= UInt8(ascii: "9") } == true
    }

    private static func mayStand(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: [UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/")].contains(byte)
        }
    }
}
