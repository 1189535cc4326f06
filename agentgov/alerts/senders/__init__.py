"""One module for each kind of receiver: how a message is worded there, within its documented fields and limits.

What a module makes is a request or a letter, and what it judges is an answer: no socket, no clock. `alerts.sending`
sends.
"""
