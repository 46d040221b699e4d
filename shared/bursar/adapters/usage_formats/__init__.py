"""How each kind of producer writes usage: a module a format, each with one `read`.

`read(payload, producer)` gives a record or a rejection for each thing told, in order and with
its place. It never raises for what a payload holds, loses nothing good beside something bad,
and keeps no text of prompts or answers.
"""
