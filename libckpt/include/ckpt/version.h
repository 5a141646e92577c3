/* SPDX-License-Identifier: MIT */
#ifndef CKPT_VERSION_H
#define CKPT_VERSION_H

/* The one place where the version of the library stands; meson.build reads it from here.
 * The shared library's soname carries CKPT_SOVERSION, which changes when a program linked against
 * an older library could no longer run. The version of the file format is another thing: see
 * spec/ckpt-format.md, section "Versions". */
#define CKPT_VERSION_MAJOR 0
#define CKPT_VERSION_MINOR 1
#define CKPT_VERSION_PATCH 0
#define CKPT_VERSION_STRING "0.1.0"
#define CKPT_SOVERSION 0

#endif
