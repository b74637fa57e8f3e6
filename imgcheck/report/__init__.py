"""Results as text: for a terminal, a browser, Markdown, a program, a build server.

Every function takes plain data and returns text. Nothing here opens an input, prints, or decides.
"""
