#include "claim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_line(const char *path, char *line, size_t size) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t count;
    do count = read(file, line, size - 1);
    while (count < 0 && errno == EINTR);
    int error = errno;
    close(file);
    errno = error;
    if (count < 0) return -1;
    line[count] = 0;
    line[strcspn(line, "\n")] = 0;
    return 0;
}

// Field 22 of /proc/self/stat; fields are counted after the name, which may hold blanks and brackets of its own.
static int own_start(char *start, size_t size) {
    char line[1024];
    if (read_line("/proc/self/stat", line, sizeof line) != 0) return -1;
    char *field = strrchr(line, ')');
    for (int number = 2; field != NULL && number < 22; number++) field = strchr(field + 1, ' ');
    if (field == NULL) {
        errno = EPROTO;
        return -1;
    }
    field++;
    size_t length = strcspn(field, " ");
    if (length >= size) length = size - 1;
    memcpy(start, field, length);
    start[length] = 0;
    return 0;
}

static int compose(const char *id, struct page *page) {
    char boot[64], start[32];
    if (read_line("/proc/sys/kernel/random/boot_id", boot, sizeof boot) != 0 || own_start(start, sizeof start) != 0) return -1;
    page_text(page, "rota-claim 1\n");
    page_line(page, "run", id);
    page_number(page, "pid", getpid());
    page_line(page, "start", start);
    page_line(page, "boot", boot);
    page_text(page, "end\n");
    return 0;
}

// A file left by a dead process of our number may be the claim itself under its first name: it is unlinked, never written.
static int create(int folder, const char *name) {
    int flags = O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC;
    int file = openat(folder, name, flags, 0600);
    if (file >= 0 || errno != EEXIST) return file;
    if (unlinkat(folder, name, 0) != 0 && errno != ENOENT) return -1;
    return openat(folder, name, flags, 0600);
}

static bool lacks_locks(int error) { return error == ENOLCK || error == ENOSYS || error == EOPNOTSUPP; }

// A server may have done it although its answer was lost, and then refuses the second try.
static int link_once(int folder, int file, const char *name) {
    if (linkat(folder, name, folder, "claim", 0) == 0) return 0;
    int error = errno;
    struct stat facts;
    if (fstat(file, &facts) == 0 && facts.st_nlink == 2) return 0;
    errno = error;
    return -1;
}

int claim_take(int folder, const char *id, bool needs_lock) {
    char bytes[512], name[32];
    struct page page = {.bytes = bytes, .size = sizeof bytes};
    if (compose(id, &page) != 0) return -1;
    snprintf(name, sizeof name, "claim.%ld", (long)getpid());
    int file = create(folder, name);
    if (file < 0) return -1;
    int error = 0;
    if (write_all(file, page.bytes, page.length) != 0) error = errno;
    else if (flock(file, LOCK_EX | LOCK_NB) != 0 && (needs_lock || !lacks_locks(errno))) error = errno;
    else if (link_once(folder, file, name) != 0) error = errno;
    unlinkat(folder, name, 0);
    if (error == 0) return file;
    close(file);
    errno = error;
    return -1;
}

void claim_release(int folder) { unlinkat(folder, "claim", 0); }

void claim_note_start(int claim, int64_t at, pid_t command) {
    char line[64];
    int length = snprintf(line, sizeof line, "started %" PRId64 " %ld\n", at, (long)command);
    // Without it a later scheduler learns the start from the outcome.
    if (write_all(claim, line, (size_t)length) != 0) return;
}
