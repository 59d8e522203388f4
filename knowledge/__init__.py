"""What we know: handbooks as data and the library that finds things in them.

It must not know chats, databases or HTTP.
"""
