"""`liandong verify`: is the log the one that the rules write, is everybody told what it says, do the rows equal it?

Owns the checks that compare; what is compared is read by clients of their own (kafka-python). Changes nothing.
"""

from __future__ import annotations
