# What `make install` puts where.
install(TARGETS cepa RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES docs/man/cepa.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES docs/man/cepa.conf.5 docs/man/cepa-status.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES packaging/systemd/cepa.service DESTINATION lib/systemd/system)
install(FILES packaging/completion/cepa.bash RENAME cepa
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES packaging/completion/_cepa DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES packaging/completion/cepa.fish
        DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

# The library: headers, what other programs link with, and how they find both.
install(TARGETS libcepa LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/cepa DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")
file(RELATIVE_PATH CEPA_PREFIX_FROM_PC /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix/)
configure_file(${PROJECT_SOURCE_DIR}/packaging/cepa.pc.in ${PROJECT_BINARY_DIR}/cepa.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cepa.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES docs/man/libcepa.3 DESTINATION ${CMAKE_INSTALL_MANDIR}/man3)
