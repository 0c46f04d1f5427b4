// What the command says: both streams as they are, each up to a bound, and an index of what came when.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Some of a stream's bytes, which came together: a record of the index.
struct piece {
    int64_t record;  // its place in the index
    int64_t at;
    int64_t offset;
    int64_t length;  // 0 for none
};

struct stream {
    int pipe;  // -1 once it has ended
    int file;  // -1 until there is something to keep
    int64_t kept;
    int64_t dropped;
    int error;  // why something below the bound was dropped: errno of the first failed write
    struct piece piece;  // the last that was noted
};

struct output {
    struct stream streams[2];  // stdout, stderr
    int folder;
    int64_t limit;
    int index;  // -1 until there is something to note
    int64_t records;
};

// Output into `folder`. Its files are made when there is something to put into them: most commands say little, many nothing.
void output_begin(struct output *output, int folder, int64_t limit);

// Takes what is in the pipe of a stream now; closes it when it has ended. Never waits, and never leaves the pipe full.
void output_take(struct output *output, int stream);

bool output_is_over(const struct output *output);
