// What the command says: of both streams the first and the last half up to a bound, and an index of what came when.
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
    int file;  // of the part that is being written, -1 when there is none
    int64_t part;    // which that is: 0 is the head
    int64_t oldest;  // the first part behind the head that is still there, or will be
    int64_t total;   // all that came
    int64_t kept;    // what of it is there
    bool failed;  // nothing more of this part can be kept
    int error;    // why that was so for the first time: errno
    struct piece piece;  // the last that was noted
};

struct output {
    struct stream streams[2];  // stdout, stderr
    int folder;
    int64_t head;  // bytes of a stream that are kept from its start
    int64_t tail;  // and from its end, at least
    int64_t part_size;  // bytes of each file behind the head
    int index;  // -1 until there is something to note
    int64_t records;
};

// Output into `folder`, of each stream `limit` bytes and at most two parts more; nothing with a limit of 0. Its files are made when there
// is something to put into them: most commands say little, many nothing.
void output_begin(struct output *output, int folder, int64_t limit);

// Takes what is in the pipe of a stream now; closes it when it has ended. Never waits, and never leaves the pipe full.
void output_take(struct output *output, int stream);

bool output_is_over(const struct output *output);
