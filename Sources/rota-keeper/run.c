#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { RUN_LIMIT = 16 << 20, KILL_LIMIT = 64 << 10 };

static size_t lines_of(const struct text *text) {
    size_t lines = 0;
    for (const char *at = text->bytes; (at = strchr(at, '\n')) != NULL; at++) lines++;
    return lines;
}

static size_t count(char **list) {
    size_t length = 0;
    while (list[length] != NULL) length++;
    return length;
}

// All lists share one mapping: each gets as many places as the file has lines, with room for our own variables and those of a login.
static int make_lists(struct run *run) {
    enum { LISTS = 4 };
    size_t places = lines_of(&run->text) + 1 + RUN_SPARE + count(environ);
    run->lists_size = LISTS * places * sizeof(char *);
    void *room = mmap(NULL, run->lists_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) {
        run->lists_size = 0;
        return -1;
    }
    run->lists = room;
    run->words = room;
    run->environment = run->words + places;
    run->passed = run->environment + places;
    run->withheld = run->passed + places;
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

void run_add_variable(char **environment, char *line) {
    size_t name = (size_t)(strchr(line, '=') - line) + 1;
    char **place = environment;
    for (; *place != NULL; place++) {
        if (strncmp(*place, line, name) == 0) return;
    }
    *place = line;
}

// Whether a variable has one of these names, or begins with one that ends with an asterisk.
static bool is_named(char **names, const char *variable) {
    for (; *names != NULL; names++) {
        size_t length = strlen(*names);
        bool is_beginning = length > 0 && (*names)[length - 1] == '*';
        if (is_beginning && strncmp(*names, variable, length - 1) == 0) return true;
        if (strncmp(*names, variable, length) == 0 && variable[length] == '=') return true;
    }
    return false;
}

// What the engine tells a task about itself is for the command.
static void pass_variables(struct run *run) {
    for (char **variable = environ; *variable != NULL; variable++) {
        if (strchr(*variable, '=') == NULL || !is_named(run->passed, *variable) || is_named(run->withheld, *variable)) continue;
        run_add_variable(run->environment, *variable);
    }
}

// Who handed the run over could not know where it would be carried out.
static void take_node(struct run *run, const char *variable) {
    static char line[sizeof "HOST=" + HOST_NAME_MAX];
    char own[HOST_NAME_MAX + 1] = "";
    const char *name = variable != NULL ? getenv(variable) : NULL;
    if (name == NULL || *name == 0) {
        if (gethostname(own, sizeof own - 1) != 0) return;
        name = own;
    }
    snprintf(line, sizeof line, "HOST=%s", name);
    run->node = strchr(line, '=') + 1;
    run_add_variable(run->environment, line);
}

static void read_lines(struct run *run, const char **id) {
    char *cursor = NULL, *key, *value;
    const char *node_variable = NULL;
    size_t words = 0, variables = 0, passed = 0, withheld = 0;
    while (text_next(&run->text, &cursor, &key, &value)) {
        if (strcmp(key, "word") == 0) run->words[words++] = value;
        else if (strcmp(key, "env") == 0) run->environment[variables++] = value;
        else if (strcmp(key, "run") == 0) *id = value;
        else if (strcmp(key, "workdir") == 0) run->workdir = value;
        else if (strcmp(key, "user") == 0) run->user = value;
        else if (strcmp(key, "node") == 0) run->node = value;
        else if (strcmp(key, "node-variable") == 0) node_variable = value;
        else if (strcmp(key, "pass") == 0) run->passed[passed++] = value;
        else if (strcmp(key, "withhold") == 0) run->withheld[withheld++] = value;
        else if (strcmp(key, "exit-as-command") == 0) run->is_task = strcmp(value, "1") == 0;
        else if (strcmp(key, "cgroup") == 0) run->group = value;
        else if (strcmp(key, "umask") == 0) run->umask = (unsigned)strtoul(value, NULL, 8) & 0777;
        else if (strcmp(key, "nice") == 0) read_nice(run, value);
        else if (strncmp(key, "limit-", 6) == 0) read_limit(run, key + 6, value);
        else if (strcmp(key, "timeout") == 0) run->timeout = strtoll(value, NULL, 10);
        else if (strcmp(key, "kill-after") == 0) run->kill_after = strtoll(value, NULL, 10);
        else if (strcmp(key, "output-limit") == 0) run->output_limit = strtoll(value, NULL, 10);
        else if (strcmp(key, "on-log-full") == 0) run->ends_on_full_log = strcmp(value, "stop") == 0;
    }
    if (run->node == NULL) take_node(run, node_variable);
    pass_variables(run);
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
    // Opened anew, so that a network file system does not answer from what it remembers of the folder.
    int fresh = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = text_read(fresh >= 0 ? fresh : folder, "kill", KILL_LIMIT, &text);
    if (fresh >= 0) close(fresh);
    if (result != 0) return false;
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
