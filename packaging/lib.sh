# Sourced by scripts/release and its parts: names that they share, and failing with a sentence.
readonly ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly RELEASE=$ROOT/build/release
readonly VERSION=$(sed -n 's/^project(lumbargrade VERSION \([0-9.]*\).*/\1/p' "$ROOT/CMakeLists.txt")
readonly NAME=lumbargrade-$VERSION-linux-x86_64
readonly TREE=$RELEASE/$NAME
readonly LIBRARIES=$TREE/lib/lumbargrade

# The newest symbols that a release may ask for: Ubuntu 22.04's, and so Kaggle's.
readonly NEWEST_GLIBC=2.35
readonly NEWEST_GLIBCXX=3.4.30

# What every system has that runs programs in C++ at all, so that it is not carried.
readonly SYSTEM_LIBRARIES=(ld-linux-x86-64.so.2 libc.so.6 libdl.so.2 libgcc_s.so.1 libm.so.6 libpthread.so.0 librt.so.1
  libstdc++.so.6 libutil.so.1)

say() { echo "release: $*" >&2; }

# fail WHAT REMEDY
fail() {
  echo "release: error: $1" >&2
  [[ -z ${2:-} ]] || echo "release: $2" >&2
  exit 1
}

# The names of the libraries that a file asks for.
needed() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p'; }

# The system's file of a library.
file_of() { ldconfig -p | awk -v name="$1" '$1 == name && /x86-64/ && !found++ { print $NF }'; }

# What Debian's OpenCV and DCMTK link although nothing that we call in them does: packaging/left_out.sh.
readonly LEFT_OUT_LIBRARIES=(libGL.so.1 libGLX.so.0 libOpenGL.so.0 libblas.so.3 liblapack.so.3 libtiff.so.6 libxml2.so.2)

is_left_out() { [[ " ${LEFT_OUT_LIBRARIES[*]} " == *" $1 "* ]]; }

is_of_system() { [[ " ${SYSTEM_LIBRARIES[*]} " == *" $1 "* ]]; }

# Every program and library of the tree.
binaries() { find "$TREE/bin" "$LIBRARIES" -type f; }

# newest PREFIX FILE...: the newest version of GLIBC or GLIBCXX that the files ask for.
newest() {
  local prefix=$1
  shift
  objdump -T "$@" 2>/dev/null | grep '\*UND\*' | grep -oE "\\(${prefix}_[0-9.]+\\)" | tr -d '()' | sed "s/^${prefix}_//" | sort -uV | tail -n 1
}
