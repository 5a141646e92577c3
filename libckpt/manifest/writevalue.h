/* SPDX-License-Identifier: MIT */
/* Writing typed values (section 4 of spec/manifest.md). */
#ifndef CK_WRITEVALUE_H
#define CK_WRITEVALUE_H

#include "manifest/yamlwriter.h"

#include <ckpt/values.h>

/* A map value; the values in it are always in flow style. */
void ck_write_value_map(ck_yaml_writer *w, ckpt_value map, ck_yaml_style style);

#endif
