// Small texts: whole files, the records of docs/run-folder.md, and the clock.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A whole file followed by a NUL, in a mapping of its own.
struct text {
    char *bytes;
    size_t length;
    size_t mapped;
};

// Reads the whole of `name` in `folder`. Answers -1 with errno when it cannot, EFBIG when it is longer than `limit`.
int text_read(int folder, const char *name, size_t limit, struct text *text);
void text_release(struct text *text);

// Whether the text is a complete record: `head` is its first line, `end` its last, and there is no NUL in it.
bool text_is_record(const struct text *text, const char *head);

// The lines between head and end mark, one a call: key and unescaped value, both in place. `cursor` starts as NULL.
bool text_next(struct text *text, char **cursor, char **key, char **value);

// Writes all of `bytes`, whatever interrupts. Answers -1 with errno.
int write_all(int file, const char *bytes, size_t length);

// A text being composed in a buffer of fixed size; what does not fit is left out, never half a line.
struct page {
    char *bytes;
    size_t length;
    size_t size;
};

void page_line(struct page *page, const char *key, const char *value);
void page_number(struct page *page, const char *key, int64_t value);
void page_text(struct page *page, const char *line);

// Microseconds since 1970 (what people read), and since some past instant, standing still while the machine sleeps (what deadlines use).
int64_t real_time(void);
int64_t steady_time(void);
