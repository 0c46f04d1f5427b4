// What is to be executed: the file `run` of the run's folder.
#pragma once

#include "text.h"

struct run {
    const char *id;
    char **words;        // ends with NULL
    char **environment;  // ends with NULL, with room for RUN_SPARE more
    const char *workdir;
    const char *user;
    const char *node;  // that of the machine when the file names none; NULL only when that cannot be found out
    const char *group;  // path of its control group; NULL for none
    unsigned umask;
    int nice;
    bool has_nice;
    int64_t limit_memory;  // 0 for none, here and below
    int64_t limit_cpu;  // microseconds
    int64_t limit_files;
    int64_t limit_processes;
    int64_t timeout;  // microseconds; 0 for none
    int64_t kill_after;
    int64_t output_limit;
    bool ends_on_full_log;
    bool is_task;  // an engine asks how the keeper ends, and knows by itself whether it lives
    struct text text;
    char **passed;    // which variables of our own the command gets; ends with NULL
    char **withheld;  // which it does not get though they are among them; ends with NULL
    void *lists;
    size_t lists_size;
};

enum { RUN_SPARE = 5 };

// Reads `run`, which must be of our format and of the run `id`. Answers -1 with errno; EPROTO when its content is not as it must be.
int run_read(int folder, const char *id, struct run *run);

// Adds `NAME=value` to an environment, unless that name is in it; at most RUN_SPARE such lines.
void run_add_variable(char **environment, char *line);

// Whether somebody committed the end of this run; copies the reason, cut to `size`.
bool kill_is_wanted(int folder, const char *id, char *reason, size_t size);
