import JobFiles
import Scheduling
import Testing

/// `container`: in what a command is to run.
struct ContainerKeyTests {
    @Test(arguments: [
        ("/srv/lab.sif", Container(image: "/srv/lab.sif")),
        ("docker://debian:12", Container(image: "docker://debian:12")),
        ("{ image: lab.sif }", Container(image: "lab.sif")),
        ("{ image: lab.sif, mounts: /data }", Container(image: "lab.sif", mounts: ["/data"])),
        ("{ image: lab.sif, mounts: ['/data:/mnt:ro', '/a:/b'] }", Container(image: "lab.sif", mounts: ["/data:/mnt:ro", "/a:/b"])),
    ])
    func itHasTwoForms(text: String, expected: Container) throws {
        let definition = try #require(JobFile.read(text: "name: a\ncommand: x\ncontainer: \(text)", file: "a.yaml").definitions.first)
        #expect(definition.job.container == expected)
        #expect(Definition.parse(canonical: definition.canonical) == definition.job)
    }

    @Test func theFormsOfOneThingAreOneVersion() throws {
        let versions = try ["lab.sif", "{ image: lab.sif }", "{ image: lab.sif, mounts: [] }"].map {
            try job("name: a\ncommand: x\ncontainer: \($0)").version
        }
        #expect(Set(versions).count == 1)
    }

    @Test(arguments: [
        ("[a]", "2:12: error: `container` must be an image or a map such as { image: /srv/lab.sif }, not a list"),
        ("'-x'", "2:12: error: `-x` is no image; write a file such as /srv/images/lab.sif, or docker://debian:12"),
        ("{ mounts: /a }", "2:12: error: `container.image` is missing; write the image, such as /srv/images/lab.sif"),
        ("{ image: a, mount: /a }", "2:24: error: unknown key `container.mount`; did you mean `mounts`?"),
        (
            "{ image: a, mounts: [data] }",
            "2:33: error: `data` is no mount; write an absolute folder of the node, and where it is in the container: /data:/mnt:ro"
        ),
        (
            "{ image: a, mounts: '/a:/b:rx' }",
            "2:32: error: `/a:/b:rx` is no mount; write an absolute folder of the node, and where it is in the container: /data:/mnt:ro"
        ),
    ])
    func aMistakeIsToldWithItsPlace(text: String, expected: String) {
        #expect(problems("command: x\ncontainer: \(text)") == ["jobs/test.yaml:" + expected])
    }
}
