/* SPDX-License-Identifier: MIT */
#include "sweep.h"

#include <errno.h>
#include <stdio.h>

/* Ends a list; and stands for a file that ends where the library reads. */
#define NO_MORE (-1)
#define CUT 0

static const int *errnos_of(file_operation operation) {
    static const int open_read[] = {EACCES, ENOENT, EMFILE, EIO, ENOMEM, NO_MORE};
    static const int create[] = {EACCES, ENOSPC, EDQUOT, EROFS,  ENOENT,
                                 EMFILE, EEXIST, EINTR,  NO_MORE};
    static const int closing[] = {EIO, ENOSPC, EDQUOT, EINTR, NO_MORE};
    static const int pread[] = {EIO, EINTR, EAGAIN, CUT, NO_MORE};
    static const int pwrite[] = {EIO, ENOSPC, EDQUOT, EFBIG, EINTR, EAGAIN, NO_MORE};
    static const int sync[] = {EIO, ENOSPC, EDQUOT, EROFS, EINTR, NO_MORE};
    static const int rename[] = {EACCES, EIO, EXDEV, EROFS, ENOSPC, EISDIR, EBUSY, NO_MORE};
    static const int path[] = {ENOENT, EACCES, EIO, NO_MORE};
    static const int other[] = {EIO, EPERM, NO_MORE};
    switch (operation) {
    case FILE_OPEN_READ: return open_read;
    case FILE_OPEN_CREATE: return create;
    case FILE_CLOSE: return closing;
    case FILE_PREAD: return pread;
    case FILE_PWRITE: return pwrite;
    case FILE_SYNC: return sync;
    case FILE_RENAME: return rename;
    case FILE_STATUS_OF_PATH: return path;
    default: return other;
    }
}

static bool can_be_retried(file_operation operation, int sys_errno) {
    if (operation == FILE_OPEN_CREATE && sys_errno == EEXIST)
        return true;
    return sys_errno == EINTR && (operation == FILE_PREAD || operation == FILE_PWRITE ||
                                  operation == FILE_SYNC || operation == FILE_OPEN_CREATE);
}

/* What the scenario does when nothing fails. */
typedef struct course {
    file_record records[FILE_RECORDS];
    uint64_t count;
} course;

static course sound;

/* Whether the file of this record was created: the last opening of that number tells. */
static bool was_created(const file_record *record) {
    for (const file_record *r = record; r >= sound.records; r--) {
        bool opens = r->operation == FILE_OPEN_CREATE || r->operation == FILE_OPEN_READ ||
                     r->operation == FILE_OPEN_EDIT || r->operation == FILE_OPEN_DIRECTORY ||
                     r->operation == FILE_OPEN_AT;
        if (opens && r->file == record->file)
            return r->operation == FILE_OPEN_CREATE;
    }
    return false;
}

/* Once the last rename is done, the new file is in its place. */
static bool is_behind_renames(const file_record *record) {
    for (const file_record *r = record; r < sound.records + sound.count; r++) {
        if (r->operation == FILE_RENAME)
            return false;
    }
    return true;
}

/* What must come of it when `record` fails with sys_errno. */
static ckpt_status expected(const sweep *s, const file_record *record, int sys_errno) {
    if (record->operation == FILE_MAP || record->operation == FILE_UNMAP)
        return CKPT_OK; /* what cannot be mapped is read */
    if (record->operation == FILE_CLOSE && (!was_created(record) || sys_errno == EINTR))
        return CKPT_OK; /* of a file that was only read; or closed, on Linux */
    if (record->operation == FILE_STATUS_OF_PATH && sys_errno == ENOENT)
        return CKPT_OK; /* there is no old file */
    if (record->operation == FILE_SYNC_DIRECTORY && is_behind_renames(record))
        return CKPT_E_DURABILITY;
    if (!s->fail_ever_after && can_be_retried(record->operation, sys_errno))
        return CKPT_OK;
    return sys_errno == CUT      ? CKPT_E_TRUNCATED
           : sys_errno == ENOENT ? CKPT_E_NOT_FOUND
           : sys_errno == ENOMEM ? CKPT_E_NOMEM
                                 : CKPT_E_IO;
}

static const char *judge(const sweep *s, ckpt_status wanted, ckpt_status status,
                         const ckpt_error *err) {
    if (!sweep_failed(s))
        return "the operation was not met";
    if (status != wanted)
        return "not the status that it should have";
    if (status != CKPT_OK && err->sys_errno != s->sys_errno)
        return "the errno is not preserved";
    if (status != CKPT_OK && status != CKPT_E_DURABILITY && !sweep_target_is_old(s))
        return "the old file was changed by a save that failed";
    return NULL;
}

static bool run_fault(sweep *s, const sweep_case *c, const file_record *record,
                      sweep_result *result) {
    ckpt_status status;
    ckpt_error err;
    const char *complaint = sweep_run(s, c->run, &status, &err);
    ckpt_status wanted = expected(s, record, s->sys_errno);
    if (complaint == NULL)
        complaint = judge(s, wanted, status, &err);
    result->runs++;
    if (complaint == NULL)
        return true;
    snprintf(result->complaint, sizeof result->complaint,
             "%s, operation %llu (%s)%s fails with errno %d: %s (%s, not %s: %.200s)", c->name,
             (unsigned long long)s->fail_at, file_operation_name(record->operation),
             s->fail_ever_after ? " and all behind" : "", s->sys_errno, complaint,
             ckpt_status_name(status), ckpt_status_name(wanted), err.message);
    return false;
}

/* has_created: the record comes after the creation of a file, so what is looked at is there. */
static bool run_faults(sweep *s, const sweep_case *c, const file_record *record, bool has_created,
                       sweep_result *result) {
    for (const int *e = errnos_of(record->operation); *e != NO_MORE; e++) {
        if (has_created && record->operation == FILE_STATUS_OF_PATH && *e == ENOENT)
            continue;
        s->sys_errno = *e;
        s->cut = *e == CUT;
        s->fail_ever_after = false;
        if (!run_fault(s, c, record, result))
            return false;
        /* For ever interrupted, or for ever in the way: no program could get on. What fails for
         * ever after something else has failed with success is the same as once. */
        s->fail_ever_after = true;
        bool goes_on = expected(s, record, *e) == CKPT_OK || can_be_retried(record->operation, *e);
        if (!goes_on && !run_fault(s, c, record, result))
            return false;
    }
    return true;
}

void sweep_operations(sweep *s, const sweep_case *c, sweep_result *ret_result) {
    ckpt_status status;
    ckpt_error err;
    ret_result->runs = 0;
    ret_result->complaint[0] = '\0';
    s->fails_memory = false;
    s->fail_at = 0;
    const char *complaint = sweep_run(s, c->run, &status, &err);
    uint64_t count = s->operations;
    if (complaint != NULL || status != CKPT_OK || count > FILE_RECORDS) {
        snprintf(ret_result->complaint, sizeof ret_result->complaint, "%s, without a fault: %s %s",
                 c->name, complaint != NULL ? complaint : "", err.message);
        return;
    }
    sound.count = count;
    for (uint64_t i = 0; i < count; i++)
        sound.records[i] = s->files.records[i];
    bool has_created = false;
    for (uint64_t i = 0; i < count && ret_result->complaint[0] == '\0'; i++) {
        s->fail_at = i + 1;
        run_faults(s, c, &sound.records[i], has_created, ret_result);
        has_created = has_created || sound.records[i].operation == FILE_OPEN_CREATE;
    }
}
