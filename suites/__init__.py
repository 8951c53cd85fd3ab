"""Takes a suite file to its runs and tables.

`file` is the language and `planning` makes cells and run specs of it, `search` draws hyper-parameters, `executors` say
where runs take place and `running` carries one out, `driving` keeps all of a suite's runs going and stores records,
`trackers` mirror them, `showing` makes tables, figures and the report. `mini/` and `paper/` hold the built-in suites.
Each folder is reached through its face; imports go from the later ones to the earlier ones only.
"""
