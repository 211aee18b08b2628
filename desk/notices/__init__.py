"""Notices (提醒): what goes out by WeCom robot (企业微信群机器人) and e-mail once a list is published.

Belongs here: what a digest says (digest.py), the outbox and its channels (sending.py), who gets it (recipients.py). Does not belong
here: anything about a person: digests are counts and links only, no name of a lead, a firm or a contact.
"""
