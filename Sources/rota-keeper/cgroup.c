#include "cgroup.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

// Groups below a group, and so on: no deeper than this, so that a command cannot exhaust us.
enum { DEEPEST = 64 };

static int open_folder(int parent, const char *name) { return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); }

static void let_go(struct cgroup *group) {
    if (group->events >= 0) close(group->events);
    if (group->folder >= 0) close(group->folder);
    group->events = group->folder = -1;
}

// A path of ours that is none of a control group is somebody's folder by now: nothing is to be done in it.
static bool is_group(int folder) {
    struct statfs facts;
    if (fstatfs(folder, &facts) != 0) return false;
    errno = EPROTO;
    return facts.f_type == CGROUP2_SUPER_MAGIC;
}

void cgroup_make(struct cgroup *group, const char *path) {
    *group = (struct cgroup){.path = path, .folder = -1, .events = -1};
    if (path == NULL) return;
    // One that is there already is of a keeper that gave the run back.
    bool made = mkdir(path, 0755) == 0;
    if (made || errno == EEXIST) group->folder = open_folder(AT_FDCWD, path);
    if (group->folder >= 0 && is_group(group->folder)) group->events = openat(group->folder, "cgroup.events", O_RDONLY | O_CLOEXEC);
    if (group->events >= 0) {
        // Programs look into their own group for what they may have, whoever runs them and whatever our umask.
        fchmod(group->folder, 0755);
        return;
    }
    group->error = errno;
    let_go(group);
    if (made) rmdir(path);
}

static int write_text(int folder, const char *name, const char *text) {
    int file = folder >= 0 ? openat(folder, name, O_WRONLY | O_CLOEXEC) : -1;
    if (folder < 0) errno = ENOENT;
    if (file < 0) return -1;
    int result = write_all(file, text, strlen(text)), error = errno;
    close(file);
    errno = error;
    return result;
}

int cgroup_enter(int folder) { return write_text(folder, "cgroup.procs", "0"); }

int cgroup_set(int folder, const char *name, int64_t value) {
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, value);
    return write_text(folder, name, digits);
}

bool cgroup_is_empty(const struct cgroup *group) {
    char lines[256];
    ssize_t count = group->events >= 0 ? pread(group->events, lines, sizeof lines - 1, 0) : -1;
    if (count <= 0) return true;
    lines[count] = 0;
    return strstr(lines, "populated 1") == NULL;
}

// Numbers come one a line, in pieces of any length.
static void each_process(int folder, void (*visit)(pid_t process, void *context), void *context) {
    int file = openat(folder, "cgroup.procs", O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    char bytes[512];
    long number = 0;
    for (ssize_t count; (count = read(file, bytes, sizeof bytes)) > 0;) {
        for (ssize_t at = 0; at < count; at++) {
            if (bytes[at] != '\n') {
                number = number * 10 + bytes[at] - '0';
                continue;
            }
            // Processes that we cannot see are 0.
            if (number > 0) visit((pid_t)number, context);
            number = 0;
        }
    }
    close(file);
}

static void each_below(int folder, int depth, void (*act)(int parent, const char *name, int depth, void *context), void *context) {
    int again = open_folder(folder, ".");
    DIR *directory = again >= 0 ? fdopendir(again) : NULL;
    if (directory == NULL) {
        if (again >= 0) close(again);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.') act(folder, entry->d_name, depth, context);
    }
    closedir(directory);
}

struct visit {
    void (*visit)(pid_t process, void *context);
    void *context;
};

static void visit_below(int parent, const char *name, int depth, void *context) {
    const struct visit *visit = context;
    int folder = depth < DEEPEST ? open_folder(parent, name) : -1;
    if (folder < 0) return;
    each_process(folder, visit->visit, visit->context);
    each_below(folder, depth + 1, visit_below, context);
    close(folder);
}

void cgroup_each(int folder, void (*visit)(pid_t process, void *context), void *context) {
    if (folder < 0) return;
    struct visit all = {visit, context};
    each_process(folder, visit, context);
    each_below(folder, 0, visit_below, &all);
}

void cgroup_kill(const struct cgroup *group) { write_text(group->folder, "cgroup.kill", "1"); }

// The number that follows `key` at the start of a line, or the only one with an empty key; 0 when it is not to be had.
static int64_t number_of(int folder, const char *name, const char *key) {
    char lines[1024];
    int file = openat(folder, name, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t count = read(file, lines, sizeof lines - 1);
    close(file);
    lines[count > 0 ? count : 0] = 0;
    size_t length = strlen(key);
    for (const char *line = lines; *line != 0; line += strcspn(line, "\n"), line += *line == '\n') {
        if (strncmp(line, key, length) == 0) return strtoll(line + length, NULL, 10);
    }
    return 0;
}

void cgroup_read(const struct cgroup *group, struct cgroup_facts *facts) {
    if (group->folder < 0) return;
    facts->cpu = number_of(group->folder, "cpu.stat", "usage_usec ");
    facts->peak_memory = number_of(group->folder, "memory.peak", "");
    facts->memory_refused = number_of(group->folder, "memory.events", "oom ");
    facts->memory_kills = number_of(group->folder, "memory.events", "oom_kill ");
}

static void remove_below(int parent, const char *name, int depth, void *context) {
    int folder = depth < DEEPEST ? open_folder(parent, name) : -1;
    if (folder < 0) return;
    each_below(folder, depth + 1, remove_below, context);
    close(folder);
    unlinkat(parent, name, AT_REMOVEDIR);
}

void cgroup_remove(struct cgroup *group) {
    if (group->folder < 0) return;
    // What is empty goes at once; only the groups that a command made below its own are in the way.
    if (rmdir(group->path) != 0) {
        each_below(group->folder, 0, remove_below, NULL);
        rmdir(group->path);
    }
    let_go(group);
}
