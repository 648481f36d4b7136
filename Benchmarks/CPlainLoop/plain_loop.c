// The yardstick of the log's append: what a plain C program reaches with the same table, file system and durability.
#include "plain_loop.h"
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double plain_loop(const char *path, int64_t count, int64_t batch, int64_t first_row) {
    sqlite3 *db = NULL;
    sqlite3_stmt *insert = NULL;
    int code = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL);
    if (code == SQLITE_OK) code = sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000", 0, 0, 0);
    if (code == SQLITE_OK)
        code = sqlite3_prepare_v2(
            db, "INSERT INTO records (row, at, key, headers, value) VALUES (?, ?, ?, ?, ?)", -1, &insert, NULL);
    char value[1024];
    memset(value, 'x', sizeof value);
    double start = now();
    for (int64_t done = 0; code == SQLITE_OK && done < count;) {
        code = sqlite3_exec(db, "BEGIN IMMEDIATE", 0, 0, 0);
        for (int64_t i = 0; code == SQLITE_OK && i < batch && done < count; i++, done++) {
            char key[32];
            int length = snprintf(key, sizeof key, "key-%lld", (long long)done);
            sqlite3_bind_int64(insert, 1, first_row + done);
            sqlite3_bind_int64(insert, 2, 1700000000000LL + done);
            sqlite3_bind_text(insert, 3, key, length, SQLITE_STATIC);
            sqlite3_bind_blob(insert, 4, "", 0, SQLITE_STATIC);
            sqlite3_bind_blob(insert, 5, value, sizeof value, SQLITE_STATIC);
            code = sqlite3_step(insert) == SQLITE_DONE ? SQLITE_OK : sqlite3_errcode(db);
            sqlite3_reset(insert);
        }
        if (code == SQLITE_OK) code = sqlite3_exec(db, "COMMIT", 0, 0, 0);
    }
    double seconds = now() - start;
    if (code != SQLITE_OK) fprintf(stderr, "plain loop: %s\n", sqlite3_errmsg(db));
    sqlite3_finalize(insert);
    sqlite3_close(db);
    return code == SQLITE_OK ? seconds : -(double)code;
}
