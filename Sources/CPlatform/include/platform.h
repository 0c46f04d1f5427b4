// What Swift's Glibc module lacks: headers it leaves out, and calls that it cannot express or that need a macro.
//
// Functions of our own answer as system calls do: -1 with errno, unless they say otherwise. Every descriptor they make is close-on-exec.
#pragma once

#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/xattr.h>

// Processes by descriptor: what is held cannot become another process.

int platform_pidfd_open(pid_t pid);
int platform_pidfd_signal(int pidfd, int signal);

struct platform_end {
    int exited;  // 1: `status` is an exit code; 0: it is a signal
    int status;
};

// Reaps a child that has ended. Answers 1 when it did, 0 when it is still alive; ECHILD when it is not ours to reap.
int platform_pidfd_reap(int pidfd, struct platform_end *end);

// Starts `path` in a session of its own with an empty signal mask, default dispositions, /dev/null as 0, 1 and 2, `inherited` as 3 and
// nothing else open. Answers 0 or the error number.
int platform_spawn(pid_t *pid, const char *path, char *const *words, char *const *environment, int inherited);

// Starts a command whose answer is wanted: looked up in our PATH, in a session of its own, with an empty signal mask, default dispositions,
// `input` as 0 (/dev/null when it is negative), `output` as 1, `errors` as 2 and nothing else open. Answers 0 or the error number.
int platform_run(pid_t *pid, const char *file, char *const *words, char *const *environment, int input, int output,
                 int errors);

// A file without a name, in memory, for what a command is to read.
int platform_memory_file(void);

// A pipe for an answer: [0], to read, does not block; [1] does, as commands expect it.
int platform_answer_pipe(int pipe[2]);

// Locks of whole files (flock).

// Answers 1 when somebody holds the lock exclusively, 0 when nobody does. Leaves it as it was.
int platform_lock_is_held(int file);
// Takes the lock exclusively until `file` is closed; EWOULDBLOCK when somebody has it.
int platform_lock(int file);
// Gives the lock back, also where a child that is being started still has a copy of the descriptor.
int platform_unlock(int file);

// Takes a record lock (fcntl) on the whole file until `file` is closed, as SQLite locks its files, but of this descriptor and not of the process;
// EAGAIN or EACCES when somebody has it.
int platform_lock_record(int file);

// File systems.

struct platform_file_system {
    uint32_t type;  // f_type of statfs
    uint64_t block_size, blocks, free_blocks;  // free for whoever is not root
    uint64_t files, free_files;                // 0 and 0 where files are not counted
    int is_read_only;
};

// Facts about the file system that `path` lies on.
int platform_file_system(const char *path, struct platform_file_system *facts);

// The name in an entry of a folder (struct dirent), ended by a zero byte. The struct has room for 256 bytes, but the entry that readdir
// answers is only as long as its name.
const char *platform_entry_name(const void *entry);

// Waiting for several descriptors, without the packed union of epoll_event.

struct platform_event {
    uint64_t key;
    uint32_t events;
};

int platform_epoll(void);
int platform_epoll_add(int epoll, int file, uint32_t events, uint64_t key);
int platform_epoll_remove(int epoll, int file);
// Answers how many events there were, 0 after `milliseconds` (negative: no limit) or an interruption.
int platform_epoll_wait(int epoll, struct platform_event *events, int capacity, int milliseconds);

// An eventfd, and a non-blocking pipe: [0] to read, [1] to write.
int platform_eventfd(void);
int platform_pipe(int pipe[2]);

// Memory.

// Gives the kernel back what is free in whole pages; malloc keeps it otherwise. Takes milliseconds for each ten megabytes.
void platform_give_memory_back(void);

// Clocks.

// Answers 1 when the kernel's clock is kept right by NTP or something like it, 0 when it is not.
int platform_clock_is_synchronized(void);
