"""Files of PyTorch, looked at with the tools."""

import shutil
import zipfile

import clitools
from clitools import ROOT, fine, refused, run, work
import json
import tap

FILES = ROOT / "tests/fuzz/corpus/torch"


def copy(name):
    shutil.copy(FILES / name, work / name)
    return name


TREE = """\
training.pt: torch, 3.0 KiB

dict(
  epoch=1
  (o): dict(
    param_groups=({...},)
    (state): dict(
      (0): dict()
        step        f32  []      buffer
        exp_avg     f32  [2, 2]  buffer
        exp_avg_sq  f32  [2, 2]  buffer
    )
  )
  p                 f32  [2, 2]  also q.0 (tied)
  (q): list(
    0               f32  [2, 2]  tied to p
    (1): tuple()
      0             f32  [6]     shares storage with q.1.1
      1             f32  [2]     shares storage with q.1.0
  )
)
"""


def test_the_tree_of_a_training_checkpoint():
    out = fine("ckpt-inspect", copy("training.pt"))
    tap.equal(out.split("\n\nparameters")[0] + "\n", TREE)


def test_the_tree_of_a_state_dict_has_modules_without_tensors():
    out = fine("ckpt-inspect", copy("state_dict.pt"))
    assert "  (act): Module()\n  (n): Module()\n" in out, out
    assert "weight               f32  [2, 2]  also b.weight (tied)\n" in out, out
    old = fine("ckpt-inspect", copy("state_dict.pth"))
    tap.equal(old.split("\n")[0].split(",")[0], "state_dict.pth: torch-legacy")
    tap.equal(old.split("\n")[1:-3], out.split("\n")[1:-3])


def test_python_types_are_metadata():
    out = json.loads(fine("ckpt-inspect", "--json", copy("values.pt")))
    types = out["metadata"]["torch.types"]
    tap.equal({key: types[key] for key in ("/x", "/x/str:d", "/x/str:s", "/x/none")},
              {"/x": "dict[any]", "/x/str:d": "torch.dtype", "/x/str:s": "set", "/x/none": "int"})


def test_verify_looks_at_every_record():
    tap.equal(fine("ckpt-verify", copy("training.pt")), "training.pt: ok: 11 chunks, 3.0 KiB checked\n")
    place = json.loads(fine("ckpt-inspect", "--json", "training.pt"))["storages"][1]["file_offset"]
    content = bytearray((work / "training.pt").read_bytes())
    content[place] ^= 1
    (work / "damaged.pt").write_bytes(content)
    result = run("ckpt-verify", "damaged.pt")
    tap.equal(result.status, 1)
    assert result.out.startswith("damaged.pt: storage 1 "), result.out


def test_a_weapon_is_refused_in_one_line():
    message = refused("ckpt-inspect", copy("system.pt"))
    tap.equal(message, "system.pt: archive/data.pkl: offset 2: rule PT4: the pickle names os.system, which is not "
                       "on the list")
    refused("ckpt-verify", "system.pt")


def test_other_archives_are_told_apart():
    def archive(name, *records):
        with zipfile.ZipFile(work / name, "w") as file:
            for record in records:
                file.writestr(record, b"")
        return name

    assert "none of PyTorch" in refused("ckpt-inspect", archive("a.zip", "folder/readme"))
    assert "not a checkpoint" in refused("ckpt-inspect", archive("b.zip", "readme"))
    assert "TorchScript" in refused("ckpt-inspect", archive("c.pt", "m/data.pkl", "m/constants.pkl"))
    assert "TorchScript" in refused("ckpt-inspect", archive("d.pt", "m/data.pkl", "m/code/a.py"))


tap.main(globals())
