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
