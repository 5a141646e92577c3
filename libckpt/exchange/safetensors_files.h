/* SPDX-License-Identifier: MIT */
/* What readers and writers of safetensors files know of them. */
#ifndef CK_SAFETENSORS_FILES_H
#define CK_SAFETENSORS_FILES_H

#define CK_SAFETENSORS_MAX_HEADER 100000000u /* bytes, as the official reader has it */
#define CK_SAFETENSORS_SIZE_FIELD 8

#endif
