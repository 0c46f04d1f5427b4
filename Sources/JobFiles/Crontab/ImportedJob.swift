/// A job that was made of a line of a crontab, and the file that it becomes.
package struct ImportedJob: Sendable {
    package let name: String
    /// The zone of its times.
    package let zone: String
    package let user: String?
    /// The whole job file.
    package let text: String

    /// Of the file in the jobs folder.
    package var fileName: String { name + ".yaml" }
}
