/// The image in which a job's command is to run, where its executor can do that.
package struct Container: Hashable, Sendable {
    /// As the executor's runtime names it.
    package var image: String
    /// Folders of the node that the command sees: `/data`, `/data:/mnt`, `/data:/mnt:ro`.
    package var mounts: [String]

    package init(image: String, mounts: [String] = []) {
        self.image = image
        self.mounts = mounts
    }
}

/// With what an executor runs commands in containers.
package enum ContainerRuntime: String, Hashable, Sendable, CaseIterable {
    case apptainer
    /// What apptainer was called before, with the same words.
    case singularity
}
