#include "output.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

// An index record is INDEX_RECORD bytes: time, stream (1 or 2), offset, length; "%017d %d %015d %010d\n".
enum { INDEX_RECORD = 17 + 1 + 1 + 1 + 15 + 1 + 10 + 1, FINE_RECORDS = 1 << 15 };

static const int64_t fine = 10 * 1000, coarse = 1000 * 1000;

static const char *const names[] = {"stdout", "stderr"};

// The tail has some sixteen files, of whole pages. The oldest goes when a new one is begun and the others hold the tail: so what is there
// is never more than the limit and two of them. They are no smaller than what is read at once, for making and removing them takes time.
enum { TAIL_PARTS = 16, PAGE = 4 << 10, CHUNK = 32 << 10 };

static const int64_t largest_part = 16 << 20;

static int64_t size_of_part(int64_t tail) {
    int64_t size = (tail / TAIL_PARTS + PAGE) / PAGE * PAGE;
    if (size > largest_part) return largest_part;
    return size < CHUNK ? CHUNK : size;
}

void output_begin(struct output *output, int folder, int64_t limit) {
    if (limit < 0) limit = 0;
    int64_t tail = limit / 2;
    *output = (struct output){.folder = folder, .head = limit - tail, .tail = tail, .part_size = size_of_part(tail), .index = -1};
    for (int at = 0; at < 2; at++) output->streams[at] = (struct stream){.pipe = -1, .file = -1, .oldest = 1};
}

static int create(int folder, const char *name) { return openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600); }

static bool write_record(struct output *output, int number, const struct piece *piece) {
    if (output->index < 0) output->index = create(output->folder, "index");
    if (output->index < 0) return false;
    char record[96];
    snprintf(record, sizeof record, "%017" PRId64 " %d %015" PRId64 " %010" PRId64 "\n", piece->at, number + 1, piece->offset, piece->length);
    ssize_t count;
    do count = pwrite(output->index, record, INDEX_RECORD, piece->record * INDEX_RECORD);
    while (count < 0 && errno == EINTR);
    return count == INDEX_RECORD;
}

// Bytes that follow the last record within `fine`, in the same stream, lengthen it in place. When there are FINE_RECORDS of them, each
// stream has a record that is lengthened for `coarse`, whatever the other stream says meanwhile: however a job writes, its index has no
// more than 1.5 MB, and 94 bytes for each second after that.
static void note_piece(struct output *output, int number, int64_t offset, int64_t length) {
    struct stream *stream = &output->streams[number];
    struct piece piece = stream->piece;
    int64_t now = real_time();
    bool many = output->records >= FINE_RECORDS;
    bool follows = piece.length > 0 && (many || piece.record == output->records - 1) && piece.offset + piece.length == offset
        && piece.length + length <= INT32_MAX && now >= piece.at && now - piece.at < (many ? coarse : fine);
    if (follows) piece.length += length;
    else piece = (struct piece){.record = output->records, .at = now, .offset = offset, .length = length};
    // An index that cannot be written costs the times, never the output; the next record takes the place of one that was not written, as a
    // reader stops at a gap.
    if (!write_record(output, number, &piece)) return;
    stream->piece = piece;
    if (!follows) output->records++;
}

static int64_t start_of(const struct output *output, int64_t part) { return part == 0 ? 0 : output->head + (part - 1) * output->part_size; }

static void name_part(const struct output *output, int number, int64_t part, char *name, size_t size) {
    if (part == 0) snprintf(name, size, "%s", names[number]);
    else snprintf(name, size, "%s-%015" PRId64, names[number], start_of(output, part));
}

static void forget_oldest(struct output *output, int number) {
    struct stream *stream = &output->streams[number];
    char name[40];
    struct stat facts;
    name_part(output, number, stream->oldest++, name, sizeof name);
    // One that failed may not be there.
    if (fstatat(output->folder, name, &facts, AT_SYMLINK_NOFOLLOW) != 0 || unlinkat(output->folder, name, 0) != 0) return;
    stream->kept -= facts.st_size;
}

// Files are only ever added to, one after the other: whenever this process dies, each byte that is there is where its name says.
static void begin_part(struct output *output, int number) {
    struct stream *stream = &output->streams[number];
    if (stream->file >= 0) close(stream->file);
    stream->file = -1;
    stream->failed = false;
    stream->part++;
    while (start_of(output, stream->part) - start_of(output, stream->oldest + 1) >= output->tail && stream->oldest + 1 < stream->part) {
        forget_oldest(output, number);
    }
}

static void fail(struct stream *stream) {
    stream->failed = true;
    if (stream->error == 0) stream->error = errno;
}

// On a full disk the oldest part behind the head gives way to the newest, as it does where the bound is reached.
static bool make_room(struct output *output, int number) {
    struct stream *stream = &output->streams[number];
    bool is_full = errno == ENOSPC || errno == EDQUOT;
    if (!is_full || stream->oldest >= stream->part) return false;
    if (stream->error == 0) stream->error = errno;
    forget_oldest(output, number);
    return true;
}

static void open_part(struct output *output, int number) {
    struct stream *stream = &output->streams[number];
    char name[40];
    name_part(output, number, stream->part, name, sizeof name);
    do stream->file = create(output->folder, name);
    while (stream->file < 0 && make_room(output, number));
    if (stream->file < 0) fail(stream);
}

// Puts bytes of one part where they belong. A part that takes no more stays as it is, as nothing may follow a gap in a file; the next may
// be luckier.
static void keep_in_part(struct output *output, int number, const char *bytes, int64_t length) {
    struct stream *stream = &output->streams[number];
    if (stream->file < 0 && !stream->failed) open_part(output, number);
    for (int64_t done = 0; done < length && !stream->failed;) {
        ssize_t count = write(stream->file, bytes + done, (size_t)(length - done));
        if (count >= 0) {
            done += count;
            stream->kept += count;
        } else if (errno != EINTR && !make_room(output, number)) {
            fail(stream);
        }
    }
}

static void keep(struct output *output, int number, const char *bytes, int64_t length) {
    struct stream *stream = &output->streams[number];
    while (length > 0) {
        int64_t room = start_of(output, stream->part + 1) - stream->total;
        if (room == 0) {
            begin_part(output, number);
            continue;
        }
        int64_t count = length < room ? length : room;
        keep_in_part(output, number, bytes, count);
        stream->total += count;
        bytes += count;
        length -= count;
    }
}

void output_take(struct output *output, int number) {
    static char bytes[CHUNK];
    struct stream *stream = &output->streams[number];
    ssize_t count = read(stream->pipe, bytes, sizeof bytes);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (count <= 0) {
        close(stream->pipe);
        stream->pipe = -1;
        return;
    }
    if (output->head == 0) {
        stream->total += count;
        return;
    }
    int64_t offset = stream->total;
    keep(output, number, bytes, count);
    note_piece(output, number, offset, count);
}

bool output_is_over(const struct output *output) { return output->streams[0].pipe < 0 && output->streams[1].pipe < 0; }
