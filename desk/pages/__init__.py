"""Pages of the desk (页面): one module a subject, each with a router. They read, call one function, and render.

Belongs here: addresses, forms, what a template gets. Does not belong here: rules and writing (desk/*.py).
"""
