#include "CCompression.h"
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

struct pratique_inflate {
    struct inflate_state state;
    uint32_t framing;
};

pratique_inflate *pratique_inflate_create(pratique_framing framing) {
    static const uint32_t flags[] = {ISAL_DEFLATE, ISAL_GZIP_NO_HDR_VER, ISAL_ZLIB_NO_HDR_VER};
    pratique_inflate *inflate = malloc(sizeof(pratique_inflate));
    if (inflate) {
        inflate->framing = flags[framing];
        isal_inflate_init(&inflate->state);
        inflate->state.crc_flag = inflate->framing;
    }
    return inflate;
}

void pratique_inflate_destroy(pratique_inflate *inflate) { free(inflate); }

void pratique_inflate_restart(pratique_inflate *inflate) {
    isal_inflate_reset(&inflate->state);
    inflate->state.crc_flag = inflate->framing;
}

pratique_inflate_result pratique_inflate_step(
    pratique_inflate *inflate, const void *input, size_t input_count, void *output, size_t output_count) {
    struct inflate_state *state = &inflate->state;
    state->next_in = (uint8_t *)input;
    state->avail_in = (uint32_t)input_count;
    state->next_out = output;
    state->avail_out = (uint32_t)output_count;
    int status = isal_inflate(state);
    pratique_inflate_result result = {input_count - state->avail_in, output_count - state->avail_out, 0};
    if (status < 0 || status == ISAL_NEED_DICT) {
        result.status = status < 0 ? status : -ISAL_NEED_DICT - 100;
    } else if (state->block_state == ISAL_BLOCK_FINISH) {
        result.status = 1;
    }
    return result;
}

size_t pratique_inflate_unused(const pratique_inflate *inflate, uint8_t bytes[8]) {
    const struct inflate_state *state = &inflate->state;
    if (state->block_state != ISAL_BLOCK_FINISH || state->read_in_length < 8) return 0;
    uint64_t ahead = state->read_in >> (state->read_in_length % 8);
    size_t count = (size_t)state->read_in_length / 8;
    for (size_t index = 0; index < count; index++) bytes[index] = (uint8_t)(ahead >> (8 * index));
    return count;
}
