#include "keeping.h"
#include "claim.h"
#include "command.h"
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

// How long output is awaited after the command has ended; how long something may live on when there can be no more output (a process on
// its way out closes its files a moment before it is gone); and the most that left-overs get after TERM.
static const int64_t drain_time = 2000000, parting_time = 200000, leave_time = 2000000;

// How long ago a command may have ended because of the signal that the keeper hears of only now: one whose end says so, and one that may
// have answered it by an end of its own.
static const int64_t stop_time = 1000000, answer_time = 100000;

// How often the keeper of a task looks for the word that it is to end: whoever would call it may not reach the engine.
static const int64_t word_time = 10000000;

// The pause between two rounds of KILL: each finds what the one before it made visible, and what even KILL does not end at once gets time.
static const int64_t first_pause = 20000, longest_pause = 1000000;

enum ladder { LADDER_NONE, LADDER_TERM, LADDER_KILL };

static struct {
    pid_t command;
    int notes;  // pipe of start notes, -1 once it has ended
    struct start_note refusal;
    int64_t started;
    bool reaped;
    bool alone;  // no descendant is left
    int status;
    int64_t ended;
    int64_t drain_until;
    int64_t stop_until;  // the end of that time, once the command has ended
    bool told_to_stop;   // a signal of somebody else's came within it, and the command had ended by itself
    int64_t timeout_at;  // 0 for none
    int64_t next_word;
    enum ladder ladder;
    int64_t next_step;
    int64_t pause;
    unsigned long long looked_at;  // when the last round of TERM began, as tree_time counts
    int64_t look_again;
    pid_t told;  // the command, once it had TERM; 0 before
    const char *kind;  // why the ladder was begun, NULL for left-overs or not at all
    char reason[REASON_SIZE];
    int left_over;
} now;

int keeping_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    const int numbers[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1};
    for (size_t at = 0; at < sizeof numbers / sizeof *numbers; at++) sigaddset(&set, numbers[at]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void close_pair(const int pair[2]) {
    if (pair[0] >= 0) close(pair[0]);
    if (pair[1] >= 0) close(pair[1]);
}

static void unblock(int file) { fcntl(file, F_SETFL, fcntl(file, F_GETFL) | O_NONBLOCK); }

int keeping_start(struct keeping *keeping) {
    int pipes[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
    pid_t command = -1;
    cgroup_make(&keeping->group, keeping->run->group);
    if (pipe2(pipes[0], O_CLOEXEC) == 0 && pipe2(pipes[1], O_CLOEXEC) == 0 && pipe2(pipes[2], O_CLOEXEC) == 0) {
        for (int at = 0; at < 3; at++) unblock(pipes[at][0]);
        const struct command_files files = {pipes[0][1], pipes[1][1], pipes[2][1], keeping->claim, keeping->folder, keeping->group.folder};
        command = command_start(keeping->run, &files);
    }
    if (command < 0) {
        int error = errno;
        for (int at = 0; at < 3; at++) close_pair(pipes[at]);
        cgroup_remove(&keeping->group);
        errno = error;
        return -1;
    }
    for (int at = 0; at < 3; at++) close(pipes[at][1]);
    keeping->output->streams[0].pipe = pipes[0][0];
    keeping->output->streams[1].pipe = pipes[1][0];
    now.command = command;
    now.notes = pipes[2][0];
    if (keeping->run->timeout > 0) now.timeout_at = steady_time() + keeping->run->timeout;
    return 0;
}

static void tell_start(const struct keeping *keeping) {
    claim_note_start(keeping->claim, now.started, now.command);
    if (keeping->report < 0) return;
    char line[PIPE_BUF];
    int length = snprintf(line, sizeof line, "%s started %" PRId64 " %ld\n", keeping->run->id, now.started, (long)now.command);
    // A scheduler that is gone, or behind, learns it from the claim or the outcome.
    if (length < (int)sizeof line && write(keeping->report, line, (size_t)length) < 0) return;
}

// The pipe ends when exec has closed it, or the child is gone: without a refusal after READY the command has begun.
static void take_notes(struct keeping *keeping) {
    struct start_note note;
    for (;;) {
        ssize_t count = read(now.notes, &note, sizeof note);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) return;
        // What cannot be read proves nothing: the command is judged by its end, as one that has begun.
        if (count < 0 && now.started == 0) now.started = real_time();
        if (count != (ssize_t)sizeof note) break;
        if (note.stage == STAGE_READY) now.started = note.at;
        else if (note.stage == STAGE_NO_GROUP) keeping->group.error = note.error;
        else now.refusal = note;
    }
    close(now.notes);
    now.notes = -1;
    if (now.refusal.stage != STAGE_READY) now.started = 0;
    if (now.started != 0) tell_start(keeping);
}

// Who stops a machine, or a task, tells all of its processes, and may come to the keeper only when the command is gone.
static int64_t time_for_stop(int status, bool minds_term) {
    bool is_of_term = WIFSIGNALED(status) ? WTERMSIG(status) == SIGTERM : minds_term && WEXITSTATUS(status) == 128 + SIGTERM;
    if (is_of_term) return stop_time;
    return minds_term ? answer_time : 0;
}

static void note_end(struct keeping *keeping, int status, bool minds_term) {
    now.reaped = true;
    now.status = status;
    now.ended = real_time();
    now.drain_until = steady_time() + drain_time;
    now.stop_until = steady_time() + time_for_stop(status, minds_term);
    if (now.notes >= 0) take_notes(keeping);
}

static void reap(struct keeping *keeping) {
    for (;;) {
        siginfo_t facts = {0};
        int found = waitid(P_ALL, 0, &facts, WEXITED | WNOHANG | WNOWAIT);
        bool is_known = found == 0;
        now.alone = false;
        if (is_known && facts.si_pid == 0) return;
        // Nothing tells it any more once the process is reaped. Of a local run, how the command ended says enough.
        bool minds_term = is_known && keeping->run->is_task && facts.si_pid == now.command && tree_minds_term(facts.si_pid);
        int status;
        // What could not be looked at is reaped all the same: nobody will call for it again.
        pid_t child = waitpid(is_known ? facts.si_pid : -1, &status, WNOHANG);
        if (child < 0 && (is_known || errno == EINTR)) continue;
        now.alone = child < 0 && errno == ECHILD && cgroup_is_empty(&keeping->group);
        if (child <= 0) return;
        if (child == now.command) note_end(keeping, status, minds_term);
    }
}

static void widen_pause(void) { now.pause = now.pause == 0 ? first_pause : now.pause * 2 < longest_pause ? now.pause * 2 : longest_pause; }

static void climb(const struct keeping *keeping, int64_t grace) {
    bool first = now.ladder == LADDER_NONE && grace > 0;
    now.looked_at = tree_time();
    int found = tree_signal(getpid(), keeping->group.folder, first ? SIGTERM : SIGKILL, 0, first ? now.told : 0);
    if (!first) cgroup_kill(&keeping->group);
    // Without /proc at least the group of the command can be reached.
    if (found < 0 && !now.reaped) kill(-now.command, first ? SIGTERM : SIGKILL);
    if (now.reaped && now.kind == NULL && now.ladder == LADDER_NONE && found > 0) now.left_over = found;
    now.ladder = first ? LADDER_TERM : LADDER_KILL;
    widen_pause();
    now.look_again = steady_time() + now.pause;
    now.next_step = steady_time() + (first ? grace : now.pause);
}

// What was forked while a round of TERM looked around got none; only such processes get it now.
static void catch_up(const struct keeping *keeping) {
    unsigned long long since = now.looked_at;
    now.looked_at = tree_time();
    tree_signal(getpid(), keeping->group.folder, SIGTERM, since, now.told);
    widen_pause();
    now.look_again = steady_time() + now.pause;
}

static void end(struct keeping *keeping, const char *kind, const char *reason) {
    // An end of its own that is there already comes before one that is asked for.
    reap(keeping);
    if (now.reaped) {
        // It has ended by itself: what is left over goes at once.
        now.drain_until = 0;
        return;
    }
    if (now.kind != NULL) return;
    now.kind = kind;
    snprintf(now.reason, sizeof now.reason, "%s", reason);
    // The command first and at once: to look for all others takes time, in which it could come to an end of its own that would be taken
    // for ours. Its number is its own as long as we have not reaped it.
    bool gently = keeping->run->kill_after > 0;
    kill(now.command, gently ? SIGTERM : SIGKILL);
    if (gently) kill(now.command, SIGCONT);
    now.told = now.command;
    climb(keeping, keeping->run->kill_after);
}

// A command that ended a moment ago was stopped together with its keeper where its end says so, or where somebody asked for it; else it may
// have come to an end of its own, and only who told the keeper knows.
static void stop(struct keeping *keeping, const char *word) {
    const char *reason = word != NULL ? word : "keeper-stopped: the keeper was told to stop";
    end(keeping, "killed", reason);
    if (now.kind != NULL || !now.reaped || steady_time() >= now.stop_until) return;
    if (word == NULL && !(WIFSIGNALED(now.status) && WTERMSIG(now.status) == SIGTERM)) {
        now.told_to_stop = true;
        return;
    }
    now.kind = "killed";
    snprintf(now.reason, sizeof now.reason, "%s", reason);
}

static void take_signals(struct keeping *keeping) {
    struct signalfd_siginfo signal;
    while (read(keeping->signals, &signal, sizeof signal) == (ssize_t)sizeof signal) {
        char reason[REASON_SIZE];
        bool is_stop = signal.ssi_signo == SIGTERM || signal.ssi_signo == SIGINT;
        if (!is_stop && signal.ssi_signo != SIGUSR1) continue;
        bool is_wanted = kill_is_wanted(keeping->folder, keeping->run->id, reason, sizeof reason);
        if (is_stop) stop(keeping, is_wanted ? reason : NULL);
        else if (is_wanted) end(keeping, "killed", reason);
    }
}

static bool looks_for_word(const struct keeping *keeping) {
    return keeping->run->is_task && !now.reaped && now.ladder == LADDER_NONE;
}

static void look_for_word(struct keeping *keeping, int64_t time) {
    if (!looks_for_word(keeping) || time < now.next_word) return;
    now.next_word = time + word_time;
    char reason[REASON_SIZE];
    if (kill_is_wanted(keeping->folder, keeping->run->id, reason, sizeof reason)) end(keeping, "killed", reason);
}

static void keep_deadlines(struct keeping *keeping) {
    int64_t time = steady_time();
    look_for_word(keeping, time);
    if (now.reaped && output_is_over(keeping->output) && now.drain_until > time + parting_time) now.drain_until = time + parting_time;
    bool drained = now.reaped && time >= now.drain_until;
    if (now.timeout_at != 0 && time >= now.timeout_at && !now.reaped) {
        now.timeout_at = 0;
        char reason[64];
        snprintf(reason, sizeof reason, "timeout: after %.3f s", (double)keeping->run->timeout / 1e6);
        end(keeping, "timedOut", reason);
    } else if (now.ladder != LADDER_NONE && time >= now.next_step) {
        now.pause = now.ladder == LADDER_TERM ? 0 : now.pause;
        climb(keeping, 0);
    } else if (now.ladder == LADDER_TERM && time >= now.look_again && !now.alone) {
        catch_up(keeping);
    } else if (now.ladder == LADDER_NONE && drained && !now.alone) {
        climb(keeping, keeping->run->kill_after < leave_time ? keeping->run->kill_after : leave_time);
    }
}

// A job that is not to go on without its log ends as one that a signal ended, for that is what becomes of it.
static void mind_log(struct keeping *keeping) {
    static const char *const names[] = {"stdout", "stderr"};
    for (int at = 0; at < 2 && keeping->run->ends_on_full_log && now.kind == NULL && !now.reaped; at++) {
        int error = keeping->output->streams[at].error;
        if (error == 0) continue;
        char reason[REASON_SIZE];
        snprintf(reason, sizeof reason, "log-full: %s cannot be kept: %s", names[at], strerror(error));
        end(keeping, "signaled", reason);
    }
}

// Of a task somebody wants to know why it ended.
static bool awaits_stop(const struct keeping *keeping) {
    return keeping->run->is_task && now.reaped && now.kind == NULL && !now.told_to_stop && steady_time() < now.stop_until;
}

static bool is_over(const struct keeping *keeping) {
    if (!now.reaped || !now.alone || awaits_stop(keeping)) return false;
    return output_is_over(keeping->output) || steady_time() >= now.drain_until;
}

static void sooner(int64_t *deadline, int64_t other) {
    if (other != 0 && (*deadline == 0 || other < *deadline)) *deadline = other;
}

static void await(struct keeping *keeping) {
    int64_t deadline = 0;
    if (!now.reaped) sooner(&deadline, now.timeout_at);
    if (looks_for_word(keeping)) sooner(&deadline, now.next_word);
    if (now.ladder != LADDER_NONE && !now.alone) sooner(&deadline, now.next_step);
    if (now.ladder == LADDER_TERM && !now.alone) sooner(&deadline, now.look_again);
    if (now.reaped && steady_time() < now.drain_until) sooner(&deadline, now.drain_until);
    if (awaits_stop(keeping)) sooner(&deadline, now.stop_until);
    int64_t left = deadline - steady_time();
    struct timespec span = {.tv_sec = left > 0 ? left / 1000000 : 0, .tv_nsec = left > 0 ? left % 1000000 * 1000 : 0};
    struct stream *streams = keeping->output->streams;
    struct pollfd files[] = {
        {.fd = keeping->signals, .events = POLLIN},
        {.fd = now.notes, .events = POLLIN},
        {.fd = streams[0].pipe, .events = POLLIN},
        {.fd = streams[1].pipe, .events = POLLIN},
        {.fd = now.reaped ? keeping->group.events : -1, .events = POLLPRI},
    };
    if (ppoll(files, 5, deadline != 0 ? &span : NULL, NULL) <= 0) return;
    if (files[2].revents != 0) output_take(keeping->output, 0);
    if (files[3].revents != 0) output_take(keeping->output, 1);
    if (files[1].revents != 0) take_notes(keeping);
    if (files[0].revents != 0) take_signals(keeping);
    // It calls until it is read.
    if (files[4].revents != 0) cgroup_is_empty(&keeping->group);
}

static void name_signal(int number, bool has_core, char *reason, size_t size) {
    const char *name = sigabbrev_np(number), *core = has_core ? ", with a core dump" : "";
    if (name != NULL) snprintf(reason, size, "signal: SIG%s%s", name, core);
    else snprintf(reason, size, "signal: SIGRTMIN+%d%s", number - SIGRTMIN, core);
}

// The group that hit its limit goes as a whole; one that did not was taken to free the memory of others.
static void name_memory(const struct run *run, const struct cgroup_facts *group, char *reason, size_t size) {
    int64_t limit = run->limit_memory, mebibyte = 1 << 20;
    bool is_round = limit % mebibyte == 0;
    if (limit == 0 || group->memory_refused == 0) {
        snprintf(reason, size, "out-of-memory: SIGKILL from the kernel: the machine, or what the scheduler may have of it, had no more");
    } else {
        static const char format[] = "out-of-memory: SIGKILL from the kernel: more than limits.memory %" PRId64 " %s";
        snprintf(reason, size, format, is_round ? limit / mebibyte : limit, is_round ? "MiB" : "bytes");
    }
}

static void judge(const struct keeping *keeping, struct outcome *outcome) {
    outcome->has_status = now.started != 0;
    outcome->status = now.status;
    outcome->started = now.started;
    outcome->ended = now.ended;
    outcome->left_over = now.left_over;
    outcome->told_to_stop = now.told_to_stop;
    outcome->group_refusal = keeping->group.error != 0 ? strerror(keeping->group.error) : NULL;
    if (now.refusal.stage != STAGE_READY) {
        outcome->kind = "couldNotStart";
        command_refusal(keeping->run, &now.refusal, outcome->reason, sizeof outcome->reason);
    } else if (now.kind != NULL) {
        outcome->kind = now.kind;
        memcpy(outcome->reason, now.reason, sizeof outcome->reason);
    } else if (now.started == 0) {
        outcome->kind = "couldNotStart";
        snprintf(outcome->reason, sizeof outcome->reason, "died-early: the process was gone before the command began");
    } else if (WIFEXITED(now.status)) {
        outcome->kind = "exited";
    } else if (WTERMSIG(now.status) == SIGKILL && outcome->group.memory_kills > 0) {
        outcome->kind = "signaled";
        name_memory(keeping->run, &outcome->group, outcome->reason, sizeof outcome->reason);
    } else {
        outcome->kind = "signaled";
        name_signal(WTERMSIG(now.status), WCOREDUMP(now.status), outcome->reason, sizeof outcome->reason);
    }
}

int keeping_finish(struct keeping *keeping, struct outcome *outcome) {
    for (;;) {
        reap(keeping);
        mind_log(keeping);
        keep_deadlines(keeping);
        if (is_over(keeping)) break;
        await(keeping);
    }
    // What was sent to both may be here only now.
    take_signals(keeping);
    cgroup_read(&keeping->group, &outcome->group);
    cgroup_remove(&keeping->group);
    if (command_lacked_room(keeping->run, &now.refusal)) {
        errno = now.refusal.error;
        return -1;
    }
    judge(keeping, outcome);
    return 0;
}
