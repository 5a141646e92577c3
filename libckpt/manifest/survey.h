/* SPDX-License-Identifier: MIT */
/* What must be known of a checkpoint before the first line of its manifest is written: what stands
 * at several places, and which storages are to be listed. */
#ifndef CK_SURVEY_H
#define CK_SURVEY_H

#include "base/buffer.h"

#include <ckpt/model.h>

enum { CK_SEEN = 1, CK_SHARED = 2 };

#define CK_UNLISTED UINT32_MAX

typedef struct ck_survey {
    ck_memory memory;
    ckpt *checkpoint;
    unsigned char *modules; /* by number: CK_SEEN, and CK_SHARED for those at several places */
    unsigned char *tensors;
    uint32_t *storages; /* by number: the number in the list of the manifest, or CK_UNLISTED */
    ck_buffer listed;   /* of uint32_t: the storages of the list */
} ck_survey;

/* CKPT_E_LIMIT when modules are nested deeper than dotted names may be. Free in every case. */
ckpt_status ck_survey_create(ckpt *c, ck_survey *ret_survey, ckpt_error *err);
void ck_survey_free(ck_survey *survey);

#endif
