# The Debian package, made by tools/dev/package.sh in a build folder of its own. What it has besides
# the programs is installed only there: `cmake --install` of another build leaves /etc alone.
option(PORCHLIGHT_PACKAGE "Install what the Debian package holds besides the programs" OFF)
if(NOT PORCHLIGHT_PACKAGE)
    return()
endif()

set(packaging ${PROJECT_SOURCE_DIR}/packaging)
set(made ${PROJECT_BINARY_DIR}/packaged)
file(MAKE_DIRECTORY ${made})

add_custom_command(OUTPUT ${made}/porchlight.toml
    COMMAND ${packaging}/deb/make_config $<TARGET_FILE:porchlight> > ${made}/porchlight.toml
    DEPENDS porchlight ${packaging}/deb/make_config VERBATIM)
configure_file(${packaging}/deb/changelog.in ${made}/changelog @ONLY)
set(zipped)
# zip(FILE [AS NAME]): Debian keeps the long documents compressed, without a time in them.
function(zip file)
    cmake_path(GET file FILENAME name)
    add_custom_command(OUTPUT ${made}/${name}.gz
        COMMAND gzip -9nc ${file} > ${made}/${name}.gz DEPENDS ${file} VERBATIM)
    set(zipped ${zipped} ${made}/${name}.gz PARENT_SCOPE)
endfunction()
zip(${made}/changelog)
zip(${PROJECT_SOURCE_DIR}/CHANGELOG.md)
file(GLOB documents CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/*.md)
list(FILTER documents EXCLUDE REGEX "/docs/README\\.md$")
foreach(document IN LISTS documents)
    zip(${document})
endforeach()
add_custom_target(porchlight_package_files ALL DEPENDS ${made}/porchlight.toml ${zipped})

set(doc share/doc/porchlight)
install(FILES ${made}/porchlight.toml DESTINATION /etc/porchlight)
install(FILES ${packaging}/systemd/porchlight.service DESTINATION /lib/systemd/system)
install(FILES ${packaging}/deb/sysusers.conf DESTINATION lib/sysusers.d RENAME porchlight.conf)
install(FILES ${packaging}/deb/copyright DESTINATION ${doc})
install(FILES ${zipped} DESTINATION ${doc})
install(FILES ${packaging}/systemd/low-ports.conf DESTINATION ${doc}/examples)
install(DIRECTORY ${packaging}/proxies ${packaging}/prometheus ${packaging}/grafana
    DESTINATION ${doc}/examples PATTERN "README.md" EXCLUDE)
install(FILES ${packaging}/deb/lintian-overrides DESTINATION share/lintian/overrides RENAME porchlight)

set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME porchlight)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "The Porchlight authors <porchlight@localhost>")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Matrix presence server
Porchlight says who is online, who is idle and what they are up to, to
those who may know, in the protocol of Matrix. It is a small homeserver
too, with SQLite inside: accounts, rooms, messages and uploads.
porchlight-load, which measures what presence costs a homeserver, comes
with it.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# libvips is loaded when the first image comes, which dpkg-shlibdeps can't see.
set(CPACK_DEBIAN_PACKAGE_DEPENDS
    "libvips42, ca-certificates, init-system-helpers (>= 1.52), systemd | systemd-standalone-sysusers | systemd-sysusers")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${packaging}/deb/conffiles ${packaging}/deb/postinst
    ${packaging}/deb/prerm ${packaging}/deb/postrm)
include(CPack)
