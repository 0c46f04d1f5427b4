// Keeping one command from its start to its end: output, timeout, kill, and all that it leaves behind.
#pragma once

#include "cgroup.h"
#include "outcome.h"
#include "output.h"
#include "run.h"

struct keeping {
    int folder;
    int claim;
    int report;   // where the start is told, -1 for nowhere
    int signals;  // signalfd of everything that keeping_signals names
    const struct run *run;
    struct output *output;
    struct cgroup group;
};

// Blocks the signals that a keeper lives by and answers their signalfd; -1 with errno.
int keeping_signals(void);

// Starts the command. Answers -1 with errno when there was not even a process to be had: nothing was started then.
int keeping_start(struct keeping *keeping);

// Waits until the command and all its descendants are gone, whatever that takes, and says how it ended. Answers -1 with errno when the
// command could not be executed for want of what may be there again in a moment: nothing was carried out then.
int keeping_finish(struct keeping *keeping, struct outcome *outcome);
