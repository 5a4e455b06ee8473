"""The door: HTTP and websocket for people, devices and screens; accounts, rights, the wall's feed.

Owns what is let in and who may see what. Must never decide a case: it may refuse early, never accept early.
"""
