"""What was recorded: the kinds of acts in a store, with their number. Arguments: the store."""

import sqlite3

from clients import REST, answer

store = sqlite3.connect("file:" + REST[0] + "?mode=ro", uri=True)
answer(**dict(store.execute("SELECT kind, count(*) FROM act GROUP BY kind")))
