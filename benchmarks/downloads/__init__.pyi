from .adoption import adopt as adopt
from .facts import DataFile as DataFile, files_of as files_of
from .links import ask_links as ask_links
from .preparation import fetch_all as fetch_all, in_place as in_place
