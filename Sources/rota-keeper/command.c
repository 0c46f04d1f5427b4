#include "command.h"
#include "cgroup.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/sched.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void tell(int notes, enum stage stage, int error) {
    struct start_note note = {.stage = stage, .error = error, .at = real_time()};
    // A keeper that cannot be told is dead, and so are we in a moment.
    if (write_all(notes, (const char *)&note, sizeof note) != 0) _exit(126);
}

static _Noreturn void refuse(int notes, enum stage stage, int error) {
    tell(notes, stage, error);
    _exit(127);
}

// By the system call itself: the library keeps its own two signals out of reach, and posix_spawn leaves them ignored.
static void reset_signals(void) {
    static const struct {
        void (*handler)(int);
        unsigned long rest[7];
    } by_default = {.handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++) syscall(SYS_rt_sigaction, number, &by_default, NULL, (NSIG - 1) / 8);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int take_descriptors(const struct command_files *files) {
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing < 0) return -1;
    if (dup2(nothing, 0) < 0 || dup2(files->output, 1) < 0 || dup2(files->errors, 2) < 0) return -1;
    return 0;
}

// Variables that a login sets and the scheduler cannot know; those that it gave stay.
static void add_login(char **environment, const struct passwd *entry) {
    enum { VARIABLES = 4 };
    static char lines[VARIABLES][512];
    const char *names[VARIABLES] = {"HOME", "USER", "LOGNAME", "SHELL"};
    const char *values[VARIABLES] = {entry->pw_dir, entry->pw_name, entry->pw_name, entry->pw_shell};
    for (int at = 0; at < VARIABLES; at++) {
        snprintf(lines[at], sizeof lines[at], "%s=%s", names[at], values[at]);
        run_add_variable(environment, lines[at]);
    }
}

static const struct passwd *look_up(const struct run *run, const struct command_files *files) {
    errno = 0;
    const struct passwd *entry = getpwnam(run->user);
    if (entry == NULL) {
        bool absent = errno == 0 || errno == ENOENT || errno == ESRCH;
        refuse(files->notes, STAGE_USER_LOOKUP, absent ? 0 : errno);
    }
    add_login(run->environment, entry);
    return entry;
}

static void bound(const struct command_files *files, enum stage stage, int resource, int64_t value, int64_t grace) {
    if (value <= 0) return;
    const struct rlimit limit = {.rlim_cur = (rlim_t)value, .rlim_max = (rlim_t)(value + grace)};
    if (setrlimit((__rlimit_resource_t)resource, &limit) != 0) refuse(files->notes, stage, errno);
}

// Of the whole run where its group can, else of each process.
static void bound_run(const struct command_files *files, enum stage stage, const char *name, int resource, int64_t value) {
    if (value <= 0 || cgroup_set(files->group, name, value) == 0) return;
    if (errno != ENOENT) refuse(files->notes, stage, errno);
    bound(files, stage, resource, value, 0);
}

// Both bounds of each are set, so that the command cannot lift them again.
// Memory is RLIMIT_DATA: what a process may write and shares with nobody. RLIMIT_AS counts addresses that are only reserved as well, of
// which Java, Go and the sanitizers take up to terabytes, so that no honest number would let them start; RLIMIT_RSS has no effect on Linux.
// The end of processor time is told by SIGXCPU, and by KILL when what a command gets to answer TERM has gone by, too. RLIMIT_NPROC counts
// all processes of the user, and does not bind root. A group bounds the run as a whole, root's too, and its swap is no way around that;
// it goes as a whole as well, for a job of which the kernel took a part could look as if it had succeeded.
static void take_limits(const struct run *run, const struct command_files *files) {
    const int64_t second = 1000000;
    cgroup_set(files->group, "memory.oom.group", 1);
    if (run->has_nice && setpriority(PRIO_PROCESS, 0, run->nice) != 0) refuse(files->notes, STAGE_NICE, errno);
    bound(files, STAGE_LIMIT_CPU, RLIMIT_CPU, (run->limit_cpu + second - 1) / second, run->kill_after / second + 1);
    bound(files, STAGE_LIMIT_FILES, RLIMIT_NOFILE, run->limit_files, 0);
    bound_run(files, STAGE_LIMIT_PROCESSES, "pids.max", RLIMIT_NPROC, run->limit_processes);
    if (run->limit_memory > 0) cgroup_set(files->group, "memory.swap.max", 0);
    bound_run(files, STAGE_LIMIT_MEMORY, "memory.max", RLIMIT_DATA, run->limit_memory);
}

static void become(const struct run *run, const struct command_files *files) {
    const struct passwd *entry = look_up(run, files);
    if (geteuid() == entry->pw_uid && geteuid() != 0) return take_limits(run, files);
    if (fchownat(files->folder, "output", entry->pw_uid, entry->pw_gid, AT_SYMLINK_NOFOLLOW) != 0 && errno != ENOENT) {
        refuse(files->notes, STAGE_IDENTITY, errno);
    }
    if (initgroups(entry->pw_name, entry->pw_gid) != 0) refuse(files->notes, STAGE_IDENTITY, errno);
    // Between what reads the files of users and groups, and the loss of the right to raise a limit.
    take_limits(run, files);
    if (setgid(entry->pw_gid) != 0 || setuid(entry->pw_uid) != 0) refuse(files->notes, STAGE_IDENTITY, errno);
}

static const char *search_path(char **environment) {
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, "PATH=", 5) == 0) return *environment + 5;
    }
    return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

#if defined(__x86_64__)
enum { MACHINE = EM_X86_64 };
#elif defined(__aarch64__)
enum { MACHINE = EM_AARCH64 };
#else
enum { MACHINE = EM_NONE };
#endif

// Whether the file is an ELF program whose header is right, but names another processor than ours.
static bool is_foreign(const char *path) {
    Elf32_Ehdr header;  // as far as the machine, it is that of 64 bits as well
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    ssize_t count = read(file, &header, sizeof header);
    close(file);
    if (count != (ssize_t)sizeof header) return false;
    const unsigned char *kind = header.e_ident;
    if (memcmp(kind, ELFMAG, SELFMAG) != 0 || kind[EI_VERSION] != EV_CURRENT) return false;
    bool reversed = kind[EI_DATA] != (__BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB);
    bool as_wide = kind[EI_CLASS] == (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32);
    return MACHINE != EM_NONE && (reversed || !as_wide || header.e_machine != MACHINE);
}

static enum stage stage_of(int error, const char *path) {
    if (error == ENOENT && access(path, F_OK) == 0) return STAGE_INTERPRETER;
    if (error == ENOEXEC && is_foreign(path)) return STAGE_ARCHITECTURE;
    return STAGE_EXEC;
}

static int execute(const char *path, const struct run *run, enum stage *stage) {
    execve(path, run->words, run->environment);
    int error = errno;
    *stage = stage_of(error, path);
    return error;
}

// As execvp, but with the command's own PATH, and without handing a file of another architecture to a shell.
static int search(const struct run *run, enum stage *stage) {
    const char *word = run->words[0];
    if (strchr(word, '/') != NULL) return execute(word, run, stage);
    int denied = 0;
    *stage = STAGE_EXEC;
    const char *part = search_path(run->environment);
    for (bool more = word[0] != 0; more;) {
        char path[4096];
        size_t length = strcspn(part, ":");
        int needed = snprintf(path, sizeof path, "%.*s%s%s", (int)length, part, length > 0 ? "/" : "./", word);
        int error = needed < (int)sizeof path ? execute(path, run, stage) : ENAMETOOLONG;
        if (error == EACCES) denied = error;
        else if (*stage == STAGE_INTERPRETER || (error != ENOENT && error != ENOTDIR && error != ENAMETOOLONG)) return error;
        more = part[length] == ':';
        part += length + 1;
    }
    return denied != 0 ? denied : ENOENT;
}

// A run without its group is better than none.
static void join_group(struct command_files *files) {
    if (files->group < 0 || cgroup_enter(files->group) == 0) return;
    tell(files->notes, STAGE_NO_GROUP, errno);
    files->group = -1;
}

static _Noreturn void become_command(const struct run *run, struct command_files *files, bool is_inside, pid_t keeper) {
    // The lock belongs to the open file, which we share: without this it would outlive a keeper that dies now.
    close(files->claim);
    if (!is_inside) join_group(files);
    setpgid(0, 0);
    reset_signals();
    umask((mode_t)run->umask);
    if (take_descriptors(files) != 0) refuse(files->notes, STAGE_DESCRIPTORS, errno);
    if (run->user != NULL) become(run, files);
    else take_limits(run, files);
    if (run->workdir != NULL && chdir(run->workdir) != 0) refuse(files->notes, STAGE_WORKDIR, errno);
    // A change of user clears it, so it comes last; and a keeper that died before it is noticed by the new parent.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) refuse(files->notes, STAGE_IDENTITY, errno);
    if (getppid() != keeper) _exit(126);
    tell(files->notes, STAGE_READY, 0);
    enum stage stage;
    int error = search(run, &stage);
    refuse(files->notes, stage, error);
}

// Begins in the group: to move there later makes all forks of the machine wait.
static pid_t fork_into(int group) {
    struct clone_args how = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t)group};
    return (pid_t)syscall(SYS_clone3, &how, sizeof how);
}

pid_t command_start(const struct run *run, const struct command_files *files) {
    pid_t keeper = getpid();
    pid_t command = files->group >= 0 ? fork_into(files->group) : -1;
    bool is_inside = command >= 0;
    // Not every kernel can do that, nor may everybody.
    if (command < 0) command = fork();
    struct command_files own = *files;
    if (command == 0) become_command(run, &own, is_inside, keeper);
    // Both sides set it, so that it holds whoever runs first; the child may have gone on to exec or be gone, which is as well.
    if (command > 0) setpgid(command, command);
    return command;
}

bool command_lacked_room(const struct run *run, const struct start_note *note) {
    // From here on the job's own limits hold, of which the kernel says the same.
    bool is_bounded = note->stage >= STAGE_WORKDIR;
    switch (note->error) {
    case EAGAIN: return !is_bounded || run->limit_processes == 0;
    case ENOMEM: return !is_bounded || run->limit_memory == 0;
    case EMFILE: return !is_bounded || run->limit_files == 0;
    case ENFILE: return true;
    default: return false;
    }
}

static const char *exec_word(int error) {
    switch (error) {
    case ENOENT: case ENOTDIR: return "not-found";
    case EACCES: case EPERM: return "not-executable";
    case ENOEXEC: return "wrong-format";
    case E2BIG: return "too-long";
    case ETXTBSY: return "busy";
    case EAGAIN: case ENOMEM: case EMFILE: case ENFILE: return "no-resources";
    default: return "exec-failed";
    }
}

// A number that somebody asked for and only root may have.
static void refuse_number(char *reason, size_t size, const char *key, int64_t number, const char *rule, int error) {
    const char *word = error == EPERM || error == EACCES ? "not-permitted" : "no-resources";
    snprintf(reason, size, "%s: `%s` %" PRId64 ": %s: %s", word, key, number, rule, strerror(error));
}

static const char limit_rule[] = "more than the scheduler itself may have";

void command_refusal(const struct run *run, const struct start_note *note, char *reason, size_t size) {
    const char *error = strerror(note->error), *user = run->user != NULL ? run->user : "";
    switch ((enum stage)note->stage) {
    case STAGE_USER_LOOKUP:
        if (note->error == 0) snprintf(reason, size, "unknown-user: there is no user %s", user);
        else snprintf(reason, size, "user-lookup: %s: %s", user, error);
        break;
    case STAGE_IDENTITY:
        snprintf(reason, size, "not-permitted: cannot become user %s%s: %s", user, note->error == EPERM ? ", as only root can" : "", error);
        break;
    case STAGE_NICE:
        refuse_number(reason, size, "nice", run->nice, "only root may go ahead of others", note->error);
        break;
    case STAGE_LIMIT_MEMORY:
        refuse_number(reason, size, "limits.memory", run->limit_memory, limit_rule, note->error);
        break;
    case STAGE_LIMIT_CPU:
        refuse_number(reason, size, "limits.cpu", run->limit_cpu / 1000000, limit_rule, note->error);
        break;
    case STAGE_LIMIT_FILES:
        refuse_number(reason, size, "limits.openFiles", run->limit_files, limit_rule, note->error);
        break;
    case STAGE_LIMIT_PROCESSES:
        refuse_number(reason, size, "limits.processes", run->limit_processes, limit_rule, note->error);
        break;
    case STAGE_WORKDIR:
        snprintf(reason, size, "%s: %s: %s", note->error == EACCES ? "directory-denied" : "no-directory", run->workdir, error);
        break;
    case STAGE_INTERPRETER:
        snprintf(reason, size, "no-interpreter: the interpreter that %.300s names does not exist", run->words[0]);
        break;
    case STAGE_ARCHITECTURE:
        snprintf(reason, size, "wrong-architecture: %.300s is a program for another processor", run->words[0]);
        break;
    case STAGE_EXEC:
        snprintf(reason, size, "%s: %.300s: %s", exec_word(note->error), run->words[0], error);
        break;
    default:
        snprintf(reason, size, "no-resources: %s", error);
    }
}
