#!/bin/bash
# Makes stand-ins for libraries that Debian's OpenCV and DCMTK link although nothing that we call in them does: GL,
# LAPACK and BLAS behind OpenCV (windows, solvers), libxml2 and libtiff behind DCMTK (XML to DICOM, TIFF files), and with them
# X11, gfortran, ICU and five codecs, 60 MB in all.
#
#     packaging/left_out.sh FOLDER_OF_CARRIED_LIBRARIES
#
# A stand-in has the library's name and the symbols (with their versions) that the carried libraries ask for. A function
# of it says its name and aborts: should something of ours come to call one, no result is wrong.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# defined_symbols LIBRARY: "name type version" a line
defined_symbols() {
  nm -D --defined-only "$1" | awk '{ split($3, parts, "@+"); print parts[1], $2, parts[2] }' | sort -u
}

asked_for() { nm -D --undefined-only "$1"/*.so* | awk 'NF == 2 { split($2, parts, "@"); print parts[1] }' | sort -u; }

# source_of SYMBOLS: C from lines as above
source_of() {
  cat <<'C'
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static void left_out(const char* name) {
  static const char kWords[] = "lumbargrade: this release does without the function ";
  if (write(2, kWords, sizeof kWords - 1) < 0 || write(2, name, strlen(name)) < 0 || write(2, "\n", 1) < 0) abort();
  abort();
}
C
  awk '$2 ~ /[TWi]/ { print "void " $1 "(void) { left_out(\"" $1 "\"); }"; next } { print "void* " $1 ";" }' "$1"
}

# versions_of SYMBOLS: a linker's version script; symbols without a version have the anonymous one
versions_of() {
  local version
  for version in $(awk 'NF == 3 { print $3 }' "$1" | sort -u); do
    echo "$version {"
    awk -v version="$version" '$3 == version { print "  " $1 ";" }' "$1"
    echo "};"
  done
}

# stand_in NAME FOLDER WORK
stand_in() {
  join <(defined_symbols "$(file_of "$1")") <(asked_for "$2") >"$3/symbols"
  source_of "$3/symbols" >"$3/left_out.c"
  versions_of "$3/symbols" >"$3/versions"
  local script=()
  [[ ! -s $3/versions ]] || script=("-Wl,--version-script=$3/versions")
  gcc -shared -fPIC -O2 -w -fno-builtin -s "-Wl,-soname,$1" "${script[@]}" -o "$2/$1" "$3/left_out.c"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
asked=$(for file in "$1"/*.so*; do needed "$file"; done | sort -u)
for name in "${LEFT_OUT_LIBRARIES[@]}"; do
  if grep -qxF "$name" <<<"$asked"; then stand_in "$name" "$1" "$work"; fi
done
