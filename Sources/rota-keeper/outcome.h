// The end of a run: the file `outcome`, and the space reserved for it before anything begins.
#pragma once

#include "cgroup.h"
#include "output.h"

#include <stdbool.h>
#include <sys/types.h>

enum { REASON_SIZE = 1024 };

struct outcome {
    const char *id;
    const char *node;  // NULL when unknown
    const char *kind;
    char reason[REASON_SIZE];
    bool has_status;
    int status;  // of waitpid, when has_status
    int64_t started;  // microseconds since 1970; 0 when it never did
    int64_t ended;
    bool told_to_stop;  // somebody stopped the keeper so soon after that the command may have ended because of it
    int left_over;  // processes that had to be ended after the command itself was gone
    struct cgroup_facts group;
    const char *group_refusal;  // why the run was not in its control group; NULL when it was, or was not to be
};

// A file of this process with room for an outcome. Answers it; -1 with errno, ENOSPC foremost.
int outcome_reserve(int folder);
void outcome_unreserve(int folder);

// Makes the outcome durable under its name; `reserved` is the file of outcome_reserve. Answers -1 with errno: call it again, with -1 for
// `reserved`, as a file whose fsync failed is not to be trusted a second time.
int outcome_write(int folder, int reserved, const struct outcome *outcome, const struct output *output);

// What a keeper ends with whose own end is to tell that of its command: as a shell would, and never 0 for a run that was not left to
// itself.
int outcome_exit_code(const struct outcome *outcome);
