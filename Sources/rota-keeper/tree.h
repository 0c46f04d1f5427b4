// All that descends from a process, found through /proc. As the keeper is a sub-reaper, nothing that the command started can leave.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

// Sends `signal` (and SIGCONT after it, when it is one that a stopped process would not notice) to every descendant of `root`, and to all
// in the control group of the folder `group` (-1 for none) with their descendants.
// Only those that began at `since` or later, as `tree_time` counts; 0 for all. `told` had it already, and gets none; 0 for nobody.
// Answers how many there were, or -1 with errno when /proc cannot be read.
int tree_signal(pid_t root, int group, int signal, unsigned long long since, pid_t told);

// The time by which /proc tells when a process began: clock ticks since the machine was started.
unsigned long long tree_time(void);

// Whether TERM alone does not end a process: it catches it, or is deaf to it. Also of one that has ended and was not reaped.
bool tree_minds_term(pid_t process);
