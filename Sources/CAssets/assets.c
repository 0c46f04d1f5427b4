#include "assets.h"

static const unsigned char initial[] = {
#embed "../../migrations/001_initial.sql"
};

static const unsigned char control[] = {
#embed "../../migrations/002_control.sql"
};

static const unsigned char retention[] = {
#embed "../../migrations/003_retention.sql"
};

static const unsigned char operations[] = {
#embed "../../migrations/004_operations.sql"
};

static const unsigned char values[] = {
#embed "../../migrations/005_values.sql"
};

static const unsigned char backfills[] = {
#embed "../../migrations/006_backfills.sql"
};

static const unsigned char executors[] = {
#embed "../../migrations/007_executors.sql"
};

static const struct rota_asset migrations[] = {
    {"001_initial.sql", initial, sizeof initial},
    {"002_control.sql", control, sizeof control},
    {"003_retention.sql", retention, sizeof retention},
    {"004_operations.sql", operations, sizeof operations},
    {"005_values.sql", values, sizeof values},
    {"006_backfills.sql", backfills, sizeof backfills},
    {"007_executors.sql", executors, sizeof executors},
};

size_t rota_migrations(const struct rota_asset **first) {
    *first = migrations;
    return sizeof migrations / sizeof *migrations;
}
