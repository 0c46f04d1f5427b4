#include "run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { RUN_LIMIT = 16 << 20, KILL_LIMIT = 64 << 10 };

static size_t lines_of(const struct text *text) {
    size_t lines = 0;
    for (const char *at = text->bytes; (at = strchr(at, '\n')) != NULL; at++) lines++;
    return lines;
}

// Words and environment share one mapping: each list gets as many places as the file has lines.
static int make_lists(struct run *run) {
    size_t places = lines_of(&run->text) + 1 + RUN_SPARE;
    run->lists_size = 2 * places * sizeof(char *);
    void *room = mmap(NULL, run->lists_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) {
        run->lists_size = 0;
        return -1;
    }
    run->lists = room;
    run->words = room;
    run->environment = run->words + places;
    return 0;
}

static void read_limit(struct run *run, const char *name, const char *value) {
    int64_t limit = strtoll(value, NULL, 10);
    if (strcmp(name, "memory") == 0) run->limit_memory = limit;
    else if (strcmp(name, "cpu") == 0) run->limit_cpu = limit;
    else if (strcmp(name, "files") == 0) run->limit_files = limit;
    else if (strcmp(name, "processes") == 0) run->limit_processes = limit;
}

static void read_nice(struct run *run, const char *value) {
    run->nice = atoi(value);
    run->has_nice = true;
}

static void read_lines(struct run *run, const char **id) {
    char *cursor = NULL, *key, *value;
    size_t words = 0, variables = 0;
    while (text_next(&run->text, &cursor, &key, &value)) {
        if (strcmp(key, "word") == 0) run->words[words++] = value;
        else if (strcmp(key, "env") == 0) run->environment[variables++] = value;
        else if (strcmp(key, "run") == 0) *id = value;
        else if (strcmp(key, "workdir") == 0) run->workdir = value;
        else if (strcmp(key, "user") == 0) run->user = value;
        else if (strcmp(key, "node") == 0) run->node = value;
        else if (strcmp(key, "cgroup") == 0) run->group = value;
        else if (strcmp(key, "umask") == 0) run->umask = (unsigned)strtoul(value, NULL, 8) & 0777;
        else if (strcmp(key, "nice") == 0) read_nice(run, value);
        else if (strncmp(key, "limit-", 6) == 0) read_limit(run, key + 6, value);
        else if (strcmp(key, "timeout") == 0) run->timeout = strtoll(value, NULL, 10);
        else if (strcmp(key, "kill-after") == 0) run->kill_after = strtoll(value, NULL, 10);
        else if (strcmp(key, "output-limit") == 0) run->output_limit = strtoll(value, NULL, 10);
        else if (strcmp(key, "on-log-full") == 0) run->ends_on_full_log = strcmp(value, "stop") == 0;
    }
}

static void run_release(struct run *run) {
    text_release(&run->text);
    if (run->lists_size > 0) munmap(run->lists, run->lists_size);
    run->lists_size = 0;
}

// Keeps sums of times within range: thirty years are as good as for ever.
static void bound_times(struct run *run) {
    const int64_t longest = INT64_C(1000000000000000);
    if (run->timeout > longest) run->timeout = longest;
    if (run->kill_after > longest) run->kill_after = longest;
    if (run->limit_cpu > longest) run->limit_cpu = longest;
}

int run_read(int folder, const char *id, struct run *run) {
    *run = (struct run){.id = id, .umask = 022, .kill_after = 10 * 1000000, .output_limit = 10 << 20};
    if (text_read(folder, "run", RUN_LIMIT, &run->text) != 0) return -1;
    const char *written = NULL;
    int error = EPROTO;
    if (text_is_record(&run->text, "rota-run 1")) {
        if (make_lists(run) == 0) read_lines(run, &written);
        else error = errno;
        bound_times(run);
    }
    if (written != NULL && strcmp(written, id) == 0 && run->words[0] != NULL) return 0;
    run_release(run);
    errno = error;
    return -1;
}

bool kill_is_wanted(int folder, const char *id, char *reason, size_t size) {
    struct text text;
    if (text_read(folder, "kill", KILL_LIMIT, &text) != 0) return false;
    bool ours = false;
    const char *said = "";
    if (text_is_record(&text, "rota-kill 1")) {
        char *cursor = NULL, *key, *value;
        while (text_next(&text, &cursor, &key, &value)) {
            if (strcmp(key, "run") == 0) ours = strcmp(value, id) == 0;
            else if (strcmp(key, "reason") == 0) said = value;
        }
    }
    size_t length = strnlen(said, size - 1);
    memcpy(reason, said, length);
    reason[length] = 0;
    text_release(&text);
    return ours;
}
