"""What waits for somebody's word (待你确认): kinds of questions, each declared in a module of its own, and their answers.

Belongs here: what a question is, who answers it, what an answer does, what happens if nobody answers. Does not belong here:
the page (pages/questions.py), finding out that something is doubtful (the night).

A new kind is one module that declares a `Kind`, named in registry.py.
"""
