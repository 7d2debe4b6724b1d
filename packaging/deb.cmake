# CPack's configuration for packaging/deb.sh, which gives STAGE (in the environment), version and contact.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME lumbargrade)
set(CPACK_PACKAGE_FILE_NAME lumbargrade)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_PACKAGING_INSTALL_PREFIX "/")
set(CPACK_INSTALLED_DIRECTORIES "$ENV{STAGE};.")
set(CPACK_SET_DESTDIR OFF)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE amd64)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
# What the tree does not carry, at the versions that scripts/release holds it to.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libc6 (>= 2.35), libgcc-s1 (>= 3.4), libstdc++6 (>= 12)")
# xz would take 40 MB less and five minutes more; zstd is an error to Debian 12's lintian.
set(CPACK_DEBIAN_COMPRESSION_TYPE gzip)
set(CPACK_STRIP_FILES OFF)
set(CPACK_THREADS 0)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "grades lumbar spine MRI")
set(CPACK_PACKAGE_DESCRIPTION
    "Grades spinal canal stenosis, neural foraminal narrowing and subarticular
stenosis at L1/L2 to L5/S1 from DICOM studies, each as probabilities of
normal/mild, moderate and severe. Research use only, not for clinical use.

The package carries LibTorch, which Debian's own release lacks at the pinned
version, and the other libraries that the release tree is tested with.")
