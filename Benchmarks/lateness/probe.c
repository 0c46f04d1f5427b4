// What a measured run executes: tells how late it began.
//
// Usage: probe FILE [DUE]   appends one line, microseconds from the due time to the first instruction of main, to FILE.
// DUE is in microseconds since the epoch; without it CHRONOS_JOB_RUN_TIME, in milliseconds, is taken.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(int count, char **words) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const char *milliseconds = getenv("CHRONOS_JOB_RUN_TIME");
    if (count < 2 || (count < 3 && milliseconds == NULL)) return 64;
    long long due = count > 2 ? atoll(words[2]) : atoll(milliseconds) * 1000;
    char line[32];
    snprintf(line, sizeof line, "%lld\n", now.tv_sec * 1000000LL + now.tv_nsec / 1000 - due);
    int file = open(words[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return file >= 0 && write(file, line, strlen(line)) == (ssize_t)strlen(line) ? 0 : 1;
}
