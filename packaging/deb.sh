#!/bin/bash
# Makes the Debian package of the release tree, the same for Debian 12 and 13: build/release/lumbargrade_VERSION_amd64.deb.
#
#     packaging/deb.sh
#
# The tree goes to /usr/lib/lumbargrade as it is; links and files outside of it are what a system looks for elsewhere.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

readonly STAGE=$RELEASE/deb
export STAGE  # for packaging/deb.cmake
readonly PRIVATE=usr/lib/lumbargrade

lay_out() {
  rm -rf "$STAGE"
  mkdir -p "$STAGE/usr/lib" "$STAGE/usr/bin" "$STAGE/usr/share/doc/lumbargrade" "$STAGE/usr/share/lintian/overrides"
  cp -r "$TREE" "$STAGE/$PRIVATE"
  ln -s ../lib/lumbargrade/bin/lumbargrade "$STAGE/usr/bin/lumbargrade"
  local share=$STAGE/$PRIVATE/share
  mv "$share/doc/lumbargrade"/* "$STAGE/usr/share/doc/lumbargrade/"
  mv "$share/man" "$share/bash-completion" "$STAGE/usr/share/"
  mkdir -p "$STAGE/usr/share/zsh/vendor-completions"
  mv "$share/zsh/site-functions/_lumbargrade" "$STAGE/usr/share/zsh/vendor-completions/"
  mv "$share/fish" "$STAGE/usr/share/"
  rm -r "$share/zsh" "$share/doc" "$STAGE/$PRIVATE/README.txt"
}

write_papers() {
  local doc=$STAGE/usr/share/doc/lumbargrade
  gzip -9n "$STAGE/usr/share/man/man1/lumbargrade.1"
  {
    echo "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
    echo "Upstream-Name: LumbarGrade"
    echo "Comment: The licences of the carried libraries are in /usr/share/doc/lumbargrade/licences."
    printf '\nFiles: *\nCopyright: 2026 the authors of LumbarGrade\nLicense: Apache-2.0\n'
    echo " On Debian systems the text is in /usr/share/common-licenses/Apache-2.0."
    echo " ."
    sed 's/^$/./; s/^/ /' "$ROOT/NOTICE"
  } >"$doc/copyright"
  rm "$doc/LICENSE"
  {
    printf 'lumbargrade (%s) stable; urgency=medium\n\n  * Release; CHANGELOG.md tells what changed.\n\n' "$VERSION"
    printf ' -- %s  %s\n' "$MAINTAINER" "$(date -R -d "@$(git -C "$ROOT" log -1 --format=%ct 2>/dev/null || date +%s)")"
  } | gzip -9n >"$doc/changelog.gz"
  gzip -9n "$doc/CHANGELOG.md"
  cp "$ROOT/packaging/lintian-overrides" "$STAGE/usr/share/lintian/overrides/lumbargrade"
}

readonly MAINTAINER="LumbarGrade's authors <lumbargrade@lumbargrade.org>"
[[ -x $TREE/bin/lumbargrade ]] || fail "there is no $TREE" "Run scripts/release tree."
lay_out
write_papers
find "$STAGE" -type d -exec chmod 755 {} +
(cd "$RELEASE" && cpack -G DEB --config "$ROOT/packaging/deb.cmake" -D "CPACK_PACKAGE_VERSION=$VERSION" \
  -D "CPACK_PACKAGE_CONTACT=$MAINTAINER" -B "$RELEASE" >cpack.log 2>&1) || { cat "$RELEASE/cpack.log" >&2; fail "cpack failed"; }
rm -rf "$STAGE" "$RELEASE/_CPack_Packages"
