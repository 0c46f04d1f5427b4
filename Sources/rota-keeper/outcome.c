#include "outcome.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROOM = 8192 };

static char reservation[32];

static int create(int folder) {
    snprintf(reservation, sizeof reservation, "outcome.%ld", (long)getpid());
    return openat(folder, reservation, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

static int reserve(int file) {
    int result;
    do result = fallocate(file, FALLOC_FL_KEEP_SIZE, 0, ROOM);
    while (result != 0 && errno == EINTR);
    if (result == 0 || errno != EOPNOTSUPP) return result;
    // A file system without reservation: blocks that were written are ours.
    static const char nothing[ROOM];
    return write_all(file, nothing, sizeof nothing);
}

int outcome_reserve(int folder) {
    int file = create(folder);
    if (file < 0 || reserve(file) == 0) return file;
    int error = errno;
    close(file);
    outcome_unreserve(folder);
    errno = error;
    return -1;
}

void outcome_unreserve(int folder) { unlinkat(folder, reservation, 0); }

static void compose_status(struct page *page, const struct outcome *outcome) {
    if (!outcome->has_status) return;
    if (WIFEXITED(outcome->status)) page_number(page, "exit-code", WEXITSTATUS(outcome->status));
    if (WIFSIGNALED(outcome->status)) page_number(page, "signal", WTERMSIG(outcome->status));
    if (WIFSIGNALED(outcome->status) && WCOREDUMP(outcome->status)) page_number(page, "core", 1);
}

// Of all that ran below us: whatever is left at the end is reaped by us, but for children that their parents did not want to hear of,
// which only the group counts.
static void compose_usage(struct page *page, const struct cgroup_facts *group) {
    struct rusage usage;
    if (getrusage(RUSAGE_CHILDREN, &usage) != 0) return;
    int64_t cpu = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000) + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    page_number(page, "cpu", group->cpu > cpu ? group->cpu : cpu);
    page_number(page, "memory", (int64_t)usage.ru_maxrss * 1024);
    if (group->peak_memory > 0) page_number(page, "group-memory", group->peak_memory);
}

static void compose_streams(struct page *page, const struct output *output) {
    static const char *const names[] = {"stdout", "stderr"};
    for (int at = 0; at < 2; at++) {
        const struct stream *stream = &output->streams[at];
        char facts[96];
        snprintf(facts, sizeof facts, "%" PRId64 " %" PRId64 " %d", stream->kept, stream->total - stream->kept, stream->error);
        page_line(page, names[at], facts);
    }
}

static void compose(struct page *page, const struct outcome *outcome, const struct output *output) {
    page_text(page, "rota-outcome 1\n");
    page_line(page, "run", outcome->id);
    page_line(page, "kind", outcome->kind);
    compose_status(page, outcome);
    if (outcome->reason[0] != 0) page_line(page, "reason", outcome->reason);
    if (outcome->started != 0) page_number(page, "started", outcome->started);
    page_number(page, "ended", outcome->ended);
    if (outcome->started != 0) compose_usage(page, &outcome->group);
    if (outcome->node != NULL) page_line(page, "node", outcome->node);
    compose_streams(page, output);
    if (outcome->told_to_stop) page_number(page, "told-to-stop", 1);
    if (outcome->left_over > 0) page_number(page, "left-over", outcome->left_over);
    if (outcome->group_refusal != NULL) page_line(page, "no-cgroup", outcome->group_refusal);
    page_text(page, "end\n");
}

// The reserved blocks are written over, and what lies beyond is cut off.
static int fill(int file, const struct page *page) {
    if (lseek(file, 0, SEEK_SET) < 0 || write_all(file, page->bytes, page->length) != 0) return -1;
    if (ftruncate(file, (off_t)page->length) != 0) return -1;
    return fsync(file);
}

int outcome_write(int folder, int reserved, const struct outcome *outcome, const struct output *output) {
    char bytes[ROOM];
    struct page page = {.bytes = bytes, .size = sizeof bytes};
    compose(&page, outcome, output);
    int file = reserved >= 0 ? reserved : create(folder);
    if (file < 0) return -1;
    int result = fill(file, &page);
    if (result == 0) result = renameat(folder, reservation, folder, "outcome");
    if (result == 0) result = fsync(folder);
    int error = errno;
    close(file);
    errno = error;
    return result;
}

int outcome_exit_code(const struct outcome *outcome) {
    enum { TIMED_OUT = 124, COULD_NOT_START = 127 };
    int code = 0;
    if (outcome->has_status) code = WIFEXITED(outcome->status) ? WEXITSTATUS(outcome->status) : 128 + WTERMSIG(outcome->status);
    if (code != 0 || strcmp(outcome->kind, "exited") == 0) return code;
    if (strcmp(outcome->kind, "timedOut") == 0) return TIMED_OUT;
    return strcmp(outcome->kind, "couldNotStart") == 0 ? COULD_NOT_START : 128 + SIGTERM;
}
