internal import Scheduling

/// Reads `container`: an image, or a map such as `{ image: lab.sif, mounts: [/data] }`.
enum ContainerReader {
    /// Chronos has an object of the same name, which says how its image is run: with `type`, `network`, `volumes`.
    static func isOurs(_ member: Element.Member) -> Bool {
        guard member.key == "container" else { return false }
        guard case .map(let members) = member.value.content else { return true }
        return !members.isEmpty && !members.contains { keysOfChronos.contains($0.key) }
    }

    private static let keysOfChronos: Set<String> = [
        "type", "network", "networkName", "networkInfos", "volumes", "parameters", "forcePullImage",
    ]

    static func container(in fields: inout Fields) -> Container? {
        guard let element = fields.element("container") else { return nil }
        let findings = fields.findings
        let container: Container?
        switch element.content {
        case .text(let image): container = checked(image, at: element.place, findings).map { Container(image: $0) }
        case .map(let members): container = read(members, at: element.place, findings)
        case .list, .nothing, .null:
            findings.error(element.place, "`container` must be an image or a map such as { image: /srv/lab.sif }, not \(element.kind)")
            container = nil
        }
        guard let container else { return nil }
        var canonical = ["image": CanonicalValue.text(container.image)]
        if !container.mounts.isEmpty { canonical["mounts"] = .list(container.mounts.map { .text($0) }) }
        fields.record("container", .map(canonical))
        return container
    }

    private static func read(_ members: [Element.Member], at place: Place, _ findings: Findings) -> Container? {
        var fields = Fields(members, at: place, path: "container.", findings)
        fields.refuseKeys(besides: ["image", "mounts"], of: "`container`")
        let mounts = (fields.texts("mounts", "folders such as /data") ?? []).filter { isMount($0, findings) }.map(\.value)
        guard let text = fields.nonEmptyText("image") else {
            if !fields.has("image") { findings.error(place, "`container.image` is missing; write the image, such as /srv/images/lab.sif") }
            return nil
        }
        return checked(text, at: fields.placeOfValue("image"), findings).map { Container(image: $0, mounts: mounts) }
    }

    /// What begins with a dash would be an option of the runtime.
    private static func checked(_ image: String, at place: Place, _ findings: Findings) -> String? {
        let isImage = !image.isEmpty && !image.hasPrefix("-") && !image.contains(where: \.isWhitespace) && !image.utf8.contains(0)
        if isImage { return image }
        findings.error(place, "`\(image.shortened)` is no image; write a file such as /srv/images/lab.sif, or docker://debian:12")
        return nil
    }

    /// `folder[:folder in the container[:ro|rw]]`.
    private static func isMount(_ mount: Placed<String>, _ findings: Findings) -> Bool {
        let parts = mount.value.split(separator: ":", omittingEmptySubsequences: false)
        let areFolders = parts.prefix(2).allSatisfy { $0.hasPrefix("/") && !$0.contains(",") && !$0.utf8.contains(0) }
        if (1...3).contains(parts.count), areFolders, parts.count < 3 || ["ro", "rw"].contains(parts[2]) { return true }
        findings.error(
            mount.place,
            "`\(mount.value.shortened)` is no mount; write an absolute folder of the node, and where it is in the container: /data:/mnt:ro")
        return false
    }
}
