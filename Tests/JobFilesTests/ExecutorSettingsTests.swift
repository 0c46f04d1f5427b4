import JobFiles
import Scheduling
import Testing

/// `executors:` of rota.yaml.
struct ExecutorSettingsTests {
    private func problems(_ text: String) -> [String] {
        Settings.read(text: text, file: "rota.yaml") { $0 == "output" ? "the output is kept in the run's folder" : nil }
            .problems.map(\.description)
    }

    @Test func everyKeyOfAClusterIsRead() {
        let (settings, problems) = Settings.read(
            text: """
                executors:
                  hpc:
                    type: slurm
                    partition: batch
                    account: genomics
                    qos: normal
                    reservation: night
                    options: { nice: 100, exclusive: true, mail-type: FAIL }
                    pollInterval: PT5S
                    doubt: PT2M
                    commandLimit: PT20S
                    commands: /opt/slurm/bin/
                    configuration: /opt/slurm/etc/slurm.conf
                    ssh: etl@login1
                    folder: /shared/rota
                  other: { type: slurm, ssh: far, sshConfiguration: /etc/rota/ssh, remoteFolder: /scratch/rota/, containers: apptainer }
                  here: { type: local }
                """, file: "rota.yaml")
        #expect(problems == [])
        var slurm = Settings.Slurm()
        slurm.partition = "batch"
        slurm.account = "genomics"
        slurm.qos = "normal"
        slurm.reservation = "night"
        slurm.options = ["nice": "100", "exclusive": "", "mail-type": "FAIL"]
        slurm.pollInterval = .seconds(5)
        slurm.doubt = .seconds(120)
        slurm.commandLimit = .seconds(20)
        slurm.commands = "/opt/slurm/bin"
        slurm.configuration = "/opt/slurm/etc/slurm.conf"
        slurm.ssh = "etl@login1"
        slurm.folder = "/shared/rota"
        var other = Settings.Slurm()
        other.ssh = "far"
        other.sshConfiguration = "/etc/rota/ssh"
        other.remoteFolder = "/scratch/rota"
        other.containers = .apptainer
        #expect(settings.executors == ["hpc": .slurm(slurm), "other": .slurm(other), "here": .local])
    }

    @Test(arguments: [
        ("partiton: b", "1:34: error: unknown key `executors.hpc.partiton`; did you mean `partition`?"),
        ("partition: ''", "1:45: error: `executors.hpc.partition` is empty"),
        ("pollInterval: PT0.01S", "1:48: error: `executors.hpc.pollInterval` must be from PT0.1S to a day, such as PT2S"),
        ("doubt: 60", "1:41: error: `executors.hpc.doubt`: "),
        (
            "remoteFolder: /x",
            "1:48: error: `executors.hpc.remoteFolder` is of use by ssh alone; write `ssh: login1`, the host of the login node"
        ),
        (
            "sshConfiguration: /x",
            "1:52: error: `executors.hpc.sshConfiguration` is of use by ssh alone; write `ssh: login1`, the host of the login node"
        ),
        (
            "ssh: a, remoteFolder: /x, folder: /y",
            "1:56: error: `executors.hpc.remoteFolder` is a folder that this machine does not see, and `folder` one that it sees; take one "
                + "out"
        ),
        ("commandLimit: P2D", "1:48: error: `executors.hpc.commandLimit` must be from PT1S to a day, such as PT30S"),
        ("folder: shared", "1:42: error: `executors.hpc.folder` must be an absolute path such as /shared/rota, not `shared`"),
        ("commands: bin", "1:44: error: `executors.hpc.commands` must be an absolute path such as /usr/bin, not `bin`"),
        ("ssh: -oProxyCommand=x", "1:39: error: `executors.hpc.ssh` must be a host such as login1 or etl@login1, not `-oProxyCommand=x`"),
        (
            "options: [a]",
            "1:43: error: `executors.hpc.options` must be a map of options such as { nice: 100, exclusive: true }, not a list"
        ),
        ("options: { --nice: 1 }", "1:45: error: `--nice` is no name of an option; write it without dashes"),
        ("options: { Nice: 1 }", "1:45: error: `Nice` is no name of an option; names are written as after `--`, such as `mail-type`"),
        ("options: { nice: '' }", "1:51: error: `executors.hpc.options.nice` is empty; write a value, or true for an option without one"),
        (
            "options: { requeue: false }",
            "1:54: error: `executors.hpc.options.requeue`: an option that is not wanted is left out; take it out"
        ),
        (
            "options: { output: x }",
            "1:45: error: `executors.hpc.options.output` is not for the settings: the output is kept in the run's folder"
        ),
        ("options: { qos: x }", "1:45: error: `executors.hpc.options.qos` has a key of its own; write `qos` beside `options`"),
    ])
    func aMistakeIsToldWithItsPlace(entry: String, expected: String) {
        let told = problems("executors: { hpc: { type: slurm, \(entry) } }")
        #expect(told.count == 1 && told.first?.hasPrefix("rota.yaml:" + expected) == true, "\(told)")
    }

    @Test func whatIsThisMachineIsNoCluster() {
        #expect(
            problems("executors: { local: { type: slurm } }") == [
                "rota.yaml:1:14: error: `local` is this machine; give the cluster another name, which jobs then say as `runOn`"
            ])
        let told = problems("executors: { a b: { type: local } }")
        #expect(told.first?.hasPrefix("rota.yaml:1:14: error: `a b` is no name of an executor") == true)
    }
}
