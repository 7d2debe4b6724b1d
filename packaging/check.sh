#!/bin/bash
# Looks at what scripts/release has made: symbols, libraries, sizes; then grades the example study with nothing around the
# tree but glibc and libstdc++, under a path with a blank, read-only and without a network, and compares with the build.
#
#     packaging/check.sh [--cuda]
#
# LUMBARGRADE_BARE_ROOTS: folders parted by blanks, each a bare system (debootstrap --variant=minbase), in which to do the
# same. Prints a line for each thing; exit code 1 where one fails.
set -uo pipefail
. "$(dirname "$0")/lib.sh"

readonly TREE_MIB=450
readonly ARCHIVE_MB=125
readonly FIRST_GRADE_S=60
failures=0

# verdict WHAT CONDITION_STATUS DETAIL
verdict() {
  if (($2 == 0)); then echo "ok      $1: $3"; else echo "FAILED  $1: $3"; failures=$((failures + 1)); fi
}

at_most() { [[ $(printf '%s\n%s\n' "$1" "$2" | sort -V | tail -n 1) == "$2" ]]; }

check_symbols() {
  local files found
  mapfile -t files < <(binaries)
  found=$(newest GLIBC "${files[@]}")
  at_most "$found" "$NEWEST_GLIBC"
  verdict "glibc" $? "asks for $found, may ask for $NEWEST_GLIBC"
  found=$(newest GLIBCXX "${files[@]}")
  at_most "$found" "$NEWEST_GLIBCXX"
  verdict "libstdc++" $? "asks for $found, may ask for $NEWEST_GLIBCXX"
}

check_libraries() {
  local file name missing="" needless=""
  local asked=" liblumbargrade_networks.so liblumbargrade_training.so "  # by the program itself, where it needs networks
  while read -r file; do
    for name in $(needed "$file"); do
      asked+="$name "
      is_of_system "$name" || [[ -e $LIBRARIES/$name ]] || missing+=" $name (of ${file##*/})"
    done
  done < <(binaries)
  [[ -z $missing ]]
  verdict "libraries" $? "${missing:-all that is asked for is carried}"
  for file in "$LIBRARIES"/*; do
    [[ $asked == *" ${file##*/} "* ]] || needless+=" ${file##*/}"
  done
  [[ -z $needless || $* == *--cuda* ]]
  verdict "needless libraries" $? "${needless:-none}"
}

check_licences() {
  local file licence missing=""
  for licence in torch/LICENSE nvidia_cuda_runtime/License.txt libarchive.txt libgomp.txt libssl3.txt; do
    [[ -s $TREE/share/doc/lumbargrade/licences/$licence ]] || missing+=" $licence"
  done
  [[ -z $missing ]]
  verdict "licences" $? "${missing:-$(find "$TREE/share/doc/lumbargrade/licences" -type f | wc -l) files}"
}

check_sizes() {
  local mib mb file
  mib=$(du -sm --apparent-size "$TREE" | cut -f 1)
  ((mib <= TREE_MIB)) || [[ $* == *--cuda* ]]
  verdict "size of the tree" $? "$mib MiB, at most $TREE_MIB"
  file=$RELEASE/$NAME.tar.xz
  if [[ -e $file ]]; then
    mb=$(($(stat -c %s "$file") / 1000000))
    ((mb <= ARCHIVE_MB)) || [[ $* == *--cuda* ]]
    verdict "size of the archive" $? "$mb MB, at most $ARCHIVE_MB"
  fi
  for file in "$RELEASE"/*.whl "$RELEASE"/*.deb; do
    [[ ! -e $file ]] || echo "        ${file##*/}: $(($(stat -c %s "$file") / 1000000)) MB"
  done
}

# A root folder with nothing but glibc, libstdc++ and what they need.
make_bare_root() {
  local name
  mkdir -p "$1/lib64" "$1/usr/lib/x86_64-linux-gnu" "$1/tmp" "$1/etc"
  ln -s usr/lib "$1/lib"
  for name in "${SYSTEM_LIBRARIES[@]}"; do
    cp -L "$(file_of "$name")" "$1/usr/lib/x86_64-linux-gnu/"
  done
  cp -L /lib64/ld-linux-x86-64.so.2 "$1/lib64/"
}

# grade_in ROOT: the example's CSV, graded by the tree under "/a b" in ROOT, mounted read-only, without a network.
grade_in() {
  mkdir -p "$1/a b" "$1/example" "$1/proc" "$1/dev"
  unshare --net --mount --pid --fork bash -c '
    mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && mount --bind "$2" "$1/a b" && mount -o remount,bind,ro "$1/a b" &&
      mount --bind "$3" "$1/example" && exec chroot "$1" "/a b/bin/lumbargrade" --quiet grade /example' \
    grade_in "$1" "$TREE" "$(echo "$ROOT"/tests/data/example_study/*/)"
  local status=$?
  rmdir "$1/a b" "$1/example"
  return $status
}

# check_root ROOT NAME
check_root() {
  local start=$SECONDS status=0
  env -i PATH="$PATH" LC_ALL=C bash -c "$(declare -f grade_in); TREE='$TREE' ROOT='$ROOT'; grade_in '$1'" >"$work/grades.csv" 2>"$work/stderr" || status=1
  # The study's name is its folder's.
  cut -d , -f 2- "$work/grades.csv" | cmp -s - <(cut -d , -f 2- "$work/build.csv") || status=1
  ((SECONDS - start <= FIRST_GRADE_S)) || status=1
  verdict "grades in $2" $status "$(grep -c , "$work/grades.csv") rows in $((SECONDS - start)) s; equal to the build's and within $FIRST_GRADE_S s wanted $(head -n 3 "$work/stderr")"
}

check_grading() {
  if ((EUID != 0)); then echo "        not root: grading in bare systems was left out"; return; fi
  "$ROOT/build/default/src/cli/lumbargrade" --quiet grade "$ROOT"/tests/data/example_study/*/ >"$work/build.csv"
  make_bare_root "$work/root"
  check_root "$work/root" "glibc and libstdc++ alone"
  local root
  for root in ${LUMBARGRADE_BARE_ROOTS:-}; do check_root "$root" "$root"; done
}

# A wheel for each Python that is here: installed into an environment of its own without a network, then tests/python.
check_wheel() {
  local wheel python version
  wheel=$(ls "$RELEASE"/*.whl 2>/dev/null | head -n 1)
  [[ -n $wheel ]] || return 0
  for version in 3.9 3.10 3.11 3.12 3.13 3.14; do
    for python in "/usr/bin/python$version" "$HOME"/.pyenv/versions/"$version".*/bin/python; do
      [[ -x $python ]] && "$python" -c 'import ensurepip, venv' 2>/dev/null || continue
      check_wheel_with "$python" "$wheel"
      break
    done
  done
}

check_wheel_with() {
  local status=0 detail
  rm -rf "$work/venv"
  { "$1" -m venv "$work/venv" && "$work/venv/bin/pip" install --quiet --no-index --disable-pip-version-check "$2" &&
    (cd "$work" && env -i PATH=/usr/bin:/bin LUMBARGRADE_CONSOLE="$work/venv/bin/lumbargrade" \
      "$work/venv/bin/python" -m unittest discover -s "$ROOT/tests/python"); } >"$work/wheel.log" 2>&1 || status=1
  detail=$(tail -n 1 "$work/wheel.log")
  verdict "wheel with $("$1" --version)" $status "$detail; $(grep -o 'Ran .*' "$work/wheel.log")"
  ((status == 0)) || cat "$work/wheel.log"
}

check_deb() {
  local deb errors
  deb=$(ls "$RELEASE"/*.deb 2>/dev/null | head -n 1)
  [[ -n $deb ]] || return 0
  local root
  for root in ${LUMBARGRADE_BARE_ROOTS:-}; do check_deb_in "$root"; done
  command -v lintian >/dev/null || { echo "        no lintian: the Debian package was not looked at"; return; }
  errors=$(lintian --allow-root --fail-on error "$deb" 2>/dev/null | grep '^E:' || true)
  [[ -z $errors ]]
  verdict "lintian" $? "${errors:-no errors}"
}

# Every file of a system but dpkg's own books.
files_of() { find "$1" -xdev -mindepth 1 \( -path "$1/var/lib/dpkg" -o -path "$1/var/log" -o -path "$1/var/cache" -o -path "$1/proc" -o -path "$1/dev" -o -path "$1/tmp" \) -prune -o -print | sort; }

# in_root ROOT COMMAND...: in a bare system without a network
in_root() {
  unshare --net --mount --pid --fork bash -c '
    root=$1; shift
    mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" &&
      exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C "$@"' in_root "$@"
}

# check_deb_in ROOT: installs, grades and leaves nothing behind
check_deb_in() {
  local root=$1 status=0
  files_of "$root" >"$work/before"
  cp "$RELEASE"/*.deb "$root/tmp/lumbargrade.deb"
  cp -r "$ROOT"/tests/data/example_study/*/ "$root/tmp/study"
  in_root "$root" dpkg -i /tmp/lumbargrade.deb >"$work/deb.log" 2>&1 || status=1
  in_root "$root" lumbargrade --quiet grade /tmp/study >"$work/grades.csv" 2>>"$work/deb.log" || status=1
  cut -d , -f 3- "$work/grades.csv" | cmp -s - <(cut -d , -f 3- "$work/build.csv") || status=1
  in_root "$root" dpkg --purge lumbargrade >>"$work/deb.log" 2>&1 || status=1
  rm -rf "$root/tmp/lumbargrade.deb" "$root/tmp/study"
  files_of "$root" | diff "$work/before" - >>"$work/deb.log" || status=1
  verdict "package in $root" $status "installed, graded as the build, removed without a trace"
  ((status == 0)) || tail -n 20 "$work/deb.log"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
check_symbols
check_libraries "$@"
check_licences
check_sizes "$@"
check_grading
check_wheel
check_deb
((failures == 0))
