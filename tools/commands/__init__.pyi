from . import (
    catalog as catalog,
    compare as compare,
    data as data,
    disk as disk,
    pictures as pictures,
    replay as replay,
    report as report,
    results as results,
    runs as runs,
    search as search,
    suite as suite,
    sync as sync,
)
