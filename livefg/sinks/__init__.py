"""Where results go: files, functions, the window. Each sink is imported from its own module."""
