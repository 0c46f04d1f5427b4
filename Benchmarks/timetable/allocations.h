#pragma once

// How many times this thread has asked for memory: by malloc, calloc, realloc or their aligned kin.
unsigned long rota_allocations(void);
