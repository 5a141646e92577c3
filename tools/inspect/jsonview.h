/* SPDX-License-Identifier: MIT */
/* The parts of the JSON description; man/ckpt-inspect.1 documents every field. */
#ifndef JSONVIEW_H
#define JSONVIEW_H

#include "../common/jsonwriter.h"
#include "inspect.h"

/* A number that grows when a field changes its meaning or goes away. */
enum { JSON_SCHEMA = 1 };

void json_put_value(json *j, ckpt_value value);
void json_put_modules(json *j, const inspection *in);
void json_put_tensors(json *j, const inspection *in);
void json_put_storages(json *j, const inspection *in);

#endif
