#!/bin/bash
# Builds libarchive from Debian's source into FOLDER: the formats and filters that we read, nothing else.
#
#     packaging/libarchive.sh FOLDER
#
# Debian's own library cannot be carried: on Debian 12 it asks for glibc 2.36 (arc4random_buf), and it brings libxml2,
# ICU, nettle and four compressors. The source comes through apt, signed as everything from there; the upstream archive's
# checksum is pinned here as well.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

declare -A ORIGINAL=(
  [3.6.2]=9e2c1b80d5fbe59b61308fdfab6c79b5021d7ff4ff2489fb12daf0a96a83551d  # Debian 12
  [3.7.4]=f887755c434a736a609cbd28d87ddbfbe9d6a3bb5b703c22c02f6af80a802735  # Debian 13
)

# apt's own lists of sources, made from the system's, without a change to the system.
fetch_source() {
  local sources=$1/sources.list.d lists=$1/lists
  mkdir -p "$sources" "$lists/partial"
  local file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [[ ! -e $file ]] || grep -hE '^deb .*debian' "$file" | sed 's/^deb /deb-src /' >>"$sources/debian.list" || true
  done
  for file in /etc/apt/sources.list.d/debian*.sources; do
    [[ ! -e $file ]] || sed 's/^Types:.*/Types: deb-src/' "$file" >"$sources/${file##*/}"
  done
  local options=(-o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$sources" -o "Dir::State::Lists=$lists"
    -o APT::Sandbox::User=root)
  apt-get -qq "${options[@]}" update
  (cd "$1" && apt-get -qq "${options[@]}" source libarchive >/dev/null)
}

check_original() {
  local archive
  archive=$(ls "$1"/libarchive_*.orig.tar.*z)
  local version=${archive##*libarchive_}
  version=${version%.orig*}
  [[ -n ${ORIGINAL[$version]:-} ]] || fail "libarchive $version has no pinned checksum" "Releases are built on Debian 12; a tree can also be made on Debian 13."
  [[ $(sha256sum "$archive" | cut -d ' ' -f 1) == "${ORIGINAL[$version]}" ]] ||
    fail "the source of libarchive is not the one that is pinned (sha256 differs)" "Do not use that mirror."
}

build() {
  local without=(bz2lib libb2 iconv lz4 zstd lzma cng xml2 expat nettle openssl)
  cd "$1"/libarchive-*/
  # glibc before 2.36 has no arc4random_buf; libarchive has its own, under the same name.
  sed -i 's/\barc4random_buf\b/libarchive_random_buf/' libarchive/archive_random.c
  ac_cv_func_arc4random_buf=no ./configure --quiet --enable-shared --disable-static --disable-bsdtar --disable-bsdcat \
    --disable-bsdcpio --disable-acl --disable-xattr --with-zlib "${without[@]/#/--without-}" CFLAGS="-O2 -g0" >configure.log 2>&1 ||
    { tail -n 20 configure.log >&2; fail "libarchive could not be configured"; }
  # Debian's patches touch what the scripts are generated from; nothing in it that we build.
  make --silent -j"$(nproc)" ACLOCAL=: AUTOCONF=: AUTOMAKE=: AUTOHEADER=: libarchive.la >make.log 2>&1 || { tail -n 20 make.log >&2; fail "libarchive could not be built"; }
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fetch_source "$work"
check_original "$work"
build "$work"
mkdir -p "$1"
cp -L "$work"/libarchive-*/.libs/libarchive.so.13 "$work"/libarchive-*/COPYING "$1/"
strip --strip-unneeded "$1/libarchive.so.13"
