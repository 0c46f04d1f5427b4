#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int read_into(int file, struct text *text) {
    while (text->length < text->mapped) {
        ssize_t count = read(file, text->bytes + text->length, text->mapped - text->length);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return -1;
        if (count == 0) break;
        text->length += (size_t)count;
    }
    if (text->length == text->mapped) {
        errno = EFBIG;
        return -1;
    }
    text->bytes[text->length] = 0;
    return 0;
}

int text_read(int folder, const char *name, size_t limit, struct text *text) {
    *text = (struct text){0};
    int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) return -1;
    struct stat facts;
    int result = fstat(file, &facts);
    if (result == 0 && (!S_ISREG(facts.st_mode) || (uintmax_t)facts.st_size > limit)) {
        errno = EFBIG;
        result = -1;
    }
    if (result == 0) {
        text->mapped = (size_t)facts.st_size + 2;
        void *room = mmap(NULL, text->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (room == MAP_FAILED) {
            text->mapped = 0;
            result = -1;
        } else {
            text->bytes = room;
            result = read_into(file, text);
        }
    }
    int error = errno;
    close(file);
    if (result != 0) text_release(text);
    errno = error;
    return result;
}

void text_release(struct text *text) {
    if (text->mapped > 0) munmap(text->bytes, text->mapped);
    *text = (struct text){0};
}

bool text_is_record(const struct text *text, const char *head) {
    static const char tail[] = "\nend\n";
    size_t length = strlen(head), tail_length = sizeof tail - 1;
    return text->length >= length + tail_length && memcmp(text->bytes, head, length) == 0 && text->bytes[length] == '\n'
        && memcmp(text->bytes + text->length - tail_length, tail, tail_length) == 0 && memchr(text->bytes, 0, text->length) == NULL;
}

static void unescape(char *value) {
    char *to = value;
    for (char *from = value; *from != 0; from++, to++) {
        if (from[0] == '\\' && from[1] == 'n') {
            *to = '\n';
            from++;
        } else if (from[0] == '\\' && from[1] == '\\') {
            *to = '\\';
            from++;
        } else {
            *to = *from;
        }
    }
    *to = 0;
}

bool text_next(struct text *text, char **cursor, char **key, char **value) {
    char *line = *cursor != NULL ? *cursor : strchr(text->bytes, '\n') + 1;
    char *stop = strchr(line, '\n');
    if (stop == NULL || strncmp(line, "end\n", 4) == 0) return false;
    *stop = 0;
    *cursor = stop + 1;
    char *space = strchr(line, ' ');
    *key = line;
    *value = space != NULL ? space + 1 : stop;
    if (space != NULL) *space = 0;
    unescape(*value);
    return true;
}

int write_all(int file, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t count = write(file, bytes, length);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return -1;
        bytes += count;
        length -= (size_t)count;
    }
    return 0;
}

void page_text(struct page *page, const char *line) {
    size_t length = strlen(line);
    if (page->length + length > page->size) return;
    memcpy(page->bytes + page->length, line, length);
    page->length += length;
}

void page_line(struct page *page, const char *key, const char *value) {
    size_t begin = page->length, at = begin + strlen(key) + 1;
    if (at >= page->size) return;
    page_text(page, key);
    page->bytes[at - 1] = ' ';
    for (; *value != 0 && at + 3 <= page->size; value++) {
        if (*value == '\n' || *value == '\\') page->bytes[at++] = '\\';
        page->bytes[at++] = *value == '\n' ? 'n' : *value;
    }
    if (*value != 0 || at >= page->size) return;
    page->bytes[at++] = '\n';
    page->length = at;
}

void page_number(struct page *page, const char *key, int64_t value) {
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, value);
    page_line(page, key, digits);
}

static int64_t time_of(clockid_t clock) {
    struct timespec now = {0};
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t real_time(void) { return time_of(CLOCK_REALTIME); }
int64_t steady_time(void) { return time_of(CLOCK_MONOTONIC); }
