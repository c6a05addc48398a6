"""A finding as people get it: by mail, in a chat, on a telephone; and as programs get it, in JSON. Pure.

`advice` knows what a kind of finding asks of a person, `linkless` takes the effect from text that others
chose, `text` and `chat` write the forms, `message` puts them together.
"""
