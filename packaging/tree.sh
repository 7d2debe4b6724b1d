#!/bin/bash
# Builds the program and makes the relocatable tree of it: build/release/lumbargrade-VERSION-linux-x86_64.
#
#     packaging/tree.sh [--no-build] [--cuda]
set -euo pipefail
. "$(dirname "$0")/lib.sh"

build() {
  local log=$RELEASE/build.log setup=(--release)
  [[ " $* " != *" --cuda "* ]] || setup+=(--cuda)
  "$ROOT/scripts/setup" "${setup[@]}"
  say "building (log in $log)"
  (cd "$ROOT" && cmake --preset default && cmake --build --preset default --target lumbargrade lumbargrade_training_library) >"$log" 2>&1 ||
    { tail -n 40 "$log" >&2; fail "the build failed; the whole log is $log"; }
}

install_program() {
  rm -rf "$TREE"
  cmake --install "$ROOT/build/default" --prefix "$TREE" --component program --strip >"$RELEASE/install.log" 2>&1 ||
    { tail -n 20 "$RELEASE/install.log" >&2; fail "cmake --install failed"; }
  # NVIDIA's stay as they are: its licence allows no change.
  find "$LIBRARIES" \( -name 'libtorch*' -o -name 'libc10*' -o -name 'libgomp*' \) -exec strip --strip-unneeded {} +
}

# Copies what FILE asks for and what that asks for, under the names by which they are asked for.
carry_needed_by() {
  local name file
  for name in $(needed "$1"); do
    if is_of_system "$name" || is_left_out "$name" || [[ -e $LIBRARIES/$name ]]; then continue; fi
    if [[ $name == libarchive.so.* ]]; then
      cp "$RELEASE/libarchive/$name" "$LIBRARIES/"
    else
      file=$(file_of "$name")
      cp -L "$file" "$LIBRARIES/$name"
      echo "$file" >>"$RELEASE/carried"
    fi
    carry_needed_by "$LIBRARIES/$name"
  done
}

# The packages of what is carried, looked for by name alone: dpkg knows some files by a path through /lib and others by one
# through /usr/lib.
packages() {
  local patterns
  mapfile -t patterns < <(xargs -d '\n' realpath <"$RELEASE/carried" | sed 's|.*/|*/|')
  dpkg -S "${patterns[@]}" | cut -d : -f 1 | sort -u
}

carry_libraries() {
  [[ -e $RELEASE/libarchive/COPYING ]] || { say "building libarchive"; "$ROOT/packaging/libarchive.sh" "$RELEASE/libarchive"; }
  : >"$RELEASE/carried"
  local file
  for file in "$TREE/bin/lumbargrade" "$LIBRARIES"/liblumbargrade_{networks,training}.so "$LIBRARIES"/libtorch_cpu.so; do carry_needed_by "$file"; done
  chmod 644 "$LIBRARIES"/*
  "$ROOT/packaging/left_out.sh" "$LIBRARIES"
}

carry_dictionary() {
  local dictionary
  dictionary=$(find /usr/share -path '*dcmtk*/dicom.dic' -print -quit)
  [[ -n $dictionary ]] || fail "DCMTK's dicom.dic was not found" "Install libdcmtk-dev."
  cp "$dictionary" "$TREE/share/lumbargrade/dicom.dic"
  echo "$dictionary" >>"$RELEASE/carried"
}

# The licences of all that is carried or compiled in, by package; what they refer to lies beside them.
carry_licences() {
  local folder=$TREE/share/doc/lumbargrade/licences package
  mkdir -p "$folder/common"
  for package in $(packages) libeigen3-dev libcli11-dev nlohmann-json3-dev libkainjow-mustache-dev libgcc-s1; do
    cp -L "/usr/share/doc/$package/copyright" "$folder/$package.txt"
  done
  mv "$folder/libgcc-s1.txt" "$folder/libgomp.txt"
  cp "$RELEASE/libarchive/COPYING" "$folder/libarchive.txt"
  cp -r "$ROOT/.deps/libtorch/licences/." "$folder/"
  for package in $(grep -ohE '/usr/share/common-licenses/[A-Za-z0-9.+-]*[A-Za-z0-9]' "$folder"/*.txt | sort -u); do
    [[ ! -e $package ]] || cp -L "$package" "$folder/common/"
  done
  cat >"$folder/README" <<TEXT
Licences of the libraries in this release, by Debian package, and of LibTorch and NVIDIA's CUDA libraries. "common" has
the texts to which they refer as /usr/share/common-licenses. OpenCV and DCMTK are Debian's files, unchanged; of
libGLX, liblapack, libblas, libtiff and libxml2 there are stand-ins of ours without any code of theirs.
TEXT
}

mkdir -p "$RELEASE"
[[ " $* " == *" --no-build "* ]] || build "$@"
say "making $TREE"
install_program
carry_libraries
carry_dictionary
carry_licences
cp "$ROOT/packaging/README.txt" "$TREE/README.txt"
find "$TREE" -type f -perm /u+x -not -path "$TREE/bin/*" -not -path '*/cluster/*' -not -name kaggle -exec chmod 644 {} +
