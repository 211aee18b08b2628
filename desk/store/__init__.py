"""The desk's own database (办公桌数据库): people, contacts, what they did. SQLite or PostgreSQL, the same models.

Belongs here: tables, their migrations, opening a session. Does not belong here: who may see a row (desk/access.py), pages.
"""
