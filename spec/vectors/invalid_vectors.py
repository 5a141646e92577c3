# SPDX-License-Identifier: MIT
"""All the files that a reader must reject, in the order of the specification."""

import broken_encoded  # noqa: F401
import broken_header  # noqa: F401
import broken_index  # noqa: F401
import broken_modules  # noqa: F401
import broken_parts  # noqa: F401
import broken_tensors  # noqa: F401
import broken_values  # noqa: F401
from breaking import INVALID

# Second examples of a clause, and great numbers in fields that have a stored vector already. They
# are not stored (8 KiB of header each), but made and tried by the tests.
UNSTORED = {name for name in INVALID if name.endswith("-bits")} | set("""
    H2-other-magic H3-other-slot-in-wrong-page H5-version-257 H5-version-65535
    H6-tensor-values H6-encryption H6-bit-31 H6-bit-32 H7-both-slots-editing
    H9-behind-slot-of-generation-2 H10-header-only H10-truncated-during-edit H11-ends-too-late
    H12-last-bit X1-four-bytes X1-section-count-0x80000000 X2-no-sections X2-private-twice
    X3-critical-0x1f X3-critical-0x23 X3-critical-0x24 X4-ancillary-6 X4-ancillary-11
    X4-ancillary-31 X4-ancillary-35 X4-ancillary-12 X4-critical-34 X4-reserved-flag-of-private
    X5-value-bytes-of-8 X5-too-small-in-version-1-1 X6-offset-0 X6-count-of-the-last
    X8-kind-3 X8-kind-4 X8-kind-5 X8-kind-8 X8-kind-10 X8-kind-12 S1-last-missing
    S2-overlong-3 S2-overlong-4 S2-cut-off-4 S2-five-bytes S2-no-continuation S4-all-unused
    S5-module-type-none D2-class-255 D2-reserved-last-byte D2-block-elements-0x80000000
    D2-block-bytes-0x80000000 D2-block-elements-0xffffffff D2-block-bytes-0xffffffff D3-blocks
    D4-another-unused D5-dot D5-space D5-minus M2-first-too-great M3-program-of-the-last
    M4-last-no-member M5-300-modules M5-the-longer-of-two-ways M6-the-longer-of-two-ways M6-tensor
    M7-2-to-the-32 M7-2-to-the-128 N1-kind-0xffffffff N2-dot-at-the-end N3-by-name-twice
    N3-name-twice-module-and-tensor N4-root-in-itself N5-never-named T1-no-storages
    T2-rank-65-empty T3-flag-7 T3-requires-grad-u8 T3-requires-grad-opaque T4-first-too-great
    T4-none-for-rank-64 T4-too-few-strides T5-times-16 T5-rank-64 T5-many T6-block-and-one
    T6-f4-scalar T6-f6-two T7-rank-0 T7-one-element T8-offset-no-multiple-empty
    T8-empty-behind-nothing T8-dense-offset-is-size T8-blocks T8-scalar T8-strided-with-offset
    T8-strided-overlap-behind T9-nothing-but-a-storage P1-encoding-255
    P1-part-last P2-stored-size-0 P2-stored-size-more P4-hole-before-the-index-of-an-empty-file
    P4-overlap-half P4-overlap-with-the-index P4-offset-0 P4-small-on-a-page P5-1 P5-63 P5-64
    P6-first-too-great P6-first-of-empty P6-larger-chunks P6-none C2-checksum-0 C2-first-bit
    C2-storages-swapped Y1-last-before-a-storage Y1-before-a-page V1-none V1-attributes-are-a-list
    V1-metadata-is-null V2-empty-begins-elsewhere V2-lists-that-hold-each-other V5-type-0x80000000
    V5-type-0xffffffff V6-float-with-count V6-integer-with-count V7-empty-elsewhere
    V7-count-too-small V8-depth-300 R2-kind-0 R3-first-generation R4-equal P4-retired-longer
    P4-retired-wrong-order P4-not-retired
    G1-first-bit
    F2-dot F2-nul-before-path F2-in-a-directory F2-absolute F2-up-and-down F2-control F2-delete
    F2-drive F3-size-of-63-bits F3-size-of-64-bits F5-last F6-wraps F6-behind-the-part
    P4-retired-behind-the-end-of-a-part F6-64-bits F7-the-same F8-shorter F8-longer F9-first-byte
    E2-width-3 E2-width-5 E2-width-9 E2-width-255 E2-rotation-255 E2-raw-width-4
    E2-raw-form-of-nothing E2-chunks-of-2-to-the-30 P2-encoded-of-64-bits P2-encoded-nothing
    E3-second-is-first E3-last-of-raw-too-great E3-of-64-bits E4-shorter-than-words
    C3-word-of-30-bits C3-no-stream C3-nothing-in-it C3-many-bytes-more C3-distance-30
    C3-gzip-header C3-no-last-block C3-method-3 C2-checksum-of-an-encoded-chunk
    """.split())
