#!/bin/sh
# Sets up, builds, and takes a network trained in PyTorch through the whole way: into a .ckpt file,
# inspected, verified, rebuilt from that file alone, run on held-out images.
#
#   sh tools/quickstart.sh
#
# Every line that begins with "$ " is a command as it is run, from the root of the repository.
set -eu
cd "$(dirname "$0")/.."

say() {
    printf '\n# %s\n' "$*"
}

step() {
    printf '$ %s\n' "$*"
    "$@" || stop "this step failed with status $?: $*"
}

stop() {
    printf 'quickstart: %s\n' "$*" >&2
    exit 1
}

out=build/quickstart
digits=examples/digits
tools=build/tools

sh tools/install-packages.sh build

say 'Build the library and the tools'
[ -f build/build.ninja ] || step meson setup build --buildtype=release -Dtests=disabled
step ninja -C build

say 'From PyTorch: digits.yaml tells the modules, digits.safetensors holds the trained weights'
step rm -rf "$out"
step mkdir -p "$out"
step $tools/ckpt-pack $digits/digits.yaml -o $out/digits.ckpt

say 'What is in the file'
step $tools/ckpt-inspect $out/digits.ckpt

say 'One hidden layer stands at two places: one storage, two names'
step $tools/ckpt-inspect --storages $out/digits.ckpt

say 'Is every byte as it was written?'
step $tools/ckpt-verify $out/digits.ckpt

say 'Rebuild the network from digits.ckpt alone, in an empty directory, and classify 360 images'
step mkdir $out/alone
step cp $out/digits.ckpt $out/alone/
step $tools/ckpt-run $out/alone/digits.ckpt --input $digits/test_images.npy \
    --labels $digits/test_labels.npy --output $out/logits.npy

say "The same logits as PyTorch's, to 1e-5"
step $tools/ckpt-run $out/alone/digits.ckpt --input $digits/test_images.npy \
    --expect $digits/test_logits.npy --tolerance 1e-5

printf '\nDone. The checkpoint is %s, the logits are %s.\n' $out/digits.ckpt $out/logits.npy
