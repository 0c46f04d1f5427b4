// The right to start a run, taken by at most one process for ever, and the proof of life of whoever took it.
#pragma once

#include "text.h"

#include <stdbool.h>
#include <sys/types.h>

// Takes the claim of run `id`: answers its file, locked until this process ends; -1 with errno, EEXIST when another has it.
// A file system without locks is no reason to fail where `needs_lock` is not set.
int claim_take(int folder, const char *id, bool needs_lock);

// Gives the claim back. Only for a run whose command was never started.
void claim_release(int folder);

// Adds to the claim when the command began and which process it is, for schedulers that come later.
void claim_note_start(int claim, int64_t at, pid_t command);
