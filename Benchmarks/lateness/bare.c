// The limit that a scheduler is measured against: sleep until the due time, start the probe, nothing else.
//
// Usage: bare PROBE FILE START PERIOD COUNT AT_ONCE   times in microseconds; COUNT deadlines, AT_ONCE starts at each.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

int main(int count, char **words) {
    if (count < 7) return 64;
    long long start = atoll(words[3]), period = atoll(words[4]);
    int deadlines = atoi(words[5]), at_once = atoi(words[6]);
    signal(SIGCHLD, SIG_IGN);
    for (int k = 0; k < deadlines; k++) {
        long long due = start + k * period;
        struct timespec at = {.tv_sec = due / 1000000, .tv_nsec = due % 1000000 * 1000};
        while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &at, NULL) == EINTR) {}
        char text[24];
        snprintf(text, sizeof text, "%lld", due);
        char *arguments[] = {words[1], words[2], text, NULL};
        for (int n = 0; n < at_once; n++) {
            pid_t child;
            if (posix_spawn(&child, words[1], NULL, NULL, arguments, environ) != 0) return 71;
        }
    }
    while (wait(NULL) > 0 || errno == EINTR) {}
    return 0;
}
