// Files of the repository that the binary carries inside.
#pragma once
#include <stddef.h>

struct rota_asset {
    const char *name;            // the file's name, without its folder
    const unsigned char *bytes;
    size_t length;
};

// The migrations in the order in which they are applied; returns how many there are.
size_t rota_migrations(const struct rota_asset **first);
