// The control group (version 2) of the run: all that the command started is in it, whatever it did to leave its parents or its session.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cgroup {
    const char *path;
    int folder;  // -1 when the run has none
    int events;  // tells when it becomes empty
    int error;   // why it has none, although it was to have one: errno
};

// What the kernel counted of the whole run; 0 where it does not.
struct cgroup_facts {
    int64_t cpu;          // microseconds
    int64_t peak_memory;  // bytes
    int64_t memory_refused;  // how often its limit was in the way for good
    int64_t memory_kills;    // processes that the kernel killed for want of memory
};

// Makes the group at `path`, NULL for none. A run does without one that cannot be made.
void cgroup_make(struct cgroup *group, const char *path);

// Brings the calling process into the group of `folder`. Answers -1 with errno.
int cgroup_enter(int folder);

// Sets one of its numbers. Answers -1 with errno; ENOENT when there is no group, or none that has this number.
int cgroup_set(int folder, const char *name, int64_t value);

// Whether no process is in it, or in a group below it.
bool cgroup_is_empty(const struct cgroup *group);

// Calls `visit` for each process in it and in the groups below it.
void cgroup_each(int folder, void (*visit)(pid_t process, void *context), void *context);

// Kills all that is in it at once, where the kernel can (5.14); nothing that is being forked meanwhile gets away.
void cgroup_kill(const struct cgroup *group);

void cgroup_read(const struct cgroup *group, struct cgroup_facts *facts);

// Removes it, with groups that the command made below it. It must be empty.
void cgroup_remove(struct cgroup *group);
