// What is to be executed: the file `run` of the run's folder.
#pragma once

#include "text.h"

struct run {
    const char *id;
    char **words;        // ends with NULL
    char **environment;  // ends with NULL, with room for RUN_SPARE more
    const char *workdir;
    const char *user;
    const char *node;
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
    struct text text;
    void *lists;
    size_t lists_size;
};

enum { RUN_SPARE = 4 };

// Reads `run`, which must be of our format and of the run `id`. Answers -1 with errno; EPROTO when its content is not as it must be.
int run_read(int folder, const char *id, struct run *run);

// Whether somebody committed the end of this run; copies the reason, cut to `size`.
bool kill_is_wanted(int folder, const char *id, char *reason, size_t size);
