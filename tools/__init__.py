"""The command line: `cli` is the program, `commands` its commands, and `terminal` what several of them share.

`bench` measures provbench's own speed. Nothing imports from here, and commands only translate: they read options, call
the packages below and print, so that whatever a command does can also be called from Python.
"""
