#pragma once
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

// Deflate streams through ISA-L, with the trailer of their framing checked. ISA-L's state is a struct of 90 KB
// with large arrays, which Swift would import as tuples; so it stays behind a pointer. The caller reads headers:
// ISA-L forgets the flags of a header that arrives in pieces.
typedef struct pratique_inflate pratique_inflate;

typedef struct {
    size_t consumed;
    size_t produced;
    // 0: wants more input or more room; 1: the member is complete and its trailer is right; negative: ISA-L's error.
    int status;
} pratique_inflate_result;

// What follows the deflate data: nothing, the CRC-32 and length of gzip, or the Adler-32 of zlib.
typedef enum { pratique_raw, pratique_gzip, pratique_zlib } pratique_framing;

// Returns NULL if there is no memory.
pratique_inflate *_Nullable pratique_inflate_create(pratique_framing framing);
void pratique_inflate_destroy(pratique_inflate *_Nonnull inflate);
// Makes ready for the next deflate data of the same framing.
void pratique_inflate_restart(pratique_inflate *_Nonnull inflate);
// At most 1 GiB of input and of output in one call.
pratique_inflate_result pratique_inflate_step(pratique_inflate *_Nonnull inflate, const void *_Nullable input,
    size_t input_count, void *_Nonnull output, size_t output_count);
// Once raw data is over: bytes after its end that were taken already, at most eight.
size_t pratique_inflate_unused(const pratique_inflate *_Nonnull inflate, uint8_t bytes[_Nonnull 8]);
