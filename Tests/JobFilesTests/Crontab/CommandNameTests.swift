import Scheduling
import TestSupport
import Testing

@testable import JobFiles

/// What a command is called.
struct CommandNameTests {
    @Test(arguments: [
        ("/usr/local/bin/backup.sh -v > /dev/null 2>&1", "backup"), ("backup", "backup"), ("cd /srv && STAGE=prod ./load.py", "load"),
        ("cd / && run-parts --report /etc/cron.hourly", "cron.hourly"),
        ("test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }", "cron.daily"),
        ("[ -x /usr/lib/php/sessionclean ] && if [ ! -d /run/systemd/system ]; then /usr/lib/php/sessionclean; fi", "sessionclean"),
        ("command -v debian-sa1 > /dev/null && debian-sa1 1 1", "debian-sa1"),
        ("if [ -x /a/checkarray ] && [ $(date +\\%d) -le 7 ]; then /a/checkarray --all; fi", "checkarray"),
        ("perl -e 'sleep int(rand(43200))' && certbot -q renew", "certbot"), ("sleep 5; tar czf a.tgz /srv", "tar"), ("sleep 5", "sleep"),
        ("sudo -u www-data php -d x=1 /var/www/artisan schedule:run", "artisan"), ("nice -n 19 ionice -c3 find /tmp -delete", "find"),
        ("nice -19 updatedb", "updatedb"), ("flock -n /run/a.lock -c '/opt/sync.sh --all'", "sync"),
        ("flock -w 5 /run/a.lock /opt/sync.sh", "sync"),
        ("timeout -k 5 1h env -i A=b rsync -a x y", "rsync"), ("exec /opt/a", "a"), ("/bin/bash -lc 'cd /x; ./run it'", "run"),
        ("su - etl -c \"/opt/etl.pl\"", "etl"),
        ("python3.11 -m reports.daily", "reports.daily"), ("/usr/bin/env python3 /opt/x/report.py", "report"),
        ("java -jar /opt/app.jar", "app"),
        ("mysqldump db | gzip > /b/$(date).gz", "mysqldump"), ("\"/opt/my tool/do it.sh\" now", "do-it"), ("'quoted'", "quoted"),
        ("$HOME/bin/sync-mail", "sync-mail"),
        ("echo a | mail b", "mail"), ("echo a", "echo"), ("[ -f x ]", "job"), ("", "job"), ("((", "job"), ("ärger", "rger"), ("日本", "job"),
        ("./.hidden", "hidden"),
        ("2>/dev/null ls", "ls"), (": > /var/log/x", "job"), ("bash", "bash"), ("sudo", "sudo"),
        ("/usr/bin/chronic  /opt/x--y..z", "x--y..z"),
    ])
    func theProgramThatDoesTheWorkGivesTheName(_ command: String, _ name: String) {
        #expect(CommandName.name(of: command) == name)
    }

    @Test func anyTextGivesANameThatJobsCanHave() {
        var random = SeededGenerator(seed: 20)
        for _ in 0..<5_000 {
            let text = random.text(of: "abZ09 /.-_'\"\\$`(){}|&;<>#=%ä😀\t[]!*~", upTo: 40)
            let name = CommandName.name(of: text)
            #expect(JobName(name) != nil && name.utf8.count <= 100, "\(text)")
        }
        #expect(CommandName.name(of: String(repeating: "x", count: 70_000)).utf8.count == 100)
    }

    @Test func deepWrappersComeToAnEnd() {
        _ = CommandName.name(of: String(repeating: "sudo ", count: 10_000) + "x")
        _ = CommandName.name(of: String(repeating: "sh -c '", count: 5_000))
        _ = CommandName.name(of: String(repeating: "$(", count: 5_000))
    }
}
