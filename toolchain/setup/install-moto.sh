#!/usr/bin/env bash
# install-moto.sh REQUIREMENTS FOLDER: a Python environment with these packages. The copy of the list is written last:
# without it the environment is made anew.
set -euo pipefail
wanted=$1 folder=$2

mkdir -p "$folder"
# Two clones share the cache.
exec 8<"$folder"
flock --timeout 900 8
cmp -s "$wanted" "$folder/requirements.txt" && exit
rm -f "$folder/requirements.txt"
python3 -m venv --clear "$folder"
"$folder/bin/python" -m pip install --disable-pip-version-check --no-input --requirement "$wanted"
cp "$wanted" "$folder/requirements.txt"
