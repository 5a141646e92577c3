/* SPDX-License-Identifier: MIT */
/* A small .ckpt file of which all is known, to be tampered with. */
#ifndef LAYOUTFIXTURE_H
#define LAYOUTFIXTURE_H

#include "filebytes.h"

/* The storages of the fixture by number, and the tensors: "a", "b", "empty", "c", "large", and
 * "view" of storage A, "across" of storage B with strides. */
enum { A, B, EMPTY, C, LARGE };
enum { TENSOR_A, TENSOR_B, TENSOR_EMPTY, TENSOR_C, TENSOR_LARGE, TENSOR_VIEW, TENSOR_ACROSS };
enum { LAYOUT_SLACK = 4096 };

/* To be freed; with LAYOUT_SLACK bytes of room behind it. */
file_bytes layout_fixture(void);

#endif
