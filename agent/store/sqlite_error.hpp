#pragma once
// SQLite's result codes in our vocabulary.
#include "base/result.hpp"

struct sqlite3;

namespace agent {

// Of the last call on `connection`, which gave `code`: `disk_full`, `corrupt`, else `storage`. Names the file.
[[nodiscard]] Error sqlite_error(sqlite3* connection, int code);

}  // namespace agent
