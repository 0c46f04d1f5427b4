// rota-keeper FOLDER: claims the run of that folder, carries it out and leaves its outcome there. docs/run-folder.md is its contract.
#include "claim.h"
#include "keeping.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

// How a keeper ends that left no outcome. With all but EXIT_GONE nothing was carried out, and no claim of its own is left behind. One that
// left an outcome ends with 0 or, as a task of an engine, as its command.
enum {
    EXIT_USAGE = 64,
    EXIT_RUN = 65,  // no `run`, or not one of ours
    EXIT_FOLDER = 66,
    EXIT_SYSTEM = 71,  // no process, pipe or memory to be had
    EXIT_SPACE = 73,   // no room for the outcome
    EXIT_GONE = 74,    // the run came to its end, but its folder had been removed
    EXIT_CLAIMED = 75, // somebody else has the run
};

enum { REPORT = 3 };

// The pipe of the scheduler, if there is one. Whatever else came with us is not for the command either.
static int take_descriptors(void) {
    struct stat facts;
    bool given = fstat(REPORT, &facts) == 0 && S_ISFIFO(facts.st_mode);
    if (close_range(REPORT, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
        for (int file = REPORT; file < 1024; file++) fcntl(file, F_SETFD, FD_CLOEXEC);
    }
    return given ? REPORT : -1;
}

// Session of its own, sub-reaper of everything below, deaf to a scheduler that is gone.
static int prepare(struct keeping *keeping) {
    if (getsid(0) != getpid()) setsid();
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR) return -1;
    keeping->signals = keeping_signals();
    return keeping->signals < 0 ? -1 : 0;
}

static int complain(const char *what, int code) {
    fprintf(stderr, "rota-keeper: %s: %s\n", what, strerror(errno));
    return code;
}

// A folder without a name can never be found again; one on a server that has forgotten it neither.
static bool is_gone(int folder) {
    struct stat facts;
    return fstat(folder, &facts) == 0 ? facts.st_nlink == 0 : errno == ESTALE;
}

// An outcome that cannot be written is worth waiting for: without it nobody would ever know. In a folder that was removed, nobody will.
static int leave_outcome(const struct keeping *keeping, int reserved, const struct outcome *outcome) {
    while (outcome_write(keeping->folder, reserved, outcome, keeping->output) != 0) {
        if (is_gone(keeping->folder)) return EXIT_GONE;
        reserved = -1;
        poll(NULL, 0, 1000);
    }
    return 0;
}

// The run is ours from here on; what cannot be begun is given back as if we had never been.
static int keep(struct keeping *keeping, int reserved, struct outcome *outcome) {
    output_begin(keeping->output, keeping->folder, keeping->run->output_limit);
    if (kill_is_wanted(keeping->folder, outcome->id, outcome->reason, sizeof outcome->reason)) {
        outcome->kind = "killed";
        outcome->ended = real_time();
    } else if (keeping_start(keeping) != 0 || keeping_finish(keeping, outcome) != 0) {
        int code = complain("start", EXIT_SYSTEM);
        claim_release(keeping->folder);
        return code;
    }
    return leave_outcome(keeping, reserved, outcome);
}

static int claim_and_keep(struct keeping *keeping, const char *id) {
    int reserved = outcome_reserve(keeping->folder);
    if (reserved < 0) return complain("outcome", EXIT_SPACE);
    keeping->claim = claim_take(keeping->folder, id, !keeping->run->is_task);
    struct outcome outcome = {.id = id, .node = keeping->run->node};
    int code;
    if (keeping->claim >= 0) {
        code = keep(keeping, reserved, &outcome);
    } else {
        code = errno == EEXIST ? EXIT_CLAIMED : complain("claim", EXIT_SYSTEM);
    }
    if (code != 0) outcome_unreserve(keeping->folder);
    return code == 0 && keeping->run->is_task ? outcome_exit_code(&outcome) : code;
}

int main(int count, char **words) {
    if (count != 2 || words[1][0] != '/') {
        fprintf(stderr, "usage: rota-keeper FOLDER\n");
        return EXIT_USAGE;
    }
    static struct run run;
    static struct output output;
    struct keeping keeping = {.report = take_descriptors(), .run = &run, .output = &output};
    keeping.folder = open(words[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (keeping.folder < 0) return complain(words[1], EXIT_FOLDER);
    if (prepare(&keeping) != 0) return complain("prepare", EXIT_SYSTEM);
    const char *id = strrchr(words[1], '/') + 1;
    if (run_read(keeping.folder, id, &run) != 0) return complain("run", errno == EPROTO || errno == ENOENT ? EXIT_RUN : EXIT_SYSTEM);
    // No scheduler is at the other end of what an engine left open.
    if (run.is_task) keeping.report = -1;
    return claim_and_keep(&keeping, id);
}
