// The command: from fork to exec.
#pragma once

#include "run.h"

#include <sys/types.h>

// What the child tells on its way to exec, each as one record through a pipe that exec closes. The order is the order of the steps.
enum stage {
    STAGE_READY,        // everything is prepared, exec is next; no error
    STAGE_NO_GROUP,     // the command is not in the run's group; no reason not to start
    STAGE_DESCRIPTORS,
    STAGE_USER_LOOKUP,  // error 0: there is no such user
    STAGE_IDENTITY,
    STAGE_NICE,
    STAGE_LIMIT_MEMORY,
    STAGE_LIMIT_CPU,
    STAGE_LIMIT_FILES,
    STAGE_LIMIT_PROCESSES,
    STAGE_WORKDIR,
    STAGE_EXEC,
    STAGE_INTERPRETER,  // the file is there, what its first line or header names is not
    STAGE_ARCHITECTURE,  // the file is a program for another processor
};

struct start_note {
    int32_t stage;
    int32_t error;
    int64_t at;
};

// The child's ends of the pipes, and what it must let go of at once.
struct command_files {
    int output;
    int errors;
    int notes;
    int claim;
    int folder;
    int group;  // -1 for none
};

// Forks and executes the command as docs/run-folder.md says. Answers its process, -1 with errno when it cannot even fork.
pid_t command_start(const struct run *run, const struct command_files *files);

// Whether it could not start for want of what others may give back: descriptors, processes, memory; and not for the job's own limits.
bool command_lacked_room(const struct run *run, const struct start_note *note);

// Why the command could not start: a stable word, a colon, a sentence.
void command_refusal(const struct run *run, const struct start_note *note, char *reason, size_t size);
