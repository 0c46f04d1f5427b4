package import Scheduling

extension CrontabImport.Line {
    /// Warns when a job of the name of this line's job stands in another file of the folder that the job goes to.
    package mutating func warn(ofNamesTakenBy definitions: [JobName: Definition], in folder: String) {
        guard let job, let name = JobName(job.name), let other = definitions[name] else { return }
        let file = (folder.hasSuffix("/") ? folder : folder + "/") + job.fileName
        guard other.file != file else { return }
        let line = other.places?.name.line ?? other.line
        remarks.append(
            .warning(
                "there is a job `\(job.name)` already, in \(other.file):\(line); give one of them another `name`, or name another folder with "
                    + "--into"))
    }
}
