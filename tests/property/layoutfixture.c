/* SPDX-License-Identifier: MIT */
#include "layoutfixture.h"

#include "checkmain.h"

#include <string.h>

static void add_view(ckpt *c, const char *name, uint32_t storage, const uint64_t *strides) {
    static const uint64_t shape[2] = {4, 4};
    ckpt_error err;
    ckpt_tensor tensor;
    ckpt_tensor_spec spec = {.struct_size = sizeof spec,
                             .dtype = CKPT_F32,
                             .rank = 2,
                             .shape = shape,
                             .strides = strides,
                             .storage_offset = 16};
    assert_ok(ckpt_tensor_create(ckpt_storage_by_id(c, storage), &spec, &tensor, &err));
    assert_ok(ckpt_add_tensor(ckpt_root(c), name, tensor, &err));
}

file_bytes layout_fixture(void) {
    static const uint64_t sizes[] = {32, 32, 0, 25, 16500}, strides[] = {1, 4};
    static const char *const names[] = {"a", "b", "empty", "c", "large"};
    ckpt_error err;
    ckpt *c;
    void *saved;
    file_bytes file;
    assert_ok(ckpt_create(NULL, &c, &err));
    for (int i = 0; i < 5; i++)
        assert_ok(
            ckpt_add_parameter(ckpt_root(c), names[i], CKPT_F32, 1, &sizes[i], NULL, NULL, &err));
    add_view(c, "view", A, NULL);
    add_view(c, "across", B, strides);
    assert_ok(ckpt_save_memory(c, NULL, &saved, &file.size, &err));
    file.bytes = calloc(1, file.size + LAYOUT_SLACK);
    ck_assert_ptr_nonnull(file.bytes);
    memcpy(file.bytes, saved, file.size);
    ckpt_buffer_free(c, saved, file.size);
    ckpt_free(c);
    return file;
}
