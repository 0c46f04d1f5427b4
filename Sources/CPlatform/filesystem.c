#include "platform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/statfs.h>

int platform_file_system(const char *path, struct platform_file_system *facts) {
    struct statfs found;
    int result;
    do result = statfs(path, &found);
    while (result != 0 && errno == EINTR);
    if (result != 0) return -1;
    const long read_only = 1;  // ST_RDONLY
    facts->type = (uint32_t)found.f_type;
    facts->block_size = (uint64_t)(found.f_frsize > 0 ? found.f_frsize : found.f_bsize);
    facts->blocks = found.f_blocks;
    facts->free_blocks = found.f_bavail;
    facts->files = found.f_files;
    facts->free_files = found.f_ffree;
    facts->is_read_only = ((long)found.f_flags & read_only) != 0;
    return 0;
}

const char *platform_entry_name(const void *entry) { return ((const struct dirent *)entry)->d_name; }

int platform_lock_record(int file) {
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int result;
    do result = fcntl(file, F_OFD_SETLK, &whole);
    while (result != 0 && errno == EINTR);
    return result;
}
