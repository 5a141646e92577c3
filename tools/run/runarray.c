/* SPDX-License-Identifier: MIT */
/* Arrays in and out of .npy files, which the library reads and writes as checkpoints of one tensor
 * named "array". */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

static int open_array(const char *path, ckpt **ret_holder, ckpt_tensor *ret_tensor) {
    ckpt_open_options open = {
        .struct_size = sizeof open, .access = CKPT_ACCESS_READ, .formats = "npy"};
    ckpt_error err;
    if (ckpt_open(path, &open, ret_holder, &err) != CKPT_OK)
        return tool_fail(RUN, "%s", err.message);
    *ret_tensor = ckpt_module_tensor(ckpt_root(*ret_holder), "array");
    return TOOL_FINE;
}

static int read_converted(const char *path, ckpt_tensor tensor, ckpt_dtype dtype, size_t item_size,
                          void **ret_data) {
    uint64_t numel = ckpt_tensor_numel(tensor);
    ckpt_error err;
    if (numel > SIZE_MAX / 2 / item_size)
        return tool_fail(RUN, "%s: too large for the memory of this machine", path);
    void *data = tool_new((size_t)numel, item_size);
    ckpt_status status = ckpt_tensor_read_as(tensor, dtype, data, (size_t)numel * item_size, &err);
    if (status != CKPT_OK) {
        free(data);
        /* The type is no matter of the file to the library. */
        return status == CKPT_E_UNSUPPORTED ? tool_fail(RUN, "%s: %s", path, err.message)
                                            : tool_fail(RUN, "%s", err.message);
    }
    *ret_data = data;
    return TOOL_FINE;
}

int run_read_array(const char *path, run_array *ret_array) {
    ckpt *holder;
    ckpt_tensor tensor;
    void *data = NULL;
    if (open_array(path, &holder, &tensor) != TOOL_FINE)
        return TOOL_NO;
    int status = TOOL_FINE;
    uint32_t rank = ckpt_tensor_rank(tensor);
    if (rank == 0 || rank > RUN_MAX_RANK)
        status =
            tool_fail(RUN, "%s: an array of one dimension or more is needed, for the batch", path);
    else
        status = read_converted(path, tensor, CKPT_F32, sizeof(float), &data);
    if (status == TOOL_FINE) {
        *ret_array = (run_array){.data = data, .rank = rank, .numel = ckpt_tensor_numel(tensor)};
        memcpy(ret_array->shape, ckpt_tensor_shape(tensor), rank * sizeof(uint64_t));
    }
    ckpt_free(holder);
    return status;
}

int run_new_array(uint32_t rank, const uint64_t *shape, run_array *ret_array) {
    run_array array = {.rank = rank};
    ckpt_tensor tensor;
    ckpt_error err;
    if (ckpt_create(NULL, &array.holder, &err) != CKPT_OK)
        return tool_fail(RUN, "%s", err.message);
    if (ckpt_add_buffer(ckpt_root(array.holder), "array", CKPT_F32, rank, shape, NULL, &tensor,
                        &err) != CKPT_OK) {
        ckpt_free(array.holder);
        return tool_fail(RUN, "%s", err.message);
    }
    array.data = ckpt_storage_writable(ckpt_tensor_storage(tensor));
    array.numel = ckpt_tensor_numel(tensor);
    memcpy(array.shape, shape, rank * sizeof(uint64_t));
    *ret_array = array;
    return TOOL_FINE;
}

int run_save_array(const run_array *array, const char *path) {
    ckpt_save_options save = {.struct_size = sizeof save, .format = "npy"};
    ckpt_error err;
    if (ckpt_save(array->holder, path, &save, &err) != CKPT_OK)
        return tool_fail(RUN, "%s", err.message);
    return TOOL_FINE;
}

void run_free_array(run_array *array) {
    if (array->holder != NULL)
        ckpt_free(array->holder);
    else
        free(array->data);
}

static int to_labels(const char *path, const double *values, uint64_t count, int64_t *labels) {
    for (uint64_t i = 0; i < count; i++) {
        if (!(values[i] >= 0) || values[i] > 1e9 || values[i] != floor(values[i]))
            return tool_fail(RUN, "%s: the label of row %llu is %g, no class number", path,
                             (unsigned long long)i, values[i]);
        labels[i] = (int64_t)values[i];
    }
    return TOOL_FINE;
}

int run_read_labels(const char *path, uint64_t count, int64_t **ret_labels) {
    ckpt *holder;
    ckpt_tensor tensor;
    void *values = NULL;
    if (open_array(path, &holder, &tensor) != TOOL_FINE)
        return TOOL_NO;
    int status = TOOL_FINE;
    if (ckpt_tensor_rank(tensor) != 1 || ckpt_tensor_numel(tensor) != count)
        status =
            tool_fail(RUN, "%s: one label for each of the %llu rows is needed, in one dimension",
                      path, (unsigned long long)count);
    else
        status = read_converted(path, tensor, CKPT_F64, sizeof(double), &values);
    if (status == TOOL_FINE) {
        int64_t *labels = tool_new((size_t)count, sizeof *labels);
        status = to_labels(path, values, count, labels);
        if (status == TOOL_FINE)
            *ret_labels = labels;
        else
            free(labels);
    }
    free(values);
    ckpt_free(holder);
    return status;
}
