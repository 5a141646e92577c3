/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "inspect.h"

void inspect_print_help(void) {
    fputs("Usage: ckpt-inspect [OPTION]... FILE [PATTERN]...\n"
          "Shows what is in a checkpoint: .ckpt, .safetensors, .gguf, .npy, .npz, told apart by content.\n"
          "\n"
          "Views (the tree, unless another is named; several may be named):\n"
          "  -t, --tree            modules, tensors, ties and totals\n"
          "  -p, --params          a table of the tensors; the default with a PATTERN\n"
          "  -s, --storages        a table of the storages and the names that view them\n"
          "  -m, --metadata        the metadata, with types\n"
          "      --stats           min, max, mean, std, zeros, NaN, Inf and a histogram\n"
          "  -v, --values NAME[SLICE]\n"
          "                        the numbers of a tensor; may be repeated\n"
          "      --manifest        the manifest that ckpt-pack takes; alone\n"
          "  -j, --json            everything but the numbers, as JSON; alone\n"
          "  -g, --generations     the states that an edited .ckpt file holds\n"
          "      --digest          the identity of the model, a SHA-256; alone\n"
          "\n"
          "Selection, for --params, --storages and --stats:\n"
          "  PATTERN               dotted names of tensors or modules; * stands for any run of\n"
          "                        characters, ? for one, [a-z] for one of a set\n"
          "      --select PATTERN  the same\n"
          "\n"
          "      --generation N    shows an older state of an edited .ckpt file\n"
          "  -f, --full            fold, shorten and leave out nothing\n"
          "      --color WHEN      auto, always or never\n"
          "  -h, --help            this text\n"
          "      --version         the version\n"
          "\n"
          "Examples:\n"
          "  ckpt-inspect net.ckpt\n"
          "  ckpt-inspect net.ckpt 'encoder.*.weight'\n"
          "  ckpt-inspect --stats net.ckpt encoder.0\n"
          "  ckpt-inspect --values '0.weight[0:2, :]' net.ckpt\n"
          "  ckpt-inspect --manifest net.ckpt > net.yaml\n"
          "  ckpt-inspect --json net.ckpt | jq '.tensors[] | [.name, .shape]'\n"
          "\n"
          "Exit status: 0 fine, 1 the file is bad or nothing was found, 2 wrong usage.\n",
          stdout);
}
