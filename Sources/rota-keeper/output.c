#include "output.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

// An index record is INDEX_RECORD bytes: time, stream (1 or 2), offset, length; "%017d %d %015d %010d\n".
enum { INDEX_RECORD = 17 + 1 + 1 + 1 + 15 + 1 + 10 + 1, FINE_RECORDS = 1 << 15 };

static const int64_t fine = 10 * 1000, coarse = 1000 * 1000;

static const char *const names[] = {"stdout", "stderr"};

void output_begin(struct output *output, int folder, int64_t limit) {
    *output = (struct output){.folder = folder, .limit = limit, .index = -1};
    for (int at = 0; at < 2; at++) output->streams[at] = (struct stream){.pipe = -1, .file = -1};
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

static int64_t keep(struct output *output, int number, const char *bytes, int64_t length) {
    struct stream *stream = &output->streams[number];
    if (stream->file < 0 && stream->error == 0) {
        stream->file = create(output->folder, names[number]);
        if (stream->file < 0) stream->error = errno;
    }
    int64_t kept = 0;
    while (kept < length && stream->error == 0) {
        ssize_t count = write(stream->file, bytes + kept, (size_t)(length - kept));
        if (count >= 0) kept += count;
        else if (errno != EINTR) stream->error = errno;
    }
    return kept;
}

void output_take(struct output *output, int number) {
    static char bytes[32 << 10];
    struct stream *stream = &output->streams[number];
    ssize_t count = read(stream->pipe, bytes, sizeof bytes);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (count <= 0) {
        close(stream->pipe);
        stream->pipe = -1;
        return;
    }
    int64_t room = output->limit - stream->kept, wanted = count < room ? count : room, offset = stream->kept;
    int64_t kept = wanted > 0 ? keep(output, number, bytes, wanted) : 0;
    stream->kept += kept;
    stream->dropped += count - kept;
    if (kept > 0) note_piece(output, number, offset, kept);
}

bool output_is_over(const struct output *output) { return output->streams[0].pipe < 0 && output->streams[1].pipe < 0; }
