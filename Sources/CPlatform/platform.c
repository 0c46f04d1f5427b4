#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

int platform_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int platform_pidfd_signal(int pidfd, int signal) { return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0); }

int platform_pidfd_reap(int pidfd, struct platform_end *end) {
    siginfo_t facts = {0};
    int result;
    do result = waitid((idtype_t)3 /* P_PIDFD */, (id_t)pidfd, &facts, WEXITED | WNOHANG);
    while (result != 0 && errno == EINTR);
    if (result != 0) return -1;
    if (facts.si_pid == 0) return 0;
    end->exited = facts.si_code == CLD_EXITED;
    end->status = facts.si_status;
    return 1;
}

static int set_files(posix_spawn_file_actions_t *actions, int inherited) {
    int error = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    if (error == 0) error = posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0);
    if (error == 0) error = posix_spawn_file_actions_adddup2(actions, 1, 2);
    if (error == 0) error = posix_spawn_file_actions_adddup2(actions, inherited, 3);
    if (error == 0) error = posix_spawn_file_actions_addclosefrom_np(actions, 4);
    return error;
}

static int set_attributes(posix_spawnattr_t *attributes) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int error = posix_spawnattr_setsigmask(attributes, &none);
    if (error == 0) error = posix_spawnattr_setsigdefault(attributes, &all);
    if (error == 0) error = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    return error;
}

int platform_spawn(pid_t *pid, const char *path, char *const *words, char *const *environment, int inherited) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) return error;
    error = posix_spawnattr_init(&attributes);
    if (error == 0) {
        error = set_files(&actions, inherited);
        if (error == 0) error = set_attributes(&attributes);
        if (error == 0) error = posix_spawn(pid, path, &actions, &attributes, words, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static int set_answer_files(posix_spawn_file_actions_t *actions, int input, int output, int errors) {
    int error = input < 0 ? posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0)
                          : posix_spawn_file_actions_adddup2(actions, input, 0);
    if (error == 0) error = posix_spawn_file_actions_adddup2(actions, output, 1);
    if (error == 0) error = posix_spawn_file_actions_adddup2(actions, errors, 2);
    if (error == 0) error = posix_spawn_file_actions_addclosefrom_np(actions, 3);
    return error;
}

int platform_run(pid_t *pid, const char *file, char *const *words, char *const *environment, int input, int output,
                 int errors) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) return error;
    error = posix_spawnattr_init(&attributes);
    if (error == 0) {
        error = set_answer_files(&actions, input, output, errors);
        if (error == 0) error = set_attributes(&attributes);
        if (error == 0) error = posix_spawnp(pid, file, &actions, &attributes, words, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

int platform_answer_pipe(int pipe[2]) {
    if (pipe2(pipe, O_CLOEXEC) != 0) return -1;
    return fcntl(pipe[0], F_SETFL, O_NONBLOCK);
}

int platform_memory_file(void) { return memfd_create("input", MFD_CLOEXEC); }

static int lock(int file, int operation) {
    int result;
    do result = flock(file, operation);
    while (result != 0 && errno == EINTR);
    return result;
}

int platform_lock_is_held(int file) {
    if (lock(file, LOCK_SH | LOCK_NB) != 0) return errno == EWOULDBLOCK ? 1 : -1;
    return lock(file, LOCK_UN);
}

int platform_lock(int file) { return lock(file, LOCK_EX | LOCK_NB); }

int platform_unlock(int file) { return lock(file, LOCK_UN); }

int platform_epoll(void) { return epoll_create1(EPOLL_CLOEXEC); }

int platform_epoll_add(int epoll, int file, uint32_t events, uint64_t key) {
    struct epoll_event event = {.events = events, .data = {.u64 = key}};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, file, &event);
}

int platform_epoll_remove(int epoll, int file) { return epoll_ctl(epoll, EPOLL_CTL_DEL, file, NULL); }

int platform_epoll_wait(int epoll, struct platform_event *events, int capacity, int milliseconds) {
    struct epoll_event found[64];
    int count = epoll_wait(epoll, found, capacity < 64 ? capacity : 64, milliseconds);
    if (count < 0) return errno == EINTR ? 0 : -1;
    for (int at = 0; at < count; at++) events[at] = (struct platform_event){.key = found[at].data.u64, .events = found[at].events};
    return count;
}

int platform_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int platform_pipe(int pipe[2]) { return pipe2(pipe, O_CLOEXEC | O_NONBLOCK); }

void platform_give_memory_back(void) { malloc_trim(0); }

int platform_clock_is_synchronized(void) {
    struct timex clock = {0};
    int state = adjtimex(&clock);
    if (state < 0) return -1;
    return state != TIME_ERROR && (clock.status & STA_UNSYNC) == 0;
}
