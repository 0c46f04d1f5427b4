#include "cgroup.h"
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct process {
    pid_t pid;
    pid_t parent;
    unsigned long long start;
    bool below;
};

struct table {
    struct process *processes;
    size_t count;
    size_t size;  // bytes of the mapping
};

// What /proc tells of a process, from behind its name on; NULL when there is no such process. `directory` is that of /proc.
static const char *facts_of(int directory, pid_t pid, char *line, size_t size) {
    char path[48];
    snprintf(path, sizeof path, "%ld/stat", (long)pid);
    int file = openat(directory, path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return NULL;
    ssize_t count = read(file, line, size - 1);
    close(file);
    if (count <= 0) return NULL;
    line[count] = 0;
    const char *name_end = strrchr(line, ')');
    return name_end == NULL ? NULL : name_end + 1;
}

// Fields after the name: state, parent, … start is the 20th of them. A zombie is no process to us: only its parent can end it.
static bool describe(int directory, pid_t pid, struct process *process) {
    char line[1024];
    const char *facts = facts_of(directory, pid, line, sizeof line);
    char state;
    int parent;
    unsigned long long start;
    static const char fields[] = " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu";
    if (facts == NULL || sscanf(facts, fields, &state, &parent, &start) != 3) return false;
    if (state == 'Z' || state == 'X') return false;
    *process = (struct process){.pid = pid, .parent = parent, .start = start};
    return true;
}

static bool append(struct table *table, const struct process *process) {
    if ((table->count + 1) * sizeof *process > table->size) {
        size_t size = table->size > 0 ? table->size * 2 : 64 << 10;
        void *room = table->size > 0 ? mremap(table->processes, table->size, size, MREMAP_MAYMOVE)
                                     : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (room == MAP_FAILED) return false;
        table->processes = room;
        table->size = size;
    }
    table->processes[table->count++] = *process;
    return true;
}

static int by_pid(const void *left, const void *right) {
    pid_t a = ((const struct process *)left)->pid, b = ((const struct process *)right)->pid;
    return (a > b) - (a < b);
}

static int read_table(DIR *directory, struct table *table) {
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL) break;
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        struct process process;
        if (pid > 0 && describe(dirfd(directory), pid, &process) && !append(table, &process)) return -1;
    }
    if (errno != 0) return -1;
    if (table->count > 0) qsort(table->processes, table->count, sizeof *table->processes, by_pid);
    return 0;
}

static void mark_process(pid_t pid, void *context) {
    struct table *table = context;
    const struct process wanted = {.pid = pid};
    struct process *process = bsearch(&wanted, table->processes, table->count, sizeof wanted, by_pid);
    if (process != NULL) process->below = true;
}

// Children may have smaller numbers than their parents, hence passes until nothing is added.
static void mark(struct table *table, pid_t root) {
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t at = 0; at < table->count; at++) {
            struct process *process = &table->processes[at];
            if (process->below) continue;
            const struct process wanted = {.pid = process->parent};
            const struct process *parent =
                process->parent == root ? NULL : bsearch(&wanted, table->processes, table->count, sizeof wanted, by_pid);
            if (process->parent != root && (parent == NULL || !parent->below)) continue;
            process->below = true;
            changed = true;
        }
    }
}

// By pidfd, and only after its start was seen again through it: the number may have a new owner by now.
static bool send(int directory, const struct process *process, int signal) {
    int handle = (int)syscall(SYS_pidfd_open, process->pid, 0);
    if (handle < 0) return false;
    struct process again;
    bool same = describe(directory, process->pid, &again) && again.start == process->start;
    bool sent = same && syscall(SYS_pidfd_send_signal, handle, signal, NULL, 0) == 0;
    if (sent && signal != SIGKILL) syscall(SYS_pidfd_send_signal, handle, SIGCONT, NULL, 0);
    close(handle);
    return sent;
}

unsigned long long tree_time(void) {
    struct timespec time;
    clock_gettime(CLOCK_BOOTTIME, &time);
    unsigned long long ticks = (unsigned long long)sysconf(_SC_CLK_TCK);
    return (unsigned long long)time.tv_sec * ticks + (unsigned long long)time.tv_nsec * ticks / 1000000000;
}

int tree_signal(pid_t root, int group, int signal, unsigned long long since, pid_t told) {
    DIR *directory = opendir("/proc");
    if (directory == NULL) return -1;
    struct table table = {0};
    int count = read_table(directory, &table);
    if (count == 0) {
        cgroup_each(group, mark_process, &table);
        mark(&table, root);
        for (size_t at = 0; at < table.count; at++) {
            const struct process *process = &table.processes[at];
            if (!process->below || process->start < since || process->pid == told) continue;
            if (send(dirfd(directory), process, signal)) count++;
        }
    }
    int error = errno;
    if (table.size > 0) munmap(table.processes, table.size);
    closedir(directory);
    errno = error;
    return count;
}

bool tree_minds_term(pid_t process) {
    int directory = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return false;
    char line[1024];
    const char *field = facts_of(directory, process, line, sizeof line);
    close(directory);
    // What is ignored is the 33rd field, what is caught the 34th, and the 3rd comes first here. They are short of signals above 31 alone.
    for (int number = 3; field != NULL && number < 33; number++) field = strchr(field + 1, ' ');
    unsigned long ignored, caught;
    if (field == NULL || sscanf(field, " %lu %lu", &ignored, &caught) != 2) return false;
    return ((ignored | caught) >> (SIGTERM - 1) & 1) != 0;
}
