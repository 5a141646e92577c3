/* SPDX-License-Identifier: MIT */
/* Random checkpoints, made through the public functions: nested and shared modules, tied tensors,
 * several tensors on one storage at offsets and with strides, tensors without elements, scalars,
 * every element type, odd names, and values of all types in all depths. */
#ifndef RANDOMMODEL_H
#define RANDOMMODEL_H

#include <ckpt/ckpt.h>

#include "testrandom.h"

/* The same seed gives the same checkpoint. Fails as the functions do that it calls; nothing stays
 * allocated then. */
ckpt_status random_model(uint64_t seed, const ckpt_create_options *options, ckpt **ret_ckpt,
                         ckpt_error *err);

/* A name that no member of the module has; at most 64 bytes but for rare long ones. */
void random_name(test_random *r, ckpt_module module, char *buffer, size_t size);

/* A random value that is no container. The bytes that it points to are constants. */
ckpt_literal random_literal(test_random *r);

#endif
