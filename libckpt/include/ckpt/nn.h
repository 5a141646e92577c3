/* SPDX-License-Identifier: MIT */
/* The runtime: a net built from a module of a checkpoint, and run on the CPU.
 *
 * Module types, attributes and formulas are those of torch.nn. Computation is in f32. */
#ifndef CKPT_NN_H
#define CKPT_NN_H

#include <ckpt/hooks.h>
#include <ckpt/init.h>
#include <ckpt/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ckpt_net ckpt_net;

typedef enum ckpt_matmul {
    CKPT_MATMUL_DEFAULT = 0, /* CBLAS where the library was built with it */
    CKPT_MATMUL_BUILTIN = 1, /* the plain loops of the library */
    CKPT_MATMUL_CBLAS = 2    /* CKPT_E_UNSUPPORTED where the library was built without */
} ckpt_matmul;

typedef struct ckpt_net_options {
    size_t struct_size; /* sizeof(ckpt_net_options) */
    ckpt_matmul matmul;
} ckpt_net_options;

/* Builds the net of a module by its type and attributes, as spec/operators.md describes them:
 * Sequential (nested at will, a module standing at several places is one set of weights), Linear,
 * ReLU, LeakyReLU, Tanh, Sigmoid, GELU, SiLU, Softmax, LogSoftmax, Flatten, Identity, Dropout
 * (identity: the net is in evaluation mode).
 *
 * CKPT_E_SHAPE: attributes that are unknown, missing, of a wrong type or value, or that contradict
 * the tensors; missing and unexpected members. Every mismatch of every module is named, up to the
 * room in the message. CKPT_E_UNSUPPORTED: names the first module whose type is not known.
 * CKPT_E_LIMIT: modules nested deeper than 128, or more than 2^20 places; overlapping views whose
 * converted copies would take more memory than eight times the checkpoint and 16 MiB.
 *
 * Weights are used where they lie if they are dense f32, else a converted copy is kept, one for
 * each tensor. Memory comes from the checkpoint's allocator. The checkpoint must live as long as
 * the net, and but for the bytes of its tensors must not be changed. options may be NULL. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_net_build(ckpt_module module,
                                                    const ckpt_net_options *options,
                                                    ckpt_net **ret_net, ckpt_error *err);
CKPT_API void ckpt_net_free(ckpt_net *net); /* takes NULL */

/* The shape that the net gives for an input shape, whose first extent is the batch (by custom: no
 * operator but Flatten's default treats it apart). ret_shape has room for 64 extents. CKPT_E_SHAPE
 * names the module that does not take its input, CKPT_E_OVERFLOW the one whose output no memory
 * holds. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_net_output_shape(ckpt_net *net, uint32_t rank,
                                                           const uint64_t *shape,
                                                           uint32_t *ret_rank, uint64_t *ret_shape,
                                                           ckpt_error *err);
/* Runs the net. input: dense f32 of the given shape; output: dense f32 with room for output_numel
 * elements, which must be the product of ckpt_net_output_shape; they must not overlap. All shapes
 * are checked before the first number is computed. Allocates only when a shape needs more memory
 * than any before. A net is used by one thread at a time. CKPT_E_ARGUMENT: input or output missing,
 * or output_numel wrong. */
CKPT_API CKPT_MUST_CHECK ckpt_status ckpt_net_forward(ckpt_net *net, uint32_t rank,
                                                      const uint64_t *shape, const float *input,
                                                      float *output, uint64_t output_numel,
                                                      ckpt_error *err);

/* Number of the inputs that the net takes in its last dimension when its first layer says so (a
 * Linear's in_features); 0 when any will do. */
CKPT_API uint64_t ckpt_net_input_features(const ckpt_net *net);

#ifdef __cplusplus
}
#endif
#endif
