/* SPDX-License-Identifier: MIT */
/* The bytes of tensors and storages on their way to a file, piece by piece. Nothing is copied that
 * is in memory, mapped included, and has no checksums; everything else is read through its checks
 * by way of at most 4 MiB, or one chunk where those are larger; views with strides by way of 16 MiB
 * more. */
#ifndef CK_TENSORSTREAM_H
#define CK_TENSORSTREAM_H

#include "model/format.h"

/* Progress of a save, in bytes. All zeros: nobody wants to know. */
typedef struct ck_meter {
    ckpt_progress report;
    void *ctx;
    uint64_t done, total;
} ck_meter;

/* From the options, with a total. */
ck_meter ck_meter_for(const ckpt_save_options *options, uint64_t total);
/* CKPT_E_CANCELLED when the caller wants no more. meter may be NULL. */
ckpt_status ck_meter_add(ck_meter *meter, uint64_t bytes, ckpt_error *err);

/* Takes the next bytes; size is not 0. */
typedef ckpt_status (*ck_take_bytes)(void *ctx, const void *bytes, size_t size, ckpt_error *err);

/* The elements, dense and row-major, whatever the tensor is a view of: ckpt_tensor_nbytes bytes. Of
 * a view with strides that does not go through its storage from the beginning to the end, every 16
 * MiB need what they consist of to be read once where that lies in a file as it is, in stretches of
 * some hundred bytes; in short stretches, or where it is checked or decoded, all that lies between
 * too.
 */
ckpt_status ck_tensor_stream(ckpt_tensor tensor, ck_take_bytes take, void *ctx, ckpt_error *err);
/* The same, to a file from offset on. */
ckpt_status ck_tensor_to_sink(ckpt_tensor tensor, const ck_sink *sink, uint64_t offset,
                              ck_meter *meter, ckpt_error *err);

/* Bytes [offset, offset + size) of a storage; CKPT_E_BOUNDS when they are not inside. */
ckpt_status ck_storage_stream(ckpt_storage storage, uint64_t offset, uint64_t size,
                              ck_take_bytes take, void *ctx, ckpt_error *err);
/* All bytes of a storage, to a file from offset on. */
ckpt_status ck_storage_to_sink(ckpt_storage storage, const ck_sink *sink, uint64_t offset,
                               ck_meter *meter, ckpt_error *err);

#endif
